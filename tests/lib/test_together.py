"""What several threads ask for while a turn lasts is carried out as one, and each gets its own answers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from smartspawn.lib.together import Together


class Work:
    """Doubles numbers; its first turn lasts until it is let go."""

    def __init__(self) -> None:
        self.turns: list[list[int]] = []
        self.is_begun, self.may_end = threading.Event(), threading.Event()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.turns.append(list(items))
        self.is_begun.set()
        assert self.may_end.wait(10)
        if 13 in items:
            raise ValueError("unlucky")
        return [2 * item for item in items]


def ask_during_first_turn(work: Work, together: Together[int, int], wishes: Sequence[Sequence[int]]) -> list[object]:
    """What came of wishes that were all uttered while the first turn, for the number 1, lasted."""
    with ThreadPoolExecutor(len(wishes) + 1) as threads:
        first = threads.submit(together.ask, [1])
        assert work.is_begun.wait(10)
        others = [threads.submit(together.ask, wish) for wish in wishes]
        while len(together._waiting) < len(wishes):
            threading.Event().wait(0.001)
        work.may_end.set()
        assert list(first.result(10)) == [2]
        return [other.exception(10) or list(other.result()) for other in others]


def test_who_waits_is_served_in_one_turn_with_the_others() -> None:
    work = Work()
    together = Together(work, most=16)
    assert ask_during_first_turn(work, together, [[2, 3], [4], []]) == [[4, 6], [8], []]
    assert len(work.turns) == 2
    assert sorted(work.turns[1]) == [2, 3, 4]


def test_a_turn_takes_no_more_than_fit_but_always_one_wish() -> None:
    work = Work()
    together = Together(work, most=3)
    answers = ask_during_first_turn(work, together, [[2, 3], [4, 5], [6, 7, 8, 9]])
    assert answers == [[4, 6], [8, 10], [12, 14, 16, 18]]
    assert sorted(map(len, work.turns[1:])) == [2, 2, 4]


def test_a_failure_is_told_to_whom_it_belongs_and_to_nobody_in_company() -> None:
    work = Work()
    together = Together(work, most=16)
    answer, failure = ask_during_first_turn(work, together, [[2], [13]])
    assert answer == [4]
    assert str(failure) == "unlucky"
    assert list(together.ask([5])) == [10]


def test_as_many_turns_as_allowed_are_carried_out_at_once_and_no_more() -> None:
    at_once, most_at_once, count = threading.Lock(), 0, 0
    both = threading.Barrier(2)

    def work(items: Sequence[int]) -> list[int]:
        nonlocal count, most_at_once
        with at_once:
            count += 1
            most_at_once = max(most_at_once, count)
        if -1 in items:
            both.wait(10)  # broken unless two turns meet here
        with at_once:
            count -= 1
        return [2 * item for item in items]

    together = Together(work, most=1, turns=2)
    with ThreadPoolExecutor(8) as threads:
        assert [list(answer) for answer in threads.map(together.ask, [[-1], [-1]], timeout=20)] == [[-2], [-2]]
        assert [list(answer) for answer in threads.map(together.ask, [[n] for n in range(400)], timeout=20)] == [
            [2 * n] for n in range(400)
        ]
    assert most_at_once == 2


def test_many_who_ask_at_once_get_their_own_answers_whatever_fails_for_others() -> None:
    def work(items: Sequence[int]) -> list[int]:
        threading.Event().wait(0.0002)
        if any(item % 17 == 0 for item in items):
            raise ValueError("unlucky")
        return [2 * item for item in items]

    together = Together(work, most=5, turns=2)

    def ask(first: int) -> bool:
        wish = list(range(first, first + first % 4))
        try:
            return list(together.ask(wish)) == [2 * item for item in wish]
        except ValueError:
            return any(item % 17 == 0 for item in wish)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(600), timeout=30))


def test_an_own_failure_is_raised() -> None:
    work = Work()
    work.may_end.set()
    with pytest.raises(ValueError, match="unlucky"):
        Together(work, most=16).ask([13])
