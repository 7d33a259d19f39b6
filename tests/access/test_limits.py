"""Limits: exact, bounded, shared."""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import Client

from smartspawn.access.limits import Limiter, RedisWindow, SlidingWindow, Unlimited, check_limit
from smartspawn.access.rates import Rate
from smartspawn.lib.errors import TooManyRequests

REDIS_URL = os.environ.get("REDIS_URL", "")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class SlowWindow:
    """The rule, word by word: every accepted hit is kept, and those within the window are counted."""

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self.rate = rate
        self.clock = clock
        self.accepted: dict[str, list[float]] = defaultdict(list)

    def hit(self, key: str) -> float:
        recent = sorted(at for at in self.accepted[key] if self.clock() < at + self.rate.window_s)
        if len(recent) >= self.rate.hit_count:
            return recent[len(recent) - self.rate.hit_count] + self.rate.window_s - self.clock()
        self.accepted[key].append(self.clock())
        return 0.0


@pytest.mark.parametrize("seed", range(5))
def test_the_ring_decides_as_the_rule_does(seed: int) -> None:
    chance = random.Random(seed)
    clock, rate = Clock(), Rate(chance.choice([1, 2, 7, 40]), chance.choice([1, 10, 60]))
    limiter, oracle = SlidingWindow(rate, clock=clock), SlowWindow(rate, clock)
    for _ in range(4000):
        # Powers of two, so that no rounding decides; often exactly one window later.
        clock.now += chance.choice([0.0, 0.0, 0.125, 0.5, 2.0, rate.window_s])
        key = chance.choice("abcd")
        assert limiter.hit(key) == oracle.hit(key)


def test_a_refused_hit_does_not_count() -> None:
    clock = Clock()
    limiter = SlidingWindow(Rate(2, 60), clock=clock)
    assert [limiter.hit("a") for _ in range(4)] == [0.0, 0.0, 60.0, 60.0]
    clock.now += 60
    assert [limiter.hit("a") for _ in range(3)] == [0.0, 0.0, 60.0]


def test_a_window_slides_instead_of_starting_over() -> None:
    clock = Clock()
    limiter = SlidingWindow(Rate(2, 60), clock=clock)
    limiter.hit("a")
    clock.now += 59
    limiter.hit("a")
    clock.now += 2  # the first has left, the second has not
    assert limiter.hit("a") == 0.0
    assert limiter.hit("a") == 58.0


def test_clients_do_not_share_a_count_and_can_be_forgiven() -> None:
    limiter = SlidingWindow(Rate(1, 60), clock=Clock())
    assert limiter.hit("a") == 0.0
    assert limiter.hit("b") == 0.0
    assert limiter.hit("a") > 0
    limiter.forget("a")
    assert limiter.hit("a") == 0.0


def _accepted_by_threads(limiter: Limiter, *, attempts: int, keys: int) -> dict[str, int]:
    barrier = threading.Barrier(8)
    names = [f"client {place}" for place in range(keys)]

    def hammer() -> list[str]:
        barrier.wait()
        return [name for _ in range(attempts) for name in names if limiter.hit(name) == 0.0]

    old_interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            accepted = [future.result() for future in [pool.submit(hammer) for _ in range(8)]]
    finally:
        sys.setswitchinterval(old_interval)
    return {name: sum(names_let_in.count(name) for names_let_in in accepted) for name in names}


class YieldingRate:
    """A rate that lets another thread go first each time it is read: between looking and counting, too."""

    window_s = 3600

    @property
    def hit_count(self) -> int:
        time.sleep(0)
        return 20


def test_threads_together_get_exactly_the_limit() -> None:
    accepted = _accepted_by_threads(SlidingWindow(YieldingRate()), attempts=20, keys=3)
    assert set(accepted.values()) == {20}


def test_a_flood_of_addresses_does_not_grow_the_memory() -> None:
    limiter = SlidingWindow(Rate(200, 60), clock=Clock(), max_keys=100)
    for place in range(10_000):
        limiter.hit(f"address {place}")
    assert len(limiter) == 100


def test_a_flood_neither_locks_newcomers_out_nor_frees_a_busy_client() -> None:
    clock = Clock()
    limiter = SlidingWindow(Rate(3, 60), clock=clock, max_keys=50)
    for place in range(200):
        clock.now += 0.01
        if place % 40 == 0:
            limiter.hit("busy")
        assert limiter.hit(f"address {place}") == 0.0
    assert limiter.hit("busy") > 0


