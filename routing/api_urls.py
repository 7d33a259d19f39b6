"""The JSON addresses of choosing, below /api/."""

from django.urls import path

from routing import api, limits_api, policy_api, what_if_api
from routing.exploring import api as exploring_api

urlpatterns = [
    path("pick", api.pick, name="api-pick"),
    path("recommend", api.recommend, name="api-recommend"),
    path("route", api.route, name="api-route"),
    path("route/override", api.override, name="api-route-override"),
    path("decisions/<str:decision_id>/replay", api.replay, name="api-decision-replay"),
    path("route/policy", policy_api.policy, name="api-route-policy"),
    path("route/policy/check", policy_api.policy_check, name="api-route-policy-check"),
    path("route/policy/what-if", policy_api.policy_what_if, name="api-route-policy-what-if"),
    path("route/policy/versions", policy_api.policy_versions, name="api-route-policy-versions"),
    path("route/policy/versions/<str:version>", policy_api.policy_version, name="api-route-policy-version"),
    path("route/policy/differences", policy_api.policy_differences, name="api-route-policy-differences"),
    path("route/policy/restore", policy_api.policy_restore, name="api-route-policy-restore"),
    path("route/what-if/snapshots", what_if_api.snapshots, name="api-what-if-snapshots"),
    path("route/what-if/held-back/<str:source>", what_if_api.held_back, name="api-what-if-held-back"),
    path("route/what-if/override", what_if_api.override, name="api-what-if-override"),
    path("route/corrections", what_if_api.corrections, name="api-route-corrections"),
    path("limits", limits_api.limits, name="api-limits"),
    path("limits/site", limits_api.site_limits, name="api-limits-site"),
    path("limits/me", limits_api.own_limits, name="api-limits-me"),
    path("limits/keys/<int:key_id>", limits_api.key_limits, name="api-limits-key"),
    path("exploration", exploring_api.exploration, name="api-exploration"),
    path("exploration/site", exploring_api.site_exploration, name="api-exploration-site"),
    path("exploration/me", exploring_api.own_exploration, name="api-exploration-me"),
    path("exploration/keys/<int:key_id>", exploring_api.key_exploration, name="api-exploration-key"),
]
