"""The JSON addresses of choosing, below /api/."""

from django.urls import path

from routing import api

urlpatterns = [
    path("pick", api.pick, name="api-pick"),
    path("recommend", api.recommend, name="api-recommend"),
    path("route", api.route, name="api-route"),
    path("route/override", api.override, name="api-route-override"),
    path("decisions/<str:decision_id>/replay", api.replay, name="api-decision-replay"),
]
