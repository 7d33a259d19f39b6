"""A driver's own memory of places does not keep from the breakers what they must know."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from runs.breakers.rules import FAILURES_TO_OPEN_BUSY
from runs.places.lookup import Places, Spot
from runs.providers.faults import FaultCode, make_fault
from runs.shapes import Endpoint, ModelChoice, Protocol

pytestmark = pytest.mark.django_db(transaction=True)

ENDPOINT = Endpoint("openrouter", "openrouter", Protocol.OPENAI, "https://example.org", "m", "m")
BROKEN = make_fault(FaultCode.PROVIDER_FAULT, "The provider answered with status 500.", status=500)


def test_failures_among_successes_within_a_moment_open_nothing() -> None:
    spot = Spot(ModelChoice("m"), ENDPOINT, "")

    async def fail_and_succeed(places: Places) -> list[float]:
        waits = []
        for _ in range(3 * FAILURES_TO_OPEN_BUSY):
            waits.append(await places.wait_s(spot))
            await places.note_fault(spot, BROKEN)
            waits.append(await places.wait_s(spot))
            await places.note_success(spot)
        return waits

    with ThreadPoolExecutor(1) as reads:
        waits = asyncio.run(fail_and_succeed(Places(reads, is_simulated=False)))
        reads.submit(connections.close_all).result()

    assert set(waits) == {0.0}


def test_a_place_does_not_print_what_opens_it() -> None:
    assert "sk-canary" not in repr(Spot(ModelChoice("m"), ENDPOINT, "sk-canary"))
