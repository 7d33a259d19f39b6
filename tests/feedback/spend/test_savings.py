"""Savings: one call after the other priced by hand, and what counts as a straight answer."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from catalog.queries import PricePoint
from catalog.shapes import Tier
from feedback.spend.baselines import Rated, choose_baselines, quality_of, quality_of_used
from feedback.spend.cascades import cascades_of
from feedback.spend.rates import Answer, costs_of, lay_out, rates_of, tokens_of
from feedback.spend.savings import Baseline, Deed, Prices, compare, straight_shares, stretches
from feedback.spend.shapes import BaselineKey
from runs.spend.shapes import Period, Spent
from tests.factories import make_entry, make_score

DAY = date(2026, 11, 10)
DAYS = Period(DAY, DAY)


def point(prompt: object, completion: object = None, *, day: date = DAY, read: object = None) -> PricePoint:
    prices = [None if value is None else Decimal(str(value)) for value in (prompt, completion or prompt, read)]
    return PricePoint(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), *prices, None)


def deed(purpose: str, count: int = 1, cost: int = 0, *, mode: str = "single", **changes: object) -> Deed:
    tokens = int(changes.pop("tokens", 1000 * count))  # type: ignore[call-overload]
    spent = Spent(call_count=count, fresh_input_tokens=tokens, output_tokens=tokens // 10, cost_nano_usd=cost)
    fields = {"days": DAYS, "mode": mode, "category": "coding", "purpose": purpose, "status": "ok", **changes}
    return Deed(**fields, spent=spent)  # type: ignore[arg-type]


def base(model_id: str = "acme/big", category: str = "coding") -> Baseline:
    return Baseline(BaselineKey.PREMIUM, {category: model_id})


BIG = Prices({"acme/big": (point(10, 50),)})
A_CALL = 1000 * 10_000 + 100 * 50_000  # what a thousand tokens in and a hundred out cost of the big model


def test_paid_holds_all_that_was_around_the_work_and_what_was_lost() -> None:
    deeds = [
        deed("task", 2, 700),
        deed("judge", 2, 50),
        deed("planner", 1, 30),
        deed("task", 1, 9, status="failed"),
        deed("task", 1, 400, status="uncertain"),
    ]
    saving = compare(base(), deeds, BIG)
    assert saving.paid_nano_usd == 1189
    assert (saving.overhead_nano_usd, saving.lost_nano_usd) == (80, 409)
    assert saving.answer_count == 2 - 0
    assert saving.baseline_nano_usd == 2 * A_CALL
    assert saving.saved_nano_usd == 2 * A_CALL - 1189


def test_a_dearer_way_is_a_negative_saving() -> None:
    saving = compare(base(), [deed("task", 1, 2 * A_CALL)], BIG)
    assert saving.saved_nano_usd == -A_CALL
    assert saving.saved_share == -1.0


@pytest.mark.parametrize(
    ("mode", "deeds", "kept"),
    [
        ("cascade", [("task", 10), ("judge", 10), ("escalation", 3)], {"task": 7, "escalation": 3}),
        ("collective", [("task", 9), ("merge", 3)], {"task": 3}),
        ("collective", [("task", 9)], {"task": 0}),
        ("single", [("task", 6), ("judge", 2)], {"task": 2}),
        ("single", [("task", 10), ("refine", 4), ("critic", 4)], {"task": 6, "refine": 4}),
        ("plan", [("planner", 1), ("step", 3), ("merge", 1)], {"step": 3}),
        ("chat", [("chat", 5)], {"chat": 5}),
        ("cascade", [("task", 1), ("escalation", 4)], {"task": 0, "escalation": 4}),
    ],
)
def test_a_straight_answer_is_given_once(mode: str, deeds: list[tuple[str, int]], kept: dict[str, int]) -> None:
    shares = straight_shares(mode, [deed(purpose, count, mode=mode) for purpose, count in deeds])
    assert {item.purpose: item.spent.call_count * kept / count for item, kept, count in shares} == kept


def test_a_call_is_priced_by_the_day_and_left_out_of_both_sides_where_nobody_knows_the_price() -> None:
    before, after = DAY - timedelta(1), DAY + timedelta(1)
    prices = Prices({"acme/big": (point(10, 50), point(20, 100, day=after))})
    days = [Period(before, before), DAYS, Period(after, after)]
    saving = compare(base(), [deed("task", 1, 5, days=period) for period in days], prices)
    assert saving.baseline_nano_usd == A_CALL + 2 * A_CALL
    assert (saving.paid_nano_usd, saving.left_out_count, saving.left_out_nano_usd) == (10, 1, 5)
    assert prices.changes_within(Period(before, after), ["acme/big"]) == (DAY, after)
    assert stretches(Period(before, after), (DAY, after)) == tuple(days)


def test_a_kind_of_task_without_a_base_line_is_left_out_whole() -> None:
    saving = compare(base(category="vision"), [deed("task", 2, 7), deed("judge", 1, 3)], BIG)
    assert (saving.paid_nano_usd, saving.baseline_nano_usd) == (0, 0)
    assert (saving.left_out_count, saving.left_out_nano_usd) == (3, 10)


def cost_nano(spent: Spent, price: PricePoint) -> int | None:
    return costs_of(lay_out([[Answer(tokens_of(spent), 1, 1)]]), [rates_of(price)])[0]


def test_cached_tokens_without_a_price_of_their_own_cost_what_fresh_ones_do() -> None:
    spent = Spent(call_count=1, cache_read_tokens=1000)
    assert cost_nano(spent, point(10)) == 1000 * 10_000
    assert cost_nano(spent, point(10, read=1)) == 1000 * 1_000
    assert cost_nano(spent, point(None)) is None
    assert cost_nano(Spent(call_count=1, output_tokens=10), point(None, 20)) == 10 * 20_000  # of output alone


@pytest.mark.parametrize("seed", range(5))
def test_sums_cost_what_their_calls_cost_one_by_one(seed: int) -> None:
    chance = random.Random(seed)
    calls = [(chance.randrange(9000), chance.randrange(3000), chance.randrange(10**7)) for _ in range(40)]
    one_by_one = [
        Spent(call_count=1, fresh_input_tokens=fresh, output_tokens=out, cost_nano_usd=cost)
        for fresh, out, cost in calls
    ]
    prices = Prices({"acme/big": (point("3.25", "15.125"),)})
    whole = sum(cost_nano(spent, point("3.25", "15.125")) or 0 for spent in one_by_one)
    together = Spent(40, sum(c[0] for c in calls), 0, 0, sum(c[1] for c in calls), 0, sum(c[2] for c in calls))
    saving = compare(base(), [Deed(DAYS, "chat", "coding", "chat", "ok", together)], prices)
    assert abs(saving.baseline_nano_usd - whole) <= len(calls)  # each call was rounded by itself
    assert saving.paid_nano_usd == sum(c[2] for c in calls)


def test_base_lines_are_the_best_premium_the_best_used_the_cheapest_capable_and_what_was_used_most() -> None:
    entries = {
        entry.facts.model_id: entry
        for entry in (
            make_entry("a/premium", value=90, tier=Tier.PREMIUM, prompt_usd=Decimal(15), completion_usd=Decimal(75)),
            make_entry("b/used", value=80),
            make_entry("c/weak", value=45, prompt_usd=Decimal("0.01"), completion_usd=Decimal("0.01")),
            make_entry("d/cheap", value=70, prompt_usd=Decimal("0.1"), completion_usd=Decimal("0.2")),
            make_entry("e/free", value=70, prompt_usd=Decimal(0), completion_usd=Decimal(0)),
            make_entry("f/guess", value=99, parts=0, prompt_usd=Decimal("0.01"), completion_usd=Decimal("0.01")),
        )
    }
    answers = {("coding", "b/used"): 5, ("coding", "c/weak"): 9}
    lines = {item.key: item.models for item in choose_baselines(entries, answers, {"c/weak": 3, "x/gone": 2}, "")}
    assert lines == {
        BaselineKey.PREMIUM: {"coding": "a/premium"},
        BaselineKey.POOL: {"coding": "b/used"},
        BaselineKey.CHEAPEST: {"coding": "d/cheap"},
        BaselineKey.BEFORE: {"coding": "c/weak"},
    }
    named = choose_baselines(entries, answers, {"c/weak": 3}, "a/premium")[-1]
    assert named.models == {"coding": "a/premium"}
    assert choose_baselines(entries, answers, {}, "")[-1].models == {}


def test_quality_is_the_mean_over_the_work_and_says_how_much_of_it_is_known() -> None:
    entries = {"a/a": make_entry("a/a"), "b/b": make_entry("b/b")}
    for model_id, value in (("a/a", 80.0), ("b/b", 60.0)):
        object.__setattr__(entries[model_id], "scores", {"coding": make_score(value)})
    answers = {("coding", "a/a"): 3, ("coding", "b/b"): 1, ("coding", "x/gone"): 4}
    rated = [Rated("a/a", "coding", 4.0, 3.0, 5), Rated("z/other", "coding", 9.0, 0.0, 9)]
    used = quality_of_used(entries, answers, rated)
    assert used.score == 75.0
    assert used.scored_share == 0.5
    assert used.rating_count == 5
    assert used.rating is not None
    assert used.rating.lower < used.rating.mean < used.rating.upper
    never = quality_of(base("b/b"), entries, answers, rated)
    assert (never.score, never.rating, never.rating_count) == (60.0, None, 0)


def test_cascades_tell_how_often_the_cheap_answer_was_enough() -> None:
    deeds = [
        deed("task", 10, 100, mode="cascade"),
        deed("judge", 10, 40, mode="cascade"),
        deed("escalation", 3, 300, mode="cascade"),
        deed("judge", 1, 7, mode="cascade", status="failed"),
        deed("task", 2, 5, mode="cascade", category="vision"),
    ]
    coding, vision = cascades_of(deeds)
    assert (coding.hit_count, coding.hit_share, coding.cost_nano_usd) == (7, 0.7, 447)
    assert (coding.judged_nano_usd, coding.lost_nano_usd) == (40, 7)
    assert (coding.hit_lower or 0) < 0.7 < (coding.hit_upper or 1)
    assert (vision.category, vision.hit_share) == ("vision", 1.0)