def test_clients_whose_window_has_passed_are_dropped_as_others_come() -> None:
    clock = Clock()
    limiter = SlidingWindow(Rate(5, 60), clock=clock)
    for place in range(100):
        limiter.hit(f"early {place}")
    clock.now += 60
    for place in range(100):
        limiter.hit(f"late {place}")
    assert len(limiter) == 100


def test_check_limit_says_how_long_to_wait_in_whole_seconds() -> None:
    clock = Clock()
    limiter = SlidingWindow(Rate(1, 60), clock=clock)
    check_limit(limiter, "a")
    clock.now += 0.5
    with pytest.raises(TooManyRequests) as refused:
        check_limit(limiter, "a")
    assert refused.value.retry_after_s == 60
    clock.now += 59.25
    with pytest.raises(TooManyRequests) as refused:
        check_limit(limiter, "a")
    assert refused.value.retry_after_s == 1


def test_a_limit_that_is_off_lets_everything_pass() -> None:
    assert {Unlimited().hit("a") for _ in range(1000)} == {0.0}


# --- Redis -------------------------------------------------------------------------------------

needs_redis = pytest.mark.skipif(not REDIS_URL, reason="REDIS_URL names no server")


@pytest.mark.stores
@needs_redis
def test_through_redis_several_limiters_count_as_one() -> None:
    name = f"test-{uuid.uuid4().hex}"
    limiters = [RedisWindow(Rate(50, 60), name=name, url=REDIS_URL) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda place: limiters[place % 2].hit("a"), range(300)))
    assert waits.count(0.0) == 50
    assert all(59 < wait <= 60 for wait in waits if wait)


@pytest.mark.stores
@needs_redis
def test_a_window_in_redis_slides_and_leaves_nothing_behind() -> None:
    import redis

    limiter = RedisWindow(Rate(2, 1), name=f"test-{uuid.uuid4().hex}", url=REDIS_URL)
    assert [limiter.hit("a") == 0.0 for _ in range(3)] == [True, True, False]
    time.sleep(1.05)
    assert limiter.hit("a") == 0.0
    limiter.forget("a")
    assert not redis.Redis.from_url(REDIS_URL).exists(limiter._key("a"))


def test_without_an_answer_from_redis_each_process_counts_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("redis")
    clock = Clock()
    limiter = RedisWindow(Rate(2, 60), name="test", url="redis://127.0.0.1:1/0", clock=clock)
    assert [limiter.hit("a") == 0.0 for _ in range(3)] == [True, True, False]
    assert len([line for line in caplog.messages if "does not answer" in line]) == 1  # then it pauses


# --- over HTTP ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_api_answers_429_with_the_wait_and_the_envelope(limit: Callable[..., None]) -> None:
    limit("RATE_LIMIT", 2, 60)
    client = Client()
    codes = [client.get("/api/nothing-here", REMOTE_ADDR="192.0.2.1").status_code for _ in range(3)]
    assert codes == [404, 404, 429]
    refused = client.get("/api/nothing-here", REMOTE_ADDR="192.0.2.1")
    assert json.loads(refused.content) == {"error": {"code": "RATE_LIMITED", "message": "Too many requests"}}
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused["Access-Control-Allow-Origin"] == "*"
    assert refused["Cache-Control"] == "no-store"
    assert client.get("/api/nothing-here", REMOTE_ADDR="192.0.2.2").status_code == 404


@pytest.mark.django_db
def test_a_header_of_the_client_does_not_change_whom_it_is_counted_for(limit: Callable[..., None]) -> None:
    limit("RATE_LIMIT", 5, 60)
    client = Client()
    codes = [
        client.get("/api/x", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=f"198.51.100.{place}").status_code
        for place in range(20)
    ]
    assert codes.count(429) == 15


@pytest.mark.django_db
def test_pages_have_a_count_of_their_own_and_static_files_none(limit: Callable[..., None]) -> None:
    limit("RATE_LIMIT", 1, 60)
    limit("PAGE_RATE_LIMIT", 3, 60)
    client = Client()
    assert [client.get("/sign-in/").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert "Retry-After" in client.get("/sign-in/")
    assert client.get("/healthz").status_code != 429
