"""The JSON addresses of taking tasks apart, below /api/."""

from django.urls import path

from routing.decompose import api

urlpatterns = [
    path("decompose", api.decompose, name="api-decompose"),
    path("swarm", api.swarm, name="api-swarm"),
]
