"""The project's own app: commands and system checks."""

from django.apps import AppConfig


class SmartSpawnConfig(AppConfig):
    name = "smartspawn"
