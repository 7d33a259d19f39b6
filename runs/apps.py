"""The runs app: doing the work."""

from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "runs"
