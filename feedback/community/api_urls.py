"""The JSON addresses of the community, below /api/."""

from django.urls import path

from feedback.community import api

urlpatterns = [
    path("community/report", api.report, name="api-community-report"),
    path("community/withdraw", api.withdraw, name="api-community-withdraw"),
    path("community/scores", api.scores, name="api-community-scores"),
    path("community/aggregate", api.aggregate, name="api-community-aggregate"),
]
