"""The feedback app: what came of the choices, and what is learned from it."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    name = "feedback"
