"""The access app: who may do what, and the record of who did."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "smartspawn.access"
    label = "access"

    def ready(self) -> None:
        from smartspawn.access import checks  # noqa: F401 - registers the check
