"""Python that a test has run beside a site: it makes runs there, and tells how they stand."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

from tests.runs.simulation import MODEL, Simulation
from tests.site import Site

_MAKE = """
import json
import time
from django.db import transaction
from django.utils import timezone
from runs.connections.held import KEPT_S
from runs.models import Connection, Run
from tests.runs.rows_of_runs import make_simulated_run
from runs.driving.ringing import ring
fields = json.loads({fields!r})
is_known = Connection.objects.filter(key=fields["key"], base_url=fields["base_url"]).exists()
Connection.objects.update_or_create(key=fields.pop("key"), defaults={{**fields, "updated_at": timezone.now()}})
if not is_known:  # the site's processes may still know the former address
    time.sleep(KEPT_S)
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
    "drivenBy": run.driven_by,
    "nodes": Counter(Node.objects.filter(run=run).values_list("status", flat=True)),
    "completedEvents": Counter(Event.objects.filter(run=run, kind="node.completed").values_list("node_key", flat=True)),
    "openReservations": Reservation.objects.filter(run_id=run.pk, state="open").count(),
    "ledger": [[str(e.call_id), e.status, e.cost_nano_usd] for e in LedgerEntry.objects.all()],  # of all runs
}}))
"""


def start_simulated_run(site: Site, simulation: Simulation, count: int) -> str:
    """A run of so many prompts, rung for; its id."""
    return site.run_python(_MAKE.format(fields=json.dumps(simulation.connection), count=count)).splitlines()[-1]


_MAKE_KEY = """
import json
from django.contrib.auth import get_user_model
from django.utils import timezone
from runs.models import Connection
from smartspawn.access.keys import create_key
from smartspawn.access.shapes import Actor, Role, Scope
fields = json.loads({fields!r})
Connection.objects.update_or_create(key=fields.pop("key"), defaults={{**fields, "updated_at": timezone.now()}})
user, _ = get_user_model().objects.get_or_create(username="measurer", defaults={{"role": "member"}})
scopes = frozenset({{Scope.RUNS_WRITE, Scope.RUNS_READ}})
actor = Actor(label="test", user_id=user.pk, role=Role.MEMBER, scopes=scopes)
print(create_key(actor=actor, name="test", scopes=scopes, expires_at=None).token)
"""


def make_key(site: Site, simulation: Simulation) -> str:
    """A connection to the simulator, and an API key that may start runs; its token."""
    return site.run_python(_MAKE_KEY.format(fields=json.dumps(simulation.connection))).splitlines()[-1]


_CANCEL = """
from uuid import UUID
from runs.control import cancel_run
from smartspawn.access.shapes import COMMAND_LINE
cancel_run(run_id=UUID("{run_id}"), actor=COMMAND_LINE)
"""


def cancel_simulated_run(site: Site, run_id: str) -> None:
    """As a person would, from another process than the one that drives it."""
    site.run_python(_CANCEL.format(run_id=run_id))


def post_parallel(site: Site, token: str, prompts: list[str]) -> Iterator[dict[str, Any]]:
    """Have the prompts answered in the web process; the lines of the answer as they come."""
    body = json.dumps({"prompts": prompts, "model": MODEL, "simulate": True}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{site.address}/api/parallel", data=body, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as response:
        for line in response:
            if line.strip():
                yield json.loads(line)


def tell_of_run(site: Site, run_id: str) -> dict[str, Any]:
    """How the run stands."""
    return dict(json.loads(site.run_python(_TELL.format(run_id=run_id)).splitlines()[-1]))
