"""Python that a test has run beside a site: it makes runs there, and tells how they stand."""

from __future__ import annotations

import json
from typing import Any

from tests.runs.simulation import Simulation
from tests.site import Site

_MAKE = """
import json
from django.db import transaction
from runs.models import Connection, Run
from tests.runs.rows_of_runs import make_simulated_run
from runs.ringing import ring
fields = json.loads({fields!r})
Connection.objects.update_or_create(key=fields.pop("key"), defaults=fields)
with transaction.atomic():
    run_id = make_simulated_run({count})
    ring(run_id)
print(run_id)
"""
_TELL = """
import json
from collections import Counter
from runs.models import Event, LedgerEntry, Node, Reservation, Run
run = Run.objects.get(pk="{run_id}")
print(json.dumps({{
    "status": run.status,
    "error": run.error,
    "driveCount": run.drive_count,
    "nodes": Counter(Node.objects.filter(run=run).values_list("status", flat=True)),
    "completedEvents": Counter(Event.objects.filter(run=run, kind="node.completed").values_list("node_key", flat=True)),
    "openReservations": Reservation.objects.filter(run_id=run.pk, state="open").count(),
    "ledger": [[str(e.call_id), e.status, e.cost_nano_usd] for e in LedgerEntry.objects.filter(run_id=run.pk)],
}}))
"""


def start_simulated_run(site: Site, simulation: Simulation, count: int) -> str:
    """A run of so many prompts, rung for; its id."""
    return site.run_python(_MAKE.format(fields=json.dumps(simulation.connection), count=count)).splitlines()[-1]


def tell_of_run(site: Site, run_id: str) -> dict[str, Any]:
    """How the run stands."""
    return dict(json.loads(site.run_python(_TELL.format(run_id=run_id)).splitlines()[-1]))
