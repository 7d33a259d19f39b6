"""The addresses of the pages of feedback; those of its HTTP API stand in ``api_urls.py``."""

from __future__ import annotations

from django.urls import path

from feedback.exploring import views as exploring
from feedback.judges import views as judging
from feedback.production import views as production
from feedback.reconciling import views as reconciling
from feedback.spend import views as spending
from feedback.views import comparing, learned, ratings

app_name = "feedback"
urlpatterns = [
    path("ratings/", ratings.inbox, name="ratings"),
    path("ratings/save/", ratings.save, name="save"),
    path("ratings/_save", ratings.save_part, name="save-part"),
    path("ratings/withdraw/", ratings.take_back, name="withdraw"),
    path("ratings/_withdraw", ratings.take_back_part, name="withdraw-part"),
    path("ratings/bulk/", ratings.bulk, name="bulk"),
    path("ratings/prefer/", comparing.prefer_one, name="prefer"),
    path("ratings/compare/<uuid:run_id>/", comparing.compare, name="compare"),
    path("ratings/_run/<uuid:run_id>", ratings.run_part, name="run-part"),
    path("ratings/_run/<uuid:run_id>/<str:node_key>", ratings.run_part, name="node-part"),
    path("ratings/run/<uuid:run_id>/", ratings.work, name="run"),
    path("ratings/run/<uuid:run_id>/<str:node_key>/", ratings.work, name="node"),
    path("spend/", spending.spend, name="spend"),
    path("spend/rows.csv", spending.download, name="spend-download"),
    path("spend/calls/", spending.calls, name="spend-calls"),
    path("spend/calls.csv", spending.calls_download, name="spend-calls-download"),
    path("spend/savings/", spending.savings, name="spend-savings"),
    path("spend/savings.csv", spending.savings_download, name="spend-savings-download"),
    path("spend/cascade/", spending.cascade, name="spend-cascade"),
    path("spend/cascade.csv", spending.cascade_download, name="spend-cascade-download"),
    path("spend/forecast/", spending.forecast, name="spend-forecast"),
    path("spend/reconciliation/", reconciling.bills, name="spend-reconciliation"),
    path("spend/prices/", reconciling.prices, name="spend-prices"),
    path("spend/prices/check/", reconciling.check_now, name="spend-prices-check"),
    path("judges/", judging.judges, name="judges"),
    path("judges/restore/", judging.restore, name="judge-restore"),
    path("classifier/", production.classifier, name="classifier"),
    path("classifier/evaluate/", production.evaluate_now, name="classifier-evaluate"),
    path("exploration/results/", exploring.results, name="exploration-results"),
    path("learned/", learned.learned, name="learned"),
    path("learned/switch/", learned.switch, name="switch"),
    path("learned/reset/", learned.reset, name="reset"),
]
