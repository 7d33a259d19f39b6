"""The catalog app: what is known about language models."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"
