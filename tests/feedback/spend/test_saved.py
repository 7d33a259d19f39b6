"""Savings over days with many price changes, held against every line of the ledger looked at one by one."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from catalog.models import PriceFact
from catalog.queries import history
from feedback.spend.saved import cascades_in, savings_of
from feedback.spend.savings import MOST_VOTES, Saving
from feedback.spend.shapes import Look
from runs.ledger.facets import ANSWERING
from runs.ledger.rebuild import rebuild_totals
from runs.models import LedgerEntry
from runs.money import price_nano
from runs.spend.daily import answer_counts, sum_deeds
from runs.spend.shapes import Dimension, Period, Slice
from tests.feedback.spend.books import TODAY, line, lines_of, write

FIRST = TODAY - timedelta(days=59)
LOOKED_AT = Period(TODAY - timedelta(days=49), TODAY)
USED = ("openai/big", "anthropic/middle", "google/quick")
PARTS = [
    Slice(),
    Slice(user_id=1),
    Slice(filters=((Dimension.CATEGORY, "coding"),)),
    Slice(filters=((Dimension.STATUS, "failed"),)),
    Slice(user_id=2, filters=((Dimension.KEY, "7"),)),
    Slice(is_simulated=True),
]
Facts = Mapping[str, list[PriceFact]]


@pytest.fixture
def facts(catalogue: None, monkeypatch: pytest.MonkeyPatch) -> Facts:
    """Each listed model with eight prices, one of which nobody knows."""
    chance = random.Random(4)
    ids = sorted(PriceFact.objects.values_list("model_id", flat=True).distinct())
    PriceFact.objects.all().delete()
    for model_id in ids:
        for day in (FIRST, *chance.sample([FIRST + timedelta(days=number) for number in range(1, 59)], 7)):
            usd = [Decimal(chance.randrange(1, 90_000)) / 10_000 for _ in range(4)]
            read, written = (chance.choice((None, price)) for price in usd[2:])
            prompt = None if chance.random() < 0.1 else usd[0]
            PriceFact.objects.create(
                model_id=model_id,
                valid_from=datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
                prompt_usd_per_mtok=prompt,
                completion_usd_per_mtok=usd[1],
                cache_read_usd_per_mtok=read,
                cache_write_usd_per_mtok=written,
            )
    monkeypatch.setattr(history, "_held_prices", None)
    found = defaultdict(list)
    for fact in PriceFact.objects.order_by("valid_from"):
        found[fact.model_id].append(fact)
    return found


@pytest.fixture
def ledger() -> None:
    """Sixty days of every kind of call."""
    chance = random.Random(5)
    purposes = ("task", "task", "judge", "escalation", "merge", "refine", "step", "chat", "planner")
    days = [FIRST + timedelta(days=number) for number in range(60)]
    write(
        *(
            line(
                chance.choice(days),
                chance.randrange(10**7),
                user_id=chance.choice((None, 1, 2)),
                key_id=chance.choice((None, 7)),
                mode=chance.choice(("single", "cascade", "collective", "chat", "plan")),
                category=chance.choice(("", "coding", "vision")),
                purpose=chance.choice(purposes),
                status=chance.choice(("ok",) * 6 + ("failed", "canceled", "uncertain")),
                model_id=chance.choice(USED),
                fresh_input_tokens=chance.randrange(9000),
                cache_read_tokens=chance.choice((0, chance.randrange(9000))),
                cache_write_tokens=chance.choice((0, 0, chance.randrange(500))),
                output_tokens=chance.randrange(3000),
                reasoning_tokens=chance.choice((0, chance.randrange(900))),
                is_simulated=chance.random() < 0.1,
            )
            for _ in range(1500)
        )
    )


def slow_saving(saving: Saving, cuts: list[date], lines: list[LedgerEntry], facts: Facts) -> tuple[int, ...]:
    """The same base line, from the lines themselves and with every figure in the most obvious way."""
    works = defaultdict(list)
    for entry in lines:
        works[bisect_right(cuts, entry.day), entry.category].append(entry)
    paid = overhead = lost = base = left_out_count = left_out = 0
    for (place, category), some in works.items():
        last_day = cuts[place] - timedelta(days=1) if place < len(cuts) else LOOKED_AT.last
        cost = slow_cost(some, price_on(facts[saving.baseline.models.get(category, "")], last_day))
        whole = sum(entry.cost_nano_usd for entry in some)
        if cost is None:
            left_out_count, left_out = left_out_count + sum(entry.call_count for entry in some), left_out + whole
            continue
        paid, base = paid + whole, base + cost
        lost += sum(entry.cost_nano_usd for entry in some if entry.status != "ok")
        overhead += sum(
            entry.cost_nano_usd for entry in some if entry.status == "ok" and entry.purpose not in ANSWERING
        )
    return paid, overhead, lost, base, left_out_count, left_out


def price_on(points: list[PriceFact], day: date) -> PriceFact | None:
    held = [point for point in points if point.valid_from.date() <= day]
    return held[-1] if held else None


def slow_cost(lines: list[LedgerEntry], price: PriceFact | None) -> int | None:
    cost = 0
    groups = defaultdict(list)
    for entry in lines:
        if entry.status == "ok":
            groups[entry.mode, entry.purpose].append(entry)
    for (mode, purpose), some in groups.items():
        if purpose not in ANSWERING:
            continue
        if price is None:
            return None
        names = ("fresh_input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
        fresh, read, written, out, thought = (sum(getattr(entry, name) for entry in some) for name in names)
        usd = price.prompt_usd_per_mtok
        read_usd = usd if price.cache_read_usd_per_mtok is None else price.cache_read_usd_per_mtok
        written_usd = usd if price.cache_write_usd_per_mtok is None else price.cache_write_usd_per_mtok
        bills = ((fresh, usd), (read, read_usd), (written, written_usd), (out + thought, price.completion_usd_per_mtok))
        if any(tokens and each is None for tokens, each in bills):
            return None
        whole = sum(price_nano(tokens, each) for tokens, each in bills if tokens and each is not None)
        cost += round(
            whole * share(mode, purpose, Counter({key[1]: len(v) for key, v in groups.items() if key[0] == mode}))
        )
    return cost


def share(mode: str, purpose: str, counts: Counter[str]) -> Fraction:
    """How much of these answers a straight one would have needed."""
    if purpose != "task":
        return Fraction(1)
    tasks, judges = counts["task"], counts["judge"]
    kept = tasks
    if mode == "cascade":
        kept = tasks - counts["escalation"]
    elif mode == "collective":
        kept = min(tasks, counts["merge"])
    elif judges:
        kept = min(tasks, max(judges, tasks - (MOST_VOTES - 1) * judges))
    return Fraction(max(0, kept - counts["refine"]), tasks)


def told(saving: Saving) -> tuple[int, ...]:
    return (
        *(saving.paid_nano_usd, saving.overhead_nano_usd, saving.lost_nano_usd),
        *(saving.baseline_nano_usd, saving.left_out_count, saving.left_out_nano_usd),
    )


@pytest.mark.django_db
@pytest.mark.parametrize("part", PARTS)
def test_savings_are_to_the_nano_dollar_those_of_the_lines_priced_one_kind_after_the_other(
    part: Slice, facts: Facts, ledger: None
) -> None:
    look = Look(part, LOOKED_AT)
    report = savings_of(look, named="openai/big")
    models = {model_id for item in report.savings for model_id in item.saving.baseline.model_ids}
    changes = {point.valid_from.date() for model_id in models for point in facts[model_id]}
    cuts = sorted(day for day in changes if LOOKED_AT.first < day <= LOOKED_AT.last)
    lines = lines_of(part, LOOKED_AT)
    assert lines
    assert len(cuts) >= 10 or not report.answer_count
    for item in report.savings:
        assert told(item.saving) == slow_saving(item.saving, cuts, lines, facts), item.saving.baseline.key
    answers = [entry for entry in lines if entry.status == "ok" and entry.purpose in ANSWERING]
    assert report.answer_count == len(answers)


@pytest.mark.django_db
@pytest.mark.parametrize("part", PARTS)
def test_deeds_and_answers_of_any_stretches_of_days_are_those_of_their_lines(part: Slice, ledger: None) -> None:
    stretches = [
        Period(FIRST, FIRST),
        Period(TODAY - timedelta(9), TODAY),
        Period(TODAY - timedelta(30), TODAY - timedelta(12)),
    ]
    deeds, answers = sum_deeds(part, stretches), answer_counts(part, stretches)
    for period, found, counts in zip(stretches, deeds, answers, strict=True):
        wanted: defaultdict[str, list[LedgerEntry]] = defaultdict(list)
        models: Counter[str] = Counter()
        for entry in lines_of(part, period):
            came = (entry.mode, entry.category, entry.purpose, "ok")
            wanted["|".join(came if entry.status == "ok" else ("", entry.category, "", "failed"))].append(entry)
            models[f"{entry.category}|{entry.model_id}"] += entry.status == "ok" and entry.purpose in ANSWERING
        assert set(found) == set(wanted)
        for value, some in wanted.items():
            for name in ("call_count", "fresh_input_tokens", "cache_read_tokens", "output_tokens", "cost_nano_usd"):
                assert getattr(found[value], name) == sum(getattr(entry, name) for entry in some), (value, name)
        assert counts == {value: count for value, count in models.items() if count}


@pytest.mark.django_db
def test_sums_that_a_float_cannot_hold_are_exact() -> None:
    dear = 2**61 + 1
    write(line(cost=dear), line(TODAY - timedelta(1), 2), line(cost=1, status="failed"))
    (found,) = sum_deeds(Slice(), [Period(TODAY - timedelta(1), TODAY)])
    assert {value: spent.cost_nano_usd for value, spent in found.items()} == {
        "single|coding|task|ok": dear + 2,
        "|coding||failed": 1,
    }


@pytest.mark.django_db
def test_a_model_may_be_called_anything_and_is_counted_under_that_name() -> None:
    names = ['a"b,c\\d', "e\nf", "g|h", "ü, {}", "x" * 180]
    write(*(line(model_id=name) for name in names for _ in range(2)))
    (found,) = answer_counts(Slice(), [Period(TODAY, TODAY)])
    assert found == {f"coding|{name}": 2 for name in names}


@pytest.mark.django_db
def test_totals_made_again_give_the_same_savings(facts: Facts, ledger: None) -> None:
    look = Look(Slice(), LOOKED_AT)
    before = savings_of(look)
    totals = rebuild_totals().totals
    assert totals.is_as_it_was
    assert totals.facet_count > 1000
    assert savings_of(look) == before


@pytest.mark.django_db
def test_cascades_alone_are_read_where_they_are_asked_for(facts: Facts, ledger: None) -> None:
    lines = [entry for entry in lines_of(Slice(), LOOKED_AT) if entry.mode == "cascade"]
    total = cascades_in(Look(Slice(), LOOKED_AT)).total
    assert total.cost_nano_usd == sum(entry.cost_nano_usd for entry in lines)
    assert total.lost_nano_usd == sum(entry.cost_nano_usd for entry in lines if entry.status != "ok")
    assert total.tried_count == sum(entry.status == "ok" and entry.purpose == "task" for entry in lines)
