"""The routing app: which language model should do a task, and why."""

from django.apps import AppConfig


class RoutingConfig(AppConfig):
    name = "routing"

    def ready(self) -> None:
        from routing import checks  # noqa: F401 - registers the check
