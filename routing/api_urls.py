"""The JSON addresses of choosing, below /api/."""

from django.urls import path

from routing import api, limits_api

urlpatterns = [
    path("pick", api.pick, name="api-pick"),
    path("recommend", api.recommend, name="api-recommend"),
    path("route", api.route, name="api-route"),
    path("route/override", api.override, name="api-route-override"),
    path("decisions/<str:decision_id>/replay", api.replay, name="api-decision-replay"),
    path("limits", limits_api.limits, name="api-limits"),
    path("limits/site", limits_api.site_limits, name="api-limits-site"),
    path("limits/me", limits_api.own_limits, name="api-limits-me"),
    path("limits/keys/<int:key_id>", limits_api.key_limits, name="api-limits-key"),
]
