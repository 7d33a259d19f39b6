"""A provider that repeats the key it was sent does not get it into runs, events, the ledger or logs."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from runs.create import start_run
from runs.models import LedgerEntry, Node
from runs.shapes import Mode, RunRequest
from runs.tasks import drive_run
from smartspawn.access.shapes import COMMAND_LINE, Role
from tests.catalog.pages import signed_in
from tests.factories import publish_snapshot
from tests.runs.connections.builders import make_connection
from tests.runs.connections.places import fake_place
from tests.runs.connections.test_secrets_stay import CANARY, database_dump, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("status", [401, 500])
def test_a_key_that_a_provider_repeats_stays_secret(
    status: int, caplog: pytest.LogCaptureFixture, monkeypatch: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("runs.nodes.calling.random.uniform", lambda _low, _high: 0.0)  # retries need not wait here
    publish_snapshot()
    admin = signed_in(Role.ADMIN)
    with fake_place() as place:
        place.status = status
        price = {"prompt_usd_per_mtok": "1", "completion_usd_per_mtok": "1"}
        make_connection(
            "custom", secret=CANARY, base_url=place.url, allows_private=True, models=[{"id": "model-a", **price}]
        )
        request = RunRequest(mode=Mode.SINGLE, task="Say hello", model="model-a", node_timeout_s=4)
        run = start_run(request=request, actor=COMMAND_LINE).run
        drive_run(str(run.pk))

    assert any(CANARY in headers.get("authorization", "") for _, headers in place.asked)  # it was in use
    node = Node.objects.get()
    assert node.status == "failed"
    assert node.error
    assert LedgerEntry.objects.exists() or status == 401
    pages = [f"/api/runs/{run.pk}", f"/api/runs/{run.pk}/events", f"/runs/{run.pk}/", "/connections/", "/api/breakers"]
    for text in (database_dump(), caplog.text, *(told(admin, path) for path in pages)):
        assert CANARY not in text
