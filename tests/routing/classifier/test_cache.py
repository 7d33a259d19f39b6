"""The cache forgets by age and by number, and nothing else."""

from __future__ import annotations

from routing.classifier.cache import TtlCache


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_an_entry_lives_for_its_time_and_no_longer() -> None:
    clock = Clock()
    cache: TtlCache[str, int] = TtlCache(entries_max=3, ttl_s=10, clock=clock)
    cache.keep("a", 1)
    clock.now_s = 9.9
    assert cache.find("a") == 1
    clock.now_s = 10.0
    assert cache.find("a") is None
    assert len(cache) == 0


def test_the_entry_unused_for_longest_makes_room() -> None:
    cache: TtlCache[str, int] = TtlCache(entries_max=2, ttl_s=10, clock=Clock())
    cache.keep("a", 1)
    cache.keep("b", 2)
    cache.find("a")
    cache.keep("c", 3)
    assert (cache.find("a"), cache.find("b"), cache.find("c")) == (1, None, 3)


def test_keeping_again_renews() -> None:
    clock = Clock()
    cache: TtlCache[str, int] = TtlCache(entries_max=2, ttl_s=10, clock=clock)
    cache.keep("a", 1)
    clock.now_s = 8
    cache.keep("a", 2)
    clock.now_s = 15
    assert cache.find("a") == 2
    cache.clear()
    assert cache.find("a") is None
