"""How often each client may ask: exact sliding windows, bounded in memory, shared through Redis if given."""

from __future__ import annotations

import logging
import math
import threading
import time
from array import array
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from django.conf import settings

from smartspawn.access.rates import Rate
from smartspawn.lib.errors import TooManyRequests

logger = logging.getLogger(__name__)

Clock = Callable[[], float]

# At the default 200 hits of 8 bytes this is at most 32 MB, and 5 MB when each client came once.
MAX_KEYS = 20_000
_REDIS_TIMEOUT_S = 0.25
_REDIS_PAUSE_S = 5.0  # after a failure: do not make every request wait for the time-out

_HIT_SCRIPT = """
local now = redis.call('TIME')
local now_us = now[1] * 1000000 + now[2]
local limit, window_us = tonumber(ARGV[1]), tonumber(ARGV[2])
local oldest_us = redis.call('LINDEX', KEYS[1], limit - 1)
if oldest_us then
  local wait_us = oldest_us + window_us - now_us
  if wait_us > 0 then return wait_us end
end
redis.call('LPUSH', KEYS[1], string.format('%.0f', now_us))
redis.call('LTRIM', KEYS[1], 0, limit - 1)
redis.call('PEXPIRE', KEYS[1], math.ceil(window_us / 1000))
return 0
"""


class Limiter(Protocol):
    def hit(self, key: str) -> float:
        """Count one request of this client: 0.0 when it is within the rate, else the seconds to wait.

        A refused request is not counted.
        """

    def forget(self, key: str) -> None:
        """Give this client a fresh start."""


class Unlimited:
    """A limit that is switched off."""

    def hit(self, key: str) -> float:  # noqa: ARG002 - the interface of a limiter
        return 0.0

    def forget(self, key: str) -> None:
        """Nothing is remembered."""


class _Hits:
    """The times of one client's last accepted hits, as a ring of at most the limit."""

    __slots__ = ("last_at", "oldest", "times")

    def __init__(self) -> None:
        self.times = array("d")
        self.oldest = 0  # where the oldest stands once the ring is full
        self.last_at = 0.0

    def add(self, now: float, limit: int) -> None:
        if len(self.times) < limit:
            self.times.append(now)
        else:
            self.times[self.oldest] = now
            self.oldest = (self.oldest + 1) % limit
        self.last_at = now

    def wait_s(self, now: float, rate: Rate) -> float:
        """Only the hit that is ``limit`` hits ago matters: it must have left the window."""
        if len(self.times) < rate.hit_count:
            return 0.0
        return max(0.0, self.times[self.oldest] + rate.window_s - now)


class SlidingWindow:
    """A limiter in this process's memory: exact under threads, constant time, bounded.

    Clients stand in the order in which they last asked. Those whose window has passed are dropped as
    others come; under a flood of more addresses than fit, the longest silent client is forgotten first,
    so a flood cannot lock newcomers out, nor cheaply wash away the count of a client that is busy now.
    """

    def __init__(self, rate: Rate, *, clock: Clock = time.monotonic, max_keys: int = MAX_KEYS) -> None:
        self.rate = rate
        self._clock = clock
        self._max_keys = max_keys
        self._lock = threading.Lock()
        self._clients: OrderedDict[str, _Hits] = OrderedDict()

    def __len__(self) -> int:
        return len(self._clients)

    def hit(self, key: str) -> float:
        with self._lock:
            now = self._clock()
            hits = self._clients.get(key)
            if hits is None:
                hits = self._admit(key, now)
            self._clients.move_to_end(key)
            wait_s = hits.wait_s(now, self.rate)
            if wait_s == 0.0:
                hits.add(now, self.rate.hit_count)
            return wait_s

    def forget(self, key: str) -> None:
        with self._lock:
            self._clients.pop(key, None)

    def _admit(self, key: str, now: float) -> _Hits:
        """A place for a new client; at most two leave for each that comes, so the cost stays constant."""
        for _ in range(2):
            if not self._clients:
                break
            quietest, hits = next(iter(self._clients.items()))
            has_passed = hits.last_at + self.rate.window_s <= now
            if not has_passed and len(self._clients) < self._max_keys:
                break
            del self._clients[quietest]
        return self._clients.setdefault(key, _Hits())


