"""Drives runs in a process of its own and says what they took; ``driving.py`` starts it.

python -m tests.bench.driver CONNECTION_JSON COUNT SLOTS TIMES
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smartspawn.settings")
django.setup()

import uvloop  # noqa: E402 - after Django

from runs.driving.host import Host, open_host  # noqa: E402 - after Django
from runs.driving.tuning import tune_process  # noqa: E402 - after Django
from runs.models import Connection, LedgerEntry, Node, Reservation, Run  # noqa: E402 - after Django
from tests.runs.rows_of_runs import make_simulated_run  # noqa: E402 - after Django


def main() -> None:
    """Print one line of JSON for each time."""
    connection, count, slots, times = json.loads(sys.argv[1]), *map(int, sys.argv[2:5])
    Connection.objects.update_or_create(key=connection.pop("key"), defaults=connection)
    tune_process()
    uvloop.run(_measure(count, slots, times))


async def _measure(count: int, slots: int, times: int) -> None:
    async with open_host("bench") as host:
        warm_up = await host.ask(lambda: make_simulated_run(2, slots=slots))
        await host.drive(warm_up)
        for _ in range(times):
            print(json.dumps(await _measure_one(host, count, slots)), flush=True)


async def _measure_one(host: Host, count: int, slots: int) -> dict[str, Any]:
    run_id = await host.ask(lambda: make_simulated_run(count, slots=slots))
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    await host.drive(run_id)
    took_s, took_cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    return {
        "seconds": took_s,
        "cpuMsPerNode": took_cpu_s * 1000 / count,
        "residentMib": _resident_mib(),
        **await host.ask(lambda: _told(run_id)),
    }


def _told(run_id: UUID) -> dict[str, Any]:
    return {
        "status": Run.objects.get(pk=run_id).status,
        "completed": Node.objects.filter(run_id=run_id, status="completed").count(),
        "billed": LedgerEntry.objects.filter(run_id=run_id, status="ok").count(),
        "open": Reservation.objects.filter(run_id=run_id, state="open").count(),
    }


def _resident_mib() -> float:
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
