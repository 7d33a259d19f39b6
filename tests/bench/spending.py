"""How fast the dashboards of spend are over a million lines of the ledger, in a process of its own.

On SQLite; also on PostgreSQL where DATABASE_URL names an empty database for it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.bench.figures import ROOT, Figure
from tests.site import clean_environment

LINES = 1_000_000
# Four weeks are made up call by call, and laid fifteen times one before the other: 420 days.
BASE_DAYS, REPEATED = 28, 15
MOST_MS, MOST_QUERIES = 300, 8
TIMES = 5
MOST_NARROWED_DAYS = 62
# So often the prices of the base lines' models changed in the year that is looked at.
PRICE_CHANGES = 64
PATHS = (
    "/spend/",
    "/spend/?range=7d",
    "/spend/?range=90d",
    "/spend/?range=365d",
    "/spend/?range=365d&by=user",
    "/spend/?range=30d&by=key&category=coding",
    "/spend/?{widest}&by=model&status=ok",  # nearly all calls, and the most days that may be narrowed down
    "/spend/?range=365d&key=3&by=category",
    "/spend/savings/?range=30d",
    "/spend/savings/?range=365d",
    "/spend/cascade/?range=365d",
    "/spend/forecast/",
    "/spend/calls/?range=365d",
    "/spend/calls/?range=365d&mode=chain&status=uncertain",
    "/budgets/",
    "/spend/reconciliation/?range=365d",
    "/digest/",
    "/digest/?of=all",
    "/ratings/",
    "/learned/",
    "/community/",
)
BUILD_SCRIPT = """
import django, json, random, sys
django.setup()
from datetime import UTC, datetime, timedelta
from django.db import connection
from catalog.queries import current_snapshot
from runs.models import DayTotal, LedgerEntry, SpendTotal
from smartspawn.access.keys import create_key
from smartspawn.access.models import User
from smartspawn.access.shapes import Role, Scope
from feedback.spend.inputs import read_look
from feedback.spend.saved import savings_of
from tests.bench.spend_history import Priced, change_often, make_people, repeat_history, write_history
from tests.bench.work_history import change_prices, write_work
lines, days, repeated, price_changes = map(int, sys.argv[1:])
chance = random.Random(1)
users = []
for number in range(20):
    user = User.objects.create(username=f"user{number}", role=Role.MEMBER if number else Role.ADMIN)
    keys = [create_key(actor=user.as_actor(), name=name, scopes=frozenset({Scope.RUNS_READ}), expires_at=None)
            for name in ("ci", "laptop")]
    users.append((user.pk, tuple(key.key_id for key in keys)))
def is_usable(entry):
    pricing = entry.facts.pricing
    return entry.is_candidate and entry.scores and pricing.prompt_usd_per_mtok and pricing.completion_usd_per_mtok
entries = sorted(filter(is_usable, current_snapshot().entries), key=lambda entry: entry.facts.model_id)[:60]
prices = [Priced(entry.facts.model_id, entry.facts.pricing.prompt_usd_per_mtok,
                 entry.facts.pricing.completion_usd_per_mtok) for entry in entries]
today = datetime.now(UTC).date()
span = [today - timedelta(days=number) for number in reversed(range(days))]
write_history(chance, make_people(chance, users), prices, line_count=lines // repeated, days=span)
write_work(chance, days=span)
change_prices([model.model_id for model in prices], since=today - timedelta(days=days * repeated), until=today)
repeat_history(repeated, shift_days=days)
admin = User.objects.get(username="user0").as_actor()
savings = savings_of(read_look({"range": "365d"}, admin, today)).savings
change_often(sorted({name for item in savings for name in item.saving.baseline.model_ids}),
             times=price_changes, since=today - timedelta(days=min(364, days * repeated - 1)), until=today)
if connection.vendor == "postgresql":  # as its autovacuum does, minutes after so much was written
    connection.cursor().execute("ANALYZE")
print(json.dumps([table.objects.count() for table in (LedgerEntry, DayTotal, SpendTotal)]))
"""
ASK_SCRIPT = """
import django, json, sys, time
django.setup()
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from smartspawn.access.models import User
settings.PAGE_RATE_LIMIT = None
name = "django.contrib.staticfiles.storage.StaticFilesStorage"
settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": name}}
times, paths = int(sys.argv[1]), sys.argv[2:]
said = []
for role in ("admin", "member"):
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.filter(role=role).order_by("pk").first())
    for path in paths:
        if role == "member" and any(word in path for word in ("by=user", "of=all", "reconciliation")):
            continue
        client.get(path)
        wall, cpu = [], []
        for _ in range(times):
            began, began_cpu = time.perf_counter(), time.process_time()
            with CaptureQueriesContext(connection) as queries:
                status = client.get(path).status_code
            wall.append((time.perf_counter() - began) * 1000)
            cpu.append((time.process_time() - began_cpu) * 1000)
        said.append({"who": role, "path": path, "status": status, "ms": wall, "cpu_ms": cpu, "queries": len(queries)})
print(json.dumps(said))
"""


def spending(home: Path, _runs: int) -> Iterator[Figure]:
    """Each page's median time and its queries, for an admin and for the member who spends most."""
    databases = {"SQLite": ""}
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        databases["PostgreSQL"] = os.environ["DATABASE_URL"]
    for database, url in databases.items():
        folder = home / f"spend-{database}"
        folder.mkdir(parents=True)
        environment = clean_environment(folder, DJANGO_SETTINGS_MODULE="smartspawn.settings", ALLOWED_HOSTS="localhost")
        if url:
            environment["DATABASE_URL"] = url
        counts = _built(environment)
        paths = [path.format(widest=_widest()) for path in PATHS]
        for page in json.loads(_run([sys.executable, "-c", ASK_SCRIPT, str(TIMES), *paths], environment)):
            yield from _figures(page, f"{database}, {counts[0]:,} lines, {counts[1]:,} and {counts[2]:,} totals")


def _widest() -> str:
    today = datetime.now(UTC).date()
    return f"from={today - timedelta(days=MOST_NARROWED_DAYS - 1)}&to={today}"


def _built(environment: dict[str, str]) -> list[int]:
    _run([sys.executable, "manage.py", "migrate", "-v", "0"], environment)
    _run([sys.executable, "manage.py", "load_snapshot", "--if-empty"], environment)
    sizes = map(str, (LINES, BASE_DAYS, REPEATED, PRICE_CHANGES))
    counts: list[int] = json.loads(_run([sys.executable, "-c", BUILD_SCRIPT, *sizes], environment))
    return counts


def _figures(page: dict[str, Any], about: str) -> Iterator[Figure]:
    if page["status"] != 200:
        raise SystemExit(f"{page['path']} answered {page['status']}")
    cpu = statistics.median(page["cpu_ms"])
    shown = f"GET {page['path']} as {page['who']}, whole request in the process; CPU {cpu:.0f} ms; {about}"
    yield Figure(f"spend: {page['path']}", "ms", page["ms"], shown, at_most=MOST_MS)
    yield Figure(f"spend: queries of {page['path']}", "queries", [page["queries"]], shown, at_most=MOST_QUERIES)


def _run(command: list[str], environment: dict[str, str]) -> str:
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
