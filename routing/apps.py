"""The routing app: which language model should do a task, and why."""

from django.apps import AppConfig


class RoutingConfig(AppConfig):
    name = "routing"
