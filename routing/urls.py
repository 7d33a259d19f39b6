"""The addresses of routing's pages; those of its HTTP API stand in ``api_urls.py``."""

from __future__ import annotations

from django.urls import path

from routing.exploring import views as exploring
from routing.views import decisions, limits, playground, policy, what_if

app_name = "routing"
urlpatterns = [
    path("route/", playground.playground, name="playground"),
    path("route/_answer", playground.answer_part, name="answer-part"),
    path("route/correct/", playground.correct, name="correct"),
    path("route/_correct", playground.correct_part, name="correct-part"),
    path("route/policy/", policy.policy, name="policy"),
    path("route/policy/_editor", policy.editor_part, name="policy-editor"),
    path("route/policy/_findings", policy.findings_part, name="policy-findings"),
    path("route/policy/save/", policy.policy_save, name="policy-save"),
    path("route/policy/export.yaml", policy.policy_export, name="policy-export"),
    path("route/policy/versions/", policy.policy_versions, name="policy-versions"),
    path("route/policy/restore/", policy.policy_restore, name="policy-restore"),
    path("route/what-if/", what_if.snapshots, name="what-if"),
    path("route/what-if/_found", what_if.snapshots_part, name="what-if-found"),
    path("route/what-if/held-back/<str:key>/", what_if.held_back, name="what-if-held-back"),
    path("route/what-if/override/", what_if.override, name="what-if-override"),
    path("limits/", limits.own_limits, name="limits"),
    path("limits/save/", limits.own_limits_save, name="limits-own-save"),
    path("limits/_effect", limits.own_limits_effect, name="limits-own-effect"),
    path("limits/site/", limits.site_limits, name="limits-site"),
    path("limits/site/save/", limits.site_limits_save, name="limits-site-save"),
    path("limits/site/_effect", limits.site_limits_effect, name="limits-site-effect"),
    path("limits/keys/<int:key_id>/", limits.key_limits, name="limits-key"),
    path("limits/keys/<int:key_id>/save/", limits.key_limits_save, name="limits-key-save"),
    path("limits/keys/<int:key_id>/_effect", limits.key_limits_effect, name="limits-key-effect"),
    path("exploration/", exploring.exploration, name="exploration"),
    path("exploration/save/", exploring.own_save, name="exploration-save"),
    path("exploration/site/save/", exploring.site_save, name="exploration-site-save"),
    path("exploration/keys/save/", exploring.keys_save, name="exploration-keys-save"),
    path("decisions/", decisions.decisions, name="decisions"),
    path("decisions/<str:decision_id>/", decisions.decision, name="decision"),
    path("decisions/<str:decision_id>/_replay", decisions.replay_part, name="replay-part"),
]
