"""Where a run's calls can go, asked for off the event loop and remembered for a moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Final, TypeVar

from runs.breakers import shared as breakers
from runs.connections.held import reveal_secret
from runs.ledger import UnpricedModel, priced
from runs.places.endpoints import find_endpoints, why_unreachable
from runs.providers.faults import Fault
from runs.shapes import Endpoint, ModelChoice
from smartspawn.lib.errors import SmartSpawnError

# For so long a closed breaker or a changed connection may go unseen; a run of a thousand nodes asks a thousand times.
KEPT_S: Final = 1.0
# Some prices rise with the length of the prompt, none of them below this.
SHORT_PROMPT_TOKENS: Final = 16_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spot:
    """A place for a call, with its price and the key that opens it."""

    choice: ModelChoice
    endpoint: Endpoint
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """The places for a model, and why there are no more."""

    spots: tuple[Spot, ...]
    problem: str = ""
    code: str = ""


class Places:
    """The places that a run may call, and how they fared lately."""

    def __init__(self, reads: Executor, *, is_simulated: bool) -> None:
        self._reads = reads
        self._is_simulated = is_simulated
        self._found: dict[tuple[str, int], tuple[float, asyncio.Future[Found]]] = {}
        self._asking: dict[tuple[str, str], asyncio.Future[None]] = {}
        self._shut_at: dict[tuple[str, str], tuple[float, float]] = {}  # a breaker was open there; for how long
        self._clear_at: dict[tuple[str, str], float] = {}  # no breaker was open there at that moment
        self._told_at: dict[tuple[str, str], float] = {}  # when the breakers last heard of a success

    async def find(self, choice: ModelChoice, prompt_tokens: int) -> Found:
        """The places for a model and a prompt of this length, best first."""
        key = (choice.model_id, 0 if prompt_tokens < SHORT_PROMPT_TOKENS else prompt_tokens)
        found_at, found = self._found.get(key, (float("-inf"), None))
        if found is None or time.monotonic() - found_at > KEPT_S:
            found = asyncio.ensure_future(
                self._off_loop(lambda: look_up(choice, key[1], is_simulated=self._is_simulated))
            )
            self._found[key] = time.monotonic(), found
        return await asyncio.shield(found)  # others wait for the same answer

    async def wait_s(self, spot: Spot) -> float:
        """How long the place is to be left alone; with 0 the caller makes its call now."""
        key = _key(spot.endpoint)
        while (known_s := self._known_wait_s(key)) is None:
            asking = self._asking.get(key)
            if asking is None:
                return await self._ask(key, spot.endpoint)
            await asyncio.wait((asking,))  # of many that begin at once, one asks
        return known_s

    async def _ask(self, key: tuple[str, str], endpoint: Endpoint) -> float:
        asking = self._asking[key] = asyncio.get_running_loop().create_future()
        try:
            is_open, wait_s = await self._off_loop(lambda: _ask_breaker(endpoint))
            now = time.monotonic()
            if is_open:  # thousands may wait for it
                self._shut_at[key] = now, max(wait_s, KEPT_S)
            elif wait_s == 0.0:  # otherwise ours is the one call that is let through
                self._clear_at[key] = now
            return max(wait_s, KEPT_S) if is_open else 0.0
        finally:
            del self._asking[key]
            asking.set_result(None)

    def _known_wait_s(self, key: tuple[str, str]) -> float | None:
        """What the breaker said a moment ago."""
        now = time.monotonic()
        shut_at, wait_s = self._shut_at.get(key, (float("-inf"), 0.0))
        if now - shut_at < KEPT_S:
            return wait_s
        return 0.0 if now - self._clear_at.get(key, float("-inf")) < KEPT_S else None

    async def note_success(self, spot: Spot) -> None:
        """Tell the breakers of it, unless they heard as much a moment ago."""
        key, now = _key(spot.endpoint), time.monotonic()
        self._shut_at.pop(key, None)
        if key not in self._clear_at or now - self._told_at.get(key, float("-inf")) > KEPT_S:
            self._told_at[key] = now
            await self._off_loop(lambda: breakers.note_success(spot.endpoint))

    async def note_fault(self, spot: Spot, fault: Fault) -> None:
        """Tell the breakers of it."""
        self._clear_at.pop(_key(spot.endpoint), None)
        self._shut_at.pop(_key(spot.endpoint), None)
        self._told_at.pop(_key(spot.endpoint), None)  # the next success ends the row of failures: it is told at once
        await self._off_loop(lambda: breakers.note_fault(spot.endpoint, fault))

    async def _off_loop(self, ask: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reads, ask)


def look_up(choice: ModelChoice, prompt_tokens: int, *, is_simulated: bool) -> Found:
    """The places for a model and a prompt of this length, best first; may read the database."""
    spots, problems = [], []
    endpoints = find_endpoints(choice.model_id, is_simulated=is_simulated, prompt_tokens=prompt_tokens)
    for endpoint in endpoints:
        try:
            spots.append(Spot(choice, priced(endpoint), reveal_secret(endpoint.connection)))
        except SmartSpawnError as error:
            problems.append(error)
    if not endpoints:
        return Found((), why_unreachable(choice.model_id, is_simulated=is_simulated), "unreachable_model")
    code = "model_unpriced" if any(isinstance(error, UnpricedModel) for error in problems) else "no_connection"
    return Found(tuple(spots), " ".join(error.message for error in problems), code if problems else "")


def _ask_breaker(endpoint: Endpoint) -> tuple[bool, float]:
    is_open = breakers.is_open(endpoint)
    return is_open, breakers.wait_s(endpoint)


def _key(endpoint: Endpoint) -> tuple[str, str]:
    return endpoint.connection, endpoint.model_id