class RedisWindow:
    """The same limiter for several processes: one script in Redis, by Redis' own clock.

    While Redis does not answer, each process counts for itself: a limit that is too generous for a
    while is better than a site that is down, and better than no limit.
    """

    def __init__(self, rate: Rate, *, name: str, url: str, clock: Clock = time.monotonic) -> None:
        import redis

        self.rate = rate
        self._name = name
        self._clock = clock
        self._paused_until = -math.inf
        self._fallback = SlidingWindow(rate)
        self._faults: tuple[type[Exception], ...] = (redis.RedisError, OSError)
        self._redis = redis.Redis.from_url(
            url, socket_timeout=_REDIS_TIMEOUT_S, socket_connect_timeout=_REDIS_TIMEOUT_S
        )
        self._script = self._redis.register_script(_HIT_SCRIPT)

    def hit(self, key: str) -> float:
        if self._clock() >= self._paused_until:
            try:
                return self._hit_redis(key)
            except self._faults as error:
                self._paused_until = self._clock() + _REDIS_PAUSE_S
                logger.warning("Redis does not answer (%s); each process counts for itself.", error)
        return self._fallback.hit(key)

    def forget(self, key: str) -> None:
        self._fallback.forget(key)
        try:
            self._redis.delete(self._key(key))
        except self._faults as error:
            logger.warning("Redis does not answer (%s); a count stays until it expires.", error)

    def _hit_redis(self, key: str) -> float:
        arguments = [self.rate.hit_count, self.rate.window_s * 1_000_000]
        wait_us = self._script(keys=[self._key(key)], args=arguments)
        return int(wait_us) / 1_000_000

    def _key(self, key: str) -> str:
        # The rate is part of the name: after a changed setting, old counts mean nothing.
        return f"smartspawn:limit:{self._name}:{self.rate.hit_count}/{self.rate.window_s}:{key}"


def check_limit(limiter: Limiter, key: str, message: str = "Too many requests") -> None:
    """Count one request, or raise TooManyRequests with the whole seconds to wait (at least one)."""
    wait_s = limiter.hit(key)
    if wait_s > 0:
        raise TooManyRequests(message, retry_after_s=max(1, math.ceil(wait_s)))


@lru_cache(maxsize=32)
def build_limiter(name: str, rate: Rate | None, redis_url: str) -> Limiter:
    """The one limiter of this name and rate in this process."""
    if rate is None:
        return Unlimited()
    return RedisWindow(rate, name=name, url=redis_url) if redis_url else SlidingWindow(rate)


def general_limiter() -> Limiter:
    """Every request to the API, by client."""
    return build_limiter("api", settings.RATE_LIMIT, settings.REDIS_URL)


def page_limiter() -> Limiter:
    """Every request for a page or a part of one, by client."""
    return build_limiter("page", settings.PAGE_RATE_LIMIT, settings.REDIS_URL)


def refresh_limiter() -> Limiter:
    """Refreshes of the catalogue asked for over the API, by client."""
    return build_limiter("refresh", settings.REFRESH_RATE_LIMIT, settings.REDIS_URL)


def signin_address_limiter() -> Limiter:
    """Attempts to sign in, by client."""
    return build_limiter("signin-address", settings.SIGNIN_RATE_LIMIT, settings.REDIS_URL)


def signin_name_limiter() -> Limiter:
    """Attempts to sign in, by the name that was tried."""
    return build_limiter("signin-name", settings.SIGNIN_RATE_LIMIT, settings.REDIS_URL)


def key_failure_limiter() -> Limiter:
    """Uses of keys that open nothing, by client."""
    return build_limiter("key-failure", settings.KEY_FAILURE_RATE_LIMIT, settings.REDIS_URL)
