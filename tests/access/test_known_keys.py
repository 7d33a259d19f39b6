from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from smartspawn.access import known_keys
from smartspawn.access.known_keys import KEPT_S, MOST_KEYS, RENEWED_AFTER_S, KnownKeys
from smartspawn.access.shapes import Actor, Scope

ALICE = Actor(label="key of alice", scopes=frozenset({Scope.RUNS_WRITE}), user_id=1, key_id=7)


class Book:
    """Whose keys are good, with a list of who asked."""

    def __init__(self) -> None:
        self.good = {"ss_alice": ALICE}
        self.asked: list[str] = []
        self.is_lost = False

    def find(self, token: str) -> Actor | None:
        self.asked.append(token)
        if self.is_lost:
            raise OSError("the database is gone")
        return self.good.get(token)


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(known_keys, "time", clock)
    return clock


@pytest.fixture
def reads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_many_that_come_at_once_ask_once(clock: Clock, reads: ThreadPoolExecutor) -> None:
    book = Book()

    async def ask() -> list[Actor | None]:
        keys = KnownKeys(reads, book.find)
        return await asyncio.gather(*(keys.find("ss_alice") for _ in range(50)))

    assert asyncio.run(ask()) == [ALICE] * 50
    assert book.asked == ["ss_alice"]


def test_a_revoked_key_opens_nothing_within_a_second(clock: Clock, reads: ThreadPoolExecutor) -> None:
    book = Book()

    async def ask() -> Actor | None:
        keys = KnownKeys(reads, book.find)
        assert await keys.find("ss_alice") == ALICE
        del book.good["ss_alice"]
        clock.now_s += KEPT_S + 0.01
        return await keys.find("ss_alice")

    assert asyncio.run(ask()) is None
    assert KEPT_S < 1


def test_a_key_in_use_is_looked_up_anew_while_nobody_waits(clock: Clock, reads: ThreadPoolExecutor) -> None:
    book = Book()

    async def ask() -> Actor | None:
        keys = KnownKeys(reads, book.find)
        await keys.find("ss_alice")
        del book.good["ss_alice"]
        clock.now_s += RENEWED_AFTER_S + 0.01
        assert await keys.find("ss_alice") == ALICE  # still good for a moment; somebody looks meanwhile
        await asyncio.gather(*keys._asking.values())
        return await keys.find("ss_alice")

    assert asyncio.run(ask()) is None


def test_keys_that_open_nothing_are_not_remembered_and_of_the_others_only_so_many(
    clock: Clock, reads: ThreadPoolExecutor
) -> None:
    book = Book()
    book.good = {f"ss_{number}": ALICE for number in range(MOST_KEYS + 10)}

    async def ask() -> int:
        keys = KnownKeys(reads, book.find)
        for number in range(MOST_KEYS + 10):
            await keys.find(f"ss_{number}")
            await keys.find(f"ss_none_{number}")
        return len(keys._known)

    assert asyncio.run(ask()) == MOST_KEYS


def test_what_goes_wrong_in_looking_up_is_heard_and_forgotten(clock: Clock, reads: ThreadPoolExecutor) -> None:
    book = Book()

    async def ask() -> Actor | None:
        keys = KnownKeys(reads, book.find)
        book.is_lost = True
        with pytest.raises(OSError, match="gone"):
            await keys.find("ss_alice")
        book.is_lost = False
        return await keys.find("ss_alice")

    assert asyncio.run(ask()) == ALICE
