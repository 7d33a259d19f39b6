"""The addresses of routing's pages; those of its HTTP API stand in ``api_urls.py``."""

from __future__ import annotations

from django.urls import path

from routing.views import decisions, playground

app_name = "routing"
urlpatterns = [
    path("route/", playground.playground, name="playground"),
    path("route/_answer", playground.answer_part, name="answer-part"),
    path("route/correct/", playground.correct, name="correct"),
    path("route/_correct", playground.correct_part, name="correct-part"),
    path("decisions/", decisions.decisions, name="decisions"),
    path("decisions/<str:decision_id>/", decisions.decision, name="decision"),
    path("decisions/<str:decision_id>/_replay", decisions.replay_part, name="replay-part"),
]
