"""How fast the ledger is, and that its caps hold in a crowd: a process of its own, on a database of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import ROOT, Figure
from tests.site import clean_environment

CALLS = 1_000
SINGLE_CALLS = 200
CROWDS = 50
CROWD_CALLS = 200
FITTING = 20
SPEED_SCRIPT = """
import django, json, sys, time
django.setup()
from runs.ledger import reserve, settle
from runs.shapes import Payer
from tests.runs.ledger.calls import open_run, quote, settlement
payer = Payer(user_id=1, key_id=2, run_id=open_run(10**15), mode="parallel", category="coding")
def spend(total, size):
    reserve_s = settle_s = 0.0
    for _ in range(total // size):
        calls = [quote(payer, 1000) for _ in range(size)]
        told = [settlement(call.call_id, 900) for call in calls]
        began = time.perf_counter()
        reserve(calls)
        middle = time.perf_counter()
        settle(told)
        settle_s += time.perf_counter() - middle
        reserve_s += middle - began
    return total / reserve_s, total / settle_s
spend(200, 50)
calls, single_calls = int(sys.argv[1]), int(sys.argv[2])
began = time.process_time()
spend(calls, 50)
cpu_s = time.process_time() - began
by_hundred, single = spend(calls, 100), spend(single_calls, 1)
print(json.dumps({"cpu_s": cpu_s, "by_hundred": by_hundred, "single": single}))
"""
CROWD_SCRIPT = """
import django, json, sys, threading
django.setup()
from concurrent.futures import ThreadPoolExecutor
from django.db import connections
from runs.ledger import reserve
from runs.shapes import Grant, Payer
from tests.runs.ledger.calls import CENT, open_run, quote
crowds, calls, fitting = map(int, sys.argv[1:])
threads = 50
def share(wanted):
    begin.wait()
    try:
        return sum(isinstance(reserve([call])[0], Grant) for call in wanted)
    finally:
        connections.close_all()
exact = 0
for _ in range(crowds):
    payer = Payer(user_id=1, key_id=2, run_id=open_run(fitting * CENT))
    wanted = [quote(payer) for _ in range(calls)]
    begin = threading.Barrier(threads)
    with ThreadPoolExecutor(threads) as pool:
        exact += sum(pool.map(share, [wanted[n::threads] for n in range(threads)])) == fitting
print(json.dumps({"exact": exact}))
"""


def speed(home: Path, runs: int) -> Iterator[Figure]:
    """Reserve and settle calls of one run, on SQLite with every commit safe on the disk."""
    said = [_said(home / f"speed{number}", SPEED_SCRIPT, CALLS, SINGLE_CALLS) for number in range(runs)]
    shown = "python -c ... reserve(quotes); settle(settlements), SQLite, synchronous=FULL"
    cpu = [one["cpu_s"] for one in said]
    yield Figure("ledger: CPU for 1,000 calls in batches of 50", "s", cpu, shown, at_most=0.25)
    for place, verb in enumerate(("reservations", "settlements")):
        batched = [one["by_hundred"][place] for one in said]
        single = [one["single"][place] for one in said]
        yield Figure(f"ledger: {verb} in batches of 100", "/s", batched, shown, at_least=2_000)
        yield Figure(f"ledger: single {verb}, a commit each", "/s", single, shown, at_least=50)


def crowds(home: Path, _runs: int) -> Iterator[Figure]:
    """Many calls at once against a cap for a few; also on PostgreSQL where DATABASE_URL names one."""
    databases = {"SQLite": ""}
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        databases["PostgreSQL"] = os.environ["DATABASE_URL"]
    for name, url in databases.items():
        said = _said(home / f"crowds-{name}", CROWD_SCRIPT, CROWDS, CROWD_CALLS, FITTING, url=url)
        title = f"caps: of {CROWDS} crowds of {CROWD_CALLS} exactly {FITTING} pass, {name}"
        shown = "python -c ... 50 threads, reserve([quote]) each, a connection for each thread"
        yield Figure(title, "crowds", [said["exact"]], shown, at_least=CROWDS)


def _said(home: Path, script: str, *numbers: int, url: str = "") -> dict[str, object]:
    home.mkdir()
    environment = clean_environment(home, DJANGO_SETTINGS_MODULE="smartspawn.settings")
    if url:
        environment["DATABASE_URL"] = url
    _run([sys.executable, "manage.py", "migrate", "-v", "0"], environment)
    answer = _run([sys.executable, "-c", script, *map(str, numbers)], environment)
    figures: dict[str, object] = json.loads(answer)
    return figures


def _run(command: list[str], environment: dict[str, str]) -> str:
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
