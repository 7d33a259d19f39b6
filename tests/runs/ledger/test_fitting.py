"""Fitting calls into balances, against a slow and obvious version."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runs.ledger.fitting import Ask, Room, fit

ROOMS = st.lists(
    st.tuples(st.none() | st.integers(0, 60), st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=4
)
ASKS = st.lists(st.tuples(st.integers(0, 20), st.lists(st.integers(0, 3), max_size=4, unique=True)), max_size=12)


@given(ROOMS, ASKS)
def test_each_call_gets_what_going_through_them_one_by_one_gives(
    rows: list[tuple[int | None, int, int]], wanted: list[tuple[int, list[int]]]
) -> None:
    rooms = {number: Room(number, "site", "", *row) for number, row in enumerate(rows)}
    asks = [Ask(amount, tuple(n for n in numbers if n in rooms)) for amount, numbers in wanted]
    used = {number: spent + reserved for number, (_, spent, reserved) in enumerate(rows)}
    expected = []
    for ask in asks:
        caps = [rows[number][0] for number in ask.balance_ids]
        after = [used[number] + ask.amount_nano_usd for number in ask.balance_ids]
        fits = all(cap is None or total <= cap for cap, total in zip(caps, after, strict=True))
        expected.append(fits)
        if fits:
            used.update(zip(ask.balance_ids, after, strict=True))

    answers, taken = fit(asks, rooms)

    assert [answer is None for answer in answers] == expected
    for number, (_, spent, reserved) in enumerate(rows):
        assert spent + reserved + taken.get(number, 0) == used[number]


def test_what_is_kept_must_stay_free_in_the_balance_of_the_run_alone() -> None:
    rooms = {1: Room(1, "run:x", "", 10, 2, 1), 2: Room(2, "site", "2026-11", 4, 0, 0)}
    answers, taken = fit([Ask(4, (1, 2), 4), Ask(4, (1, 2), 3)], rooms)
    assert [answer is None for answer in answers] == [False, True]
    assert answers[0] is not None
    assert answers[0].room.scope == "run:x"
    assert taken == {1: 4, 2: 4}, "what is kept is nobody's yet: it is not set aside"


def test_a_smaller_call_after_one_that_does_not_fit_may_still_fit() -> None:
    room = Room(1, "site", "2026-11", 10, 0, 0)
    answers, taken = fit([Ask(6, (1,)), Ask(6, (1,)), Ask(4, (1,))], {1: room})
    assert [answer is None for answer in answers] == [True, False, True]
    assert taken == {1: 10}
    assert answers[1] is not None
    assert answers[1].reserved_nano_usd == 6
