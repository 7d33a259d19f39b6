"""The addresses of the pages of runs; those of the HTTP API stand in ``api_urls.py``."""

from __future__ import annotations

from django.urls import path

from runs.views import budgets, caps, connections, new, run, runs, uncertain

app_name = "runs"
urlpatterns = [
    path("runs/", runs.runs, name="runs"),
    path("runs/new/", new.new_run, name="new"),
    path("runs/_preview", new.preview_part, name="preview-part"),
    path("runs/<uuid:run_id>/", run.run, name="run"),
    path("runs/<uuid:run_id>/_live", run.live_part, name="live-part"),
    path("runs/<uuid:run_id>/nodes/<str:key>/", run.node, name="node"),
    path("runs/<uuid:run_id>/approve/", run.approve, name="approve"),
    path("runs/<uuid:run_id>/cancel/", run.cancel, name="cancel"),
    path("runs/<uuid:run_id>/retry/", run.retry, name="retry"),
    path("runs/<uuid:run_id>/rerun/", run.rerun, name="rerun"),
    path("connections/", connections.connections, name="connections"),
    path("connections/new/", connections.new_connection, name="connection-new"),
    path("connections/save/", connections.create, name="connection-create"),
    path("connections/breakers/reset/", connections.breaker_reset, name="breaker-reset"),
    path("connections/<slug:key>/", connections.connection, name="connection"),
    path("connections/<slug:key>/save/", connections.save, name="connection-save"),
    path("connections/<slug:key>/switch/", connections.switch, name="connection-switch"),
    path("connections/<slug:key>/remove/", connections.remove, name="connection-remove"),
    path("connections/<slug:key>/test/", connections.test, name="connection-test"),
    path("connections/<slug:key>/_test", connections.test_part, name="connection-test-part"),
    path("budgets/", budgets.budgets, name="budgets"),
    path("budgets/_notices", budgets.notices_part, name="notices-part"),
    path("budgets/<uuid:alert_id>/seen/", budgets.seen, name="alert-seen"),
    path("budgets/<uuid:alert_id>/_seen", budgets.seen_part, name="alert-seen-part"),
    path("budgets/receivers/", budgets.receivers, name="receivers"),
    path("budgets/receivers/save/", budgets.receiver_save, name="receiver-save"),
    path("budgets/receivers/<int:receiver_id>/", budgets.receiver, name="receiver"),
    path("budgets/receivers/<int:receiver_id>/test/", budgets.receiver_test, name="receiver-test"),
    path("budgets/receivers/<int:receiver_id>/secret/", budgets.receiver_secret, name="receiver-secret"),
    path("budgets/receivers/<int:receiver_id>/switch/", budgets.receiver_switch, name="receiver-switch"),
    path("budgets/receivers/<int:receiver_id>/remove/", budgets.receiver_remove, name="receiver-remove"),
    path("budgets/deliveries/<int:delivery_id>/again/", budgets.delivery_again, name="delivery-again"),
    path("budgets/confirm/<str:token>/", budgets.receiver_confirm, name="receiver-confirm"),
    path("caps/", caps.caps, name="caps"),
    path("caps/_mine", caps.usage_part, name="usage-part"),
    path("caps/save/", caps.cap_save, name="cap-save"),
    path("caps/remove/", caps.cap_remove, name="cap-remove"),
    path("caps/asked/save/", caps.wish_save, name="wish-save"),
    path("caps/uncertain/", uncertain.uncertain, name="uncertain"),
    path("caps/uncertain/correct/", uncertain.uncertain_correct, name="uncertain-correct"),
]
