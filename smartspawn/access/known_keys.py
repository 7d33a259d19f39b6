"""The actors behind keys that were looked up a moment ago, for the event loop: it must not wait for a database."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

from django.db import close_old_connections

from smartspawn.access.keys import find_key_actor
from smartspawn.access.shapes import Actor

# A key that was revoked, anywhere, opens nothing within a second.
KEPT_S: Final = 0.8
# From this age on a key in use is looked up anew while it still counts, so that nobody waits for that.
RENEWED_AFTER_S: Final = 0.3
MOST_KEYS: Final = 1_024
Find = Callable[[str], Actor | None]


@dataclass(slots=True)
class _Known:
    """What a look-up said, and when it began: what changed since then is not in it."""

    actor: Actor
    asked_at_s: float


class KnownKeys:
    """Keys and whose they are, at most so long ago; only for one event loop."""

    def __init__(self, reads: Executor, find: Find = find_key_actor) -> None:
        self._reads = reads
        self._find = find
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._asking: dict[bytes, asyncio.Future[Actor | None]] = {}

    async def find(self, token: str) -> Actor | None:
        """Who asks with this key, without an address; None for a key that opens nothing."""
        name = hashlib.sha256(token.encode()).digest()  # the keys themselves are not kept
        known = self._known.get(name)
        age_s = time.monotonic() - known.asked_at_s if known else KEPT_S
        if age_s >= RENEWED_AFTER_S and name not in self._asking:
            asking = self._asking[name] = asyncio.ensure_future(self._look_up(name, token))
            asking.add_done_callback(lambda done: self._forget_asking(name, done))
        if known is not None and age_s < KEPT_S:
            return known.actor
        return await asyncio.shield(self._asking[name])

    async def _look_up(self, name: bytes, token: str) -> Actor | None:
        asked_at_s = time.monotonic()
        actor = await asyncio.get_running_loop().run_in_executor(self._reads, self._ask, token)
        if actor is None:
            self._known.pop(name, None)  # attempts with keys that open nothing fill no memory
            return None
        self._known[name] = _Known(actor, asked_at_s)
        self._known.move_to_end(name)
        while len(self._known) > MOST_KEYS:
            self._known.popitem(last=False)
        return actor

    def _ask(self, token: str) -> Actor | None:
        close_old_connections()
        return self._find(token)

    def _forget_asking(self, name: bytes, done: asyncio.Future[Actor | None]) -> None:
        self._asking.pop(name, None)
        if not done.cancelled() and done.exception() is not None:
            self._known.pop(name, None)  # whoever asks next asks the database, and hears what is wrong with it
