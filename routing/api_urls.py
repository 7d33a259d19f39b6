"""The JSON addresses of choosing, below /api/."""

from django.urls import path

from routing import api

urlpatterns = [
    path("pick", api.pick, name="api-pick"),
    path("recommend", api.recommend, name="api-recommend"),
]
