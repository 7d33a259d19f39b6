"""The catalog's JSON addresses, below /api/."""

from django.urls import path

from catalog import api

urlpatterns = [
    path("models", api.models, name="api-models"),
    path("models/<path:model_id>", api.model, name="api-model"),
    path("compare", api.compare, name="api-compare"),
    path("status", api.status, name="api-status"),
    path("refresh", api.refresh, name="api-refresh"),
]
