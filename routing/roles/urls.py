"""The JSON addresses of role blocks, below /api/."""

from django.urls import path

from routing.roles import api

urlpatterns = [
    path("roles/blocks", api.blocks, name="api-role-blocks"),
    path("roles/compose", api.compose, name="api-role-compose"),
]
