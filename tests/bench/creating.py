"""A hundred requests for the same run at the same moment, at two web processes of one site."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp

from tests.bench.figures import ROOT, Figure
from tests.faults.run_script import make_key
from tests.runs.simulation import MODEL, running_simulator
from tests.site import Site, running_site, wait_until

AT_ONCE = 100
_COUNT = "from runs.models import Run, RunKey; print(Run.objects.count(), RunKey.objects.count())"


def creations(folder: Path, runs: int) -> Iterator[Figure]:
    """How many runs come of it; also on PostgreSQL where DATABASE_URL names a database of nobody else's."""
    databases: dict[str, dict[str, str]] = {"SQLite": {}}
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        databases["PostgreSQL"] = {"DATABASE_URL": os.environ["DATABASE_URL"]}
    for name, environment in databases.items():
        home = folder / f"creations-{name}"
        with (
            running_simulator(latency="5ms") as simulation,
            running_site(home, SMARTSPAWN_RATE_LIMIT="off", LOG_LEVEL="ERROR", **environment) as site,
            second_web(site) as other,
        ):
            token = make_key(site, simulation)
            before = _counts(site)
            told = [_crowd([site.address, other], token, key) for _ in range(runs) for key in (uuid.uuid4().hex, "")]
            made = [after - former for after, former in zip(_counts(site), before, strict=True)]
        command = f"{AT_ONCE} POST /api/runs at once, half to each of two web processes; {len(told)} crowds, {name}"
        refused = sum(status != 202 for answers in told for status, _ in answers)
        most_told = max(len({run_id for _, run_id in answers}) for answers in told)
        yield Figure(f"runs that {AT_ONCE} creations with one key are told of, {name}", "runs", [most_told], command, 1)
        yield Figure(f"runs and keys written beyond one a crowd, {name}", "rows", _beyond(made, told), command, 0)
        yield Figure(f"creations refused, {name}", "requests", [refused], command, 0)


def _beyond(made: list[int], told: list[list[tuple[int, str]]]) -> list[float]:
    return [abs(count - len(told)) for count in made]


def _counts(site: Site) -> list[int]:
    return [int(word) for word in site.run_python(_COUNT).splitlines()[-1].split()]


def _crowd(addresses: list[str], token: str, key: str) -> list[tuple[int, str]]:
    """Ask for one run at all addresses at once, with a key or without: the same request is one by itself."""
    headers = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key else {})}
    body = {"mode": "single", "task": f"Say {uuid.uuid4().hex}", "model": MODEL, "simulate": True}

    async def ask(session: aiohttp.ClientSession, address: str) -> tuple[int, str]:
        async with session.post(f"{address}/api/runs", json=body, headers=headers) as response:
            said = await response.json()
            return response.status, str(said.get("data", {}).get("id", said))

    async def ask_all() -> list[tuple[int, str]]:
        connector = aiohttp.TCPConnector(limit=AT_ONCE)
        async with aiohttp.ClientSession(connector=connector) as session:
            asks = [ask(session, addresses[number % len(addresses)]) for number in range(AT_ONCE)]
            return list(await asyncio.gather(*asks))

    return asyncio.run(ask_all())


@contextmanager
def second_web(site: Site) -> Iterator[str]:
    """Another web process of the same site; where it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**site.environment, "PORT": str(port)}
    process = subprocess.Popen([sys.executable, "manage.py", "serve"], cwd=ROOT, env=environment)
    try:
        wait_until(lambda: _answers(port), within_s=60, what="the second web process answers")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(10)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
