"""What a part of the spend saved against each base line, and how its cascades went: the reads around the arithmetic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from django.db.models import Count, F, Sum

from catalog.queries import entries_with_prices
from catalog.shapes import Category
from feedback.models import LessonRow
from feedback.spend.baselines import Answers, Quality, Rated, choose_baselines, quality_of, quality_of_used
from feedback.spend.cascades import Cascade, cascades_of
from feedback.spend.savings import Baseline, Deed, Prices, Saving, compare, compare_all, stretches
from feedback.spend.shapes import Look
from runs.ledger.facets import Facet, split_value
from runs.shapes import Mode
from runs.spend.daily import answer_counts, sum_deeds
from runs.spend.queries import sums_together
from runs.spend.shapes import Period, Spent, sum_up
from smartspawn.lib.errors import InvalidParam

# Ratings older than a year are about other versions of the models.
_RATINGS_SINCE: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class JudgedSaving:
    """A saving with the quality that goes with it."""

    saving: Saving
    quality: Quality


@dataclass(frozen=True, slots=True)
class SavingsReport:
    """What was paid, how good it was, and each base line beside it."""

    look: Look
    quality: Quality
    savings: tuple[JudgedSaving, ...]
    answer_count: int  # calls that did the work


@dataclass(frozen=True, slots=True)
class CascadeReport:
    """How often the cheap answer was enough, by kind of task, and what the cascades saved."""

    look: Look
    cascades: tuple[Cascade, ...]
    total: Cascade
    premium: Saving


def savings_of(look: Look, *, named: str = "") -> SavingsReport:
    """The savings of this look; ``named`` is a model that the spend is held against in place of the one used before.

    Four queries. Raises InvalidParam for a named model that the catalogue does not list.
    """
    entries, histories = entries_with_prices()
    if named and named not in entries:
        raise InvalidParam(f"baseline: the catalogue has no model '{named[:80]}'.")
    prices = Prices(histories)
    now, former = answer_counts(look.part, (look.period, look.former))
    answers = _counts(now)
    baselines = choose_baselines(entries, answers, _by_model(former), named)
    days = _stretches(look, prices, baselines)
    deeds = _deeds(days, sum_deeds(look.part, days))
    rated = _rated(look)
    return SavingsReport(
        look,
        quality_of_used(entries, answers, rated),
        tuple(
            JudgedSaving(saving, quality_of(saving.baseline, entries, answers, rated))
            for saving in compare_all(baselines, deeds, prices)
        ),
        sum(answers.values()),
    )


@dataclass(frozen=True, slots=True)
class ShortReport:
    """What a few days cost by model, and what was saved, without the quality beside it."""

    models: Mapping[str, Spent]
    former_models: Mapping[str, Spent]
    savings: tuple[Saving, ...]
    cascade: Cascade


def report_shortly(look: Look) -> ShortReport:
    """The same figures as the pages of spend have for this look, in one query; for a few days, read day by day."""
    entries, histories = entries_with_prices()
    prices = Prices(histories)
    both, days = (look.period, look.former), tuple(Period(day, day) for day in look.period.days)
    asked = [(Facet.MODEL, both), (Facet.ANSWER, both), (Facet.DEED, days)]
    models, (now, former), by_day = sums_together(look.part, asked)
    baselines = choose_baselines(entries, _counts(_calls(now)), _by_model(_calls(former)), "")
    daily = _deeds(days, by_day)
    deeds = _joined(daily, _stretches(look, prices, baselines))
    cascades = cascades_of(deed for deed in daily if deed.mode == Mode.CASCADE)
    savings = compare_all(baselines, deeds, prices)
    return ShortReport(models[0], models[1], savings, sum(cascades, Cascade("")))


def cascades_in(look: Look) -> CascadeReport:
    """The cascades of this look. Two queries."""
    entries, histories = entries_with_prices()
    prices = Prices(histories)
    premium = choose_baselines(entries, _EVERYTHING, {}, "")[0]
    days = _stretches(look, prices, [premium])
    deeds = _deeds(days, sum_deeds(look.part, days, mode=Mode.CASCADE))
    cascades = cascades_of(deeds)
    return CascadeReport(look, cascades, sum(cascades, Cascade("")), compare(premium, deeds, prices))


# Work of every kind, of nobody: what the base lines are that do not ask which models were used.
_EVERYTHING: Final[Answers] = {(category, ""): 1 for category in ("", *(item.value for item in Category))}


def _stretches(look: Look, prices: Prices, baselines: Iterable[Baseline]) -> tuple[Period, ...]:
    """The look's days, cut where the price of a base line's model changes."""
    models = {model_id for item in baselines for model_id in item.model_ids}
    return stretches(look.period, prices.changes_within(look.period, models))


def _joined(deeds: Iterable[Deed], days: Sequence[Period]) -> tuple[Deed, ...]:
    """The deeds of these stretches, put together from those of pieces of them."""
    sums: defaultdict[tuple[Period, str, str, str, str], list[Spent]] = defaultdict(list)
    for deed in deeds:
        whole = next(item for item in days if item.first <= deed.days.first <= item.last)
        sums[whole, deed.mode, deed.category, deed.purpose, deed.status].append(deed.spent)
    return tuple(Deed(*place, some[0] if len(some) == 1 else sum_up(some)) for place, some in sums.items())


def _calls(answers: Mapping[str, Spent]) -> Mapping[str, int]:
    return {value: spent.call_count for value, spent in answers.items()}


def _counts(answers: Mapping[str, int]) -> Answers:
    return {_pair(value): count for value, count in answers.items() if count > 0}


def _deeds(days: Sequence[Period], found: Sequence[Mapping[str, Spent]]) -> tuple[Deed, ...]:
    return tuple(
        Deed(period, mode, category, purpose, status, spent)
        for period, sums in zip(days, found, strict=True)
        for value, spent in sums.items()
        for mode, category, purpose, status in [split_value(Facet.DEED, value)]
    )


def _by_model(answers: Mapping[str, int]) -> Mapping[str, int]:
    counts: defaultdict[str, int] = defaultdict(int)
    for value, count in answers.items():
        counts[_pair(value)[1]] += count
    return counts


def _pair(value: str) -> tuple[str, str]:
    category, model_id = split_value(Facet.ANSWER, value)
    return category, model_id


def _rated(look: Look) -> tuple[Rated, ...]:
    """What the person, or everybody, said of models in the year until the period ends."""
    until = datetime.combine(look.period.last + timedelta(days=1), time(), UTC)
    rows = LessonRow.objects.filter(at__gte=until - _RATINGS_SINCE, at__lt=until)
    if look.part.user_id is not None:
        rows = rows.filter(user_id=look.part.user_id)
    sums = (
        rows.order_by()
        .values_list("model_id", "category")
        .annotate(weight=Sum("weight_share"), worth=Sum(F("weight_share") * F("worth_share")), count=Count("pk"))
    )
    return tuple(Rated(*row) for row in sums)
