"""The JSON addresses of runs, below /api/."""

from django.urls import path

from runs import api
from runs.alerting import api as alerting_api
from runs.caps import api as caps_api
from runs.connections import api as connections_api
from runs.correcting import api as uncertain_api
from runs.swarm import api as swarm_api

urlpatterns = [
    path("runs", api.runs, name="api-runs"),
    path("runs/preview", api.preview, name="api-run-preview"),
    path("runs/<uuid:run_id>", api.run, name="api-run"),
    path("runs/<uuid:run_id>/events", api.events, name="api-run-events"),
    path("runs/<uuid:run_id>/result", api.result, name="api-run-result"),
    path("runs/<uuid:run_id>/artifacts/<str:node_key>", api.artifact, name="api-run-artifact"),
    path("runs/<uuid:run_id>/cancel", api.cancel, name="api-run-cancel"),
    path("runs/<uuid:run_id>/approve", api.approve, name="api-run-approve"),
    path("runs/<uuid:run_id>/retry", api.retry, name="api-run-retry"),
    path("parallel", swarm_api.parallel, name="api-parallel"),
    path("research", swarm_api.research, name="api-research"),
    path("chain", swarm_api.chain, name="api-chain"),
    path("chain/auto", swarm_api.chain_auto, name="api-chain-auto"),
    path("chain/preview", swarm_api.chain_preview, name="api-chain-preview"),
    path("chain/template", swarm_api.chain_template, name="api-chain-template"),
    path("caps", caps_api.caps, name="api-caps"),
    path("uncertain", uncertain_api.uncertain, name="api-uncertain"),
    path("budgets", alerting_api.budgets, name="api-budgets"),
    path("alerts", alerting_api.alerts, name="api-alerts"),
    path("alert-receivers", alerting_api.receivers, name="api-alert-receivers"),
    path("alert-receivers/<int:receiver_id>", alerting_api.receiver, name="api-alert-receiver"),
    path("alert-receivers/<int:receiver_id>/test", alerting_api.receiver_test, name="api-alert-receiver-test"),
    path("alert-receivers/<int:receiver_id>/secret", alerting_api.receiver_secret, name="api-alert-receiver-secret"),
    path("alert-deliveries/<int:delivery_id>/again", alerting_api.delivery_again, name="api-alert-delivery-again"),
    path("me/caps", caps_api.my_caps, name="api-my-caps"),
    path("me/usage", caps_api.my_usage, name="api-my-usage"),
    path("me/run-preference", caps_api.my_run_preference, name="api-my-run-preference"),
    path("connections", connections_api.connections, name="api-connections"),
    path("connections/<slug:key>", connections_api.connection, name="api-connection"),
    path("connections/<slug:key>/test", connections_api.test, name="api-connection-test"),
    path("breakers", connections_api.breakers, name="api-breakers"),
    path("breakers/reset", connections_api.breaker_reset, name="api-breaker-reset"),
]
