"""Remember answers for a while, and never more than so many."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class TtlCache(Generic[K, V]):
    """A thread-safe memory of the most recently used entries, each for at most `ttl_s`."""

    def __init__(self, *, entries_max: int, ttl_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._entries_max, self._ttl_s, self._clock = entries_max, ttl_s, clock
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: K) -> V | None:
        """What was kept under this key, unless it is too old or was crowded out."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            kept_at, value = entry
            if self._clock() - kept_at >= self._ttl_s:
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return value

    def keep(self, key: K, value: V) -> None:
        """Remember; the entry that was not used for longest makes room."""
        with self._lock:
            self._entries[key] = (self._clock(), value)
            self._entries.move_to_end(key)
            while len(self._entries) > self._entries_max:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
