"""The project's own app: commands and system checks."""

from django.apps import AppConfig


class SmartSpawnConfig(AppConfig):
    name = "smartspawn"

    def ready(self) -> None:
        from smartspawn import checks  # noqa: F401 - registers them
