"""What a chat over /v1 adds to the provider's own time; against the provider simulator."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import aiohttp

from tests.bench.figures import Figure
from tests.runs.chat.served import Served, served_site

CLIENTS = 50
EACH = 12
WARM_UP = 2
_TASKS = ("Write a Python function that reverses a linked list", "Explain this stack trace", "Draft a release note")


def added(folder: Path, runs: int) -> Iterator[Figure]:
    """The time from a request to its first byte, less the provider's, of fifty clients that ask at once."""
    for latency_ms, target_ms in ((1000, 25), (100, 100)):
        home = folder / f"chat{latency_ms}"
        off = {"SMARTSPAWN_RATE_LIMIT": "off", "LOG_LEVEL": "ERROR"}
        with served_site(home, environment=off, latency=f"{latency_ms}ms", pieces=2) as served:
            for name, model, is_fresh in (
                ("a model by name", served.models[1], False),
                ("auto, conversation gone on with", "auto", False),
                ("auto, each a new conversation", "auto", True),
            ):
                tails = [_measure(served, model, latency_ms, is_fresh=is_fresh) for _ in range(runs)]
                command = f"{CLIENTS} clients, streams, beside manage.py simulate_provider --latency {latency_ms}ms"
                title = f"added before the first byte, p95, {name}, {latency_ms} ms"
                yield Figure(title, "ms", tails, command, at_most=target_ms)
            direct = [_measure_direct(served, latency_ms) for _ in range(runs)]
            title = f"the same asked of the provider itself, p95, {latency_ms} ms"
            yield Figure(title, "ms", direct, f"{CLIENTS} clients, without the site between", at_most=target_ms)


def _measure(served: Served, model: str, latency_ms: float, *, is_fresh: bool) -> float:
    added_ms = asyncio.run(_ask_all(served.url, served.token, model, latency_ms, is_fresh=is_fresh))
    return percentile(added_ms, 0.95)


def _measure_direct(served: Served, latency_ms: float) -> float:
    """What client, provider and the machine's other work take by themselves."""
    url = f"{served.simulation.address}/v1"
    return percentile(asyncio.run(_ask_all(url, "", "simulated/small", latency_ms, is_fresh=False)), 0.95)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all stays at or below."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


async def _ask_all(url: str, token: str, model: str, latency_ms: float, *, is_fresh: bool) -> list[float]:
    connector = aiohttp.TCPConnector(limit=CLIENTS)
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        each = await asyncio.gather(
            *(_ask(session, url, model, number, latency_ms, is_fresh=is_fresh) for number in range(CLIENTS))
        )
    return [value for values in each for value in values]


async def _ask(
    session: aiohttp.ClientSession, url: str, model: str, number: int, latency_ms: float, *, is_fresh: bool
) -> list[float]:
    """One client's requests, each a moment after the answer to the last; the first ones warm up."""
    added_ms = []
    await asyncio.sleep(number * latency_ms / 1000 / CLIENTS)  # people do not ask in step
    for turn in range(EACH + WARM_UP):
        words = f"{_TASKS[turn % len(_TASKS)]}, for client {number}" + (f" {time.time_ns()}" if is_fresh else "")
        messages = [{"role": "user", "content": words}] if is_fresh else _conversation(number, turn)
        body = json.dumps({"model": model, "messages": messages, "stream": True})
        started_s = time.perf_counter()
        async with session.post(f"{url}/chat/completions", data=body) as response:
            first = await response.content.readany()
            passed_ms = (time.perf_counter() - started_s) * 1000
            rest = first + await response.content.read()
            if response.status != 200 or b"[DONE]" not in rest:
                raise SystemExit(f"no whole answer: {response.status} {rest[:300]!r}")
        if turn >= WARM_UP:
            added_ms.append(passed_ms - latency_ms)
    return added_ms


def _conversation(number: int, turn: int) -> list[dict[str, str]]:
    """A conversation that has come so far."""
    said = [{"role": "user", "content": f"{_TASKS[number % len(_TASKS)]}, for client {number}"}]
    for _ in range(turn):
        said += [{"role": "assistant", "content": "Here it is. " * 20}, {"role": "user", "content": "Go on, please."}]
    return said
