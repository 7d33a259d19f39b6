"""The addresses of routing's pages; those of its HTTP API stand in ``api_urls.py``."""

from __future__ import annotations

from django.urls import path

from routing.views import decisions, playground, policy

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
    path("decisions/", decisions.decisions, name="decisions"),
    path("decisions/<str:decision_id>/", decisions.decision, name="decision"),
    path("decisions/<str:decision_id>/_replay", decisions.replay_part, name="replay-part"),
]
