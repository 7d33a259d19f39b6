"""The JSON addresses of feedback, below /api/."""

from django.urls import path

from feedback import api
from feedback.exploring import api as exploring_api
from feedback.judges import api as judges_api
from feedback.production import api as production_api
from feedback.reconciling import api as reconciling_api
from feedback.spend import api as spend_api

urlpatterns = [
    path("spawn-log", api.spawn_log, name="api-spawn-log"),
    path("spawn-log/outcome", api.spawn_outcome, name="api-spawn-outcome"),
    path("spawn-log/scores", api.spawn_scores, name="api-spawn-scores"),
    path("spawn-log/stats", api.spawn_stats, name="api-spawn-stats"),
    path("spend", spend_api.spend, name="api-spend"),
    path("spend/savings", spend_api.spend_savings, name="api-spend-savings"),
    path("spend/cascade", spend_api.spend_cascade, name="api-spend-cascade"),
    path("spend/calls", spend_api.spend_calls, name="api-spend-calls"),
    path("spend/reconciliation", reconciling_api.reconciliation, name="api-spend-reconciliation"),
    path("spend/prices", reconciling_api.prices, name="api-spend-prices"),
    path("classifier/evaluation", production_api.evaluation, name="api-classifier-evaluation"),
    path("classifier/export", production_api.export, name="api-classifier-export"),
    path("judges", judges_api.judges, name="api-judges"),
    path("exploration/results", exploring_api.results, name="api-exploration-results"),
    path("ratings", api.ratings, name="api-ratings"),
    path("ratings/<int:rating_id>", api.rating, name="api-rating"),
]
