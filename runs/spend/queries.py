"""Sums of spend by day and dimension, of a slice of the ledger; one query each.

Without filters, or with one on what is asked for, they are read from the totals by facet; other filters need
the day totals, which hold every combination and are many more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import BigIntegerField, Case, CharField, DateField, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Cast, Concat

from runs.ledger.facets import ANSWERING, BETWEEN, FACET_FIELDS, Facet
from runs.ledger.totals import SUM_FIELDS
from runs.ledger.windows import SITE, user_scope
from runs.models import DayTotal, SpendTotal
from runs.shapes import CallStatus
from runs.spend.shapes import Dimension, Period, Slice, Spent, spent_of
from smartspawn.access.models import ApiKey, User

# A name of its own for each sum: the column's name would be read as the sum.
_SUMS: Final[Mapping[str, Any]] = {f"sum_{name}": Sum(name) for name in SUM_FIELDS}
_IS_ANSWER: Final = Q(status=CallStatus.OK, purpose__in=sorted(ANSWERING))
_NARROW_FACETS: Final = (Facet.DEED, Facet.ANSWER)
_NARROW_COUNT: Final = SUM_FIELDS.index("cost_nano_usd") + 1
_NARROW_SUMS: Final[Mapping[str, Any]] = dict(list(_SUMS.items())[:_NARROW_COUNT])
# The same with nothing for the others, so that they can stand below rows that have all.
_FEW_SUMS: Final[Mapping[str, Any]] = {
    **dict.fromkeys(_SUMS, Value(0, output_field=BigIntegerField())),
    **_NARROW_SUMS,
}
_DAILY, _NOW, _BEFORE = range(3)
FIELD_OF: Final[Mapping[Dimension, str]] = {
    dimension: FACET_FIELDS[Facet(dimension.value)][0] for dimension in Dimension
}


def sums_by_day(part: Slice, period: Period) -> Mapping[date, Spent]:
    """What was spent on each day on which anything was, in order."""
    rows, _ = rows_of(part, Facet.ALL)
    found = _within(rows, period).order_by("day").values_list("day").annotate(**_SUMS)
    return {row[0]: _spent(row[1:]) for row in found}


def look_over_sums(
    part: Slice, dimension: Dimension, period: Period, days: Period
) -> tuple[Mapping[date, Mapping[str, Spent]], Mapping[str, Spent], Mapping[str, Spent]]:
    """Three answers of one query: each of these days by how its calls ended; the period, and the one before it, by
    the dimension.

    Of the former period only calls, tokens and cost are told: where many totals are read, sums are what takes time.
    """
    statuses, (status,) = rows_of(part, Facet.STATUS)
    values, (value,) = rows_of(part, Facet(dimension.value))
    valued = values.annotate(at=_NO_DAY, word=word_of([value]))
    daily = _within(statuses, days).annotate(at=F("day"), place=_place(_DAILY), word=word_of([status]))
    now = _within(valued, period).annotate(place=_place(_NOW))
    before = _within(valued, period.former).annotate(place=_place(_BEFORE))
    first, *others = (
        rows.order_by().values_list("at", "place", "word").annotate(**sums)
        for rows, sums in ((daily, _SUMS), (now, _SUMS), (before, _FEW_SUMS))
    )
    by_day: dict[date, dict[str, Spent]] = {}
    by_value: dict[int, dict[str, Spent]] = {_NOW: {}, _BEFORE: {}}
    for day, place, word, *sums in first.union(*others, all=True):
        some = by_day.setdefault(day, {}) if place == _DAILY else by_value[place]
        some[word] = _spent(sums)
    return by_day, by_value[_NOW], by_value[_BEFORE]


def sums_by(part: Slice, facet: Facet, periods: Sequence[Period]) -> tuple[Mapping[str, Spent], ...]:
    """What was spent by each value of the facet, in each of these periods, of which none overlaps another."""
    (found,) = sums_together(part, [(facet, periods)])
    return found


def sums_together(
    part: Slice, asked: Sequence[tuple[Facet, Sequence[Period]]]
) -> tuple[tuple[Mapping[str, Spent], ...], ...]:
    """The same for several facets, each with periods of its own, in one query.

    Of deeds and answers, which are many, only calls, tokens and cost are told.
    """
    sums = _NARROW_SUMS if all(facet in _NARROW_FACETS for facet, _ in asked) else _SUMS
    queries = []
    for number, (facet, periods) in enumerate(asked):
        rows, fields = rows_of(part, facet)
        rows = _placed(rows, periods).annotate(which=_place(number), word=word_of(fields))
        queries.append(rows.order_by().values_list("which", "place", "word").annotate(**sums))
    found: tuple[tuple[dict[str, Spent], ...], ...] = tuple(tuple({} for _ in periods) for _, periods in asked)
    for which, place, word, *told in queries[0].union(*queries[1:], all=True) if len(queries) > 1 else queries[0]:
        found[which][place][word] = _spent(told)
    return found


def cost_by_day(
    part: Slice, dimension: Dimension, period: Period, values: Collection[str]
) -> Mapping[tuple[date, str], int]:
    """The nano-dollars of each day and value, for these values of the dimension."""
    if not values:
        return {}
    rows, fields = rows_of(part, Facet(dimension.value))
    found = _within(rows, period).filter(**{f"{fields[0]}__in": list(values)})
    if fields == ("value",):  # a row each: nothing to sum up
        return {(day, value): cost for day, value, cost in found.values_list("day", "value", "cost_nano_usd")}
    costs = found.order_by().values_list("day", fields[0]).annotate(cost=Sum("cost_nano_usd"))
    return {(day, str(value)): int(cost) for day, value, cost in costs}


def titles_of(wanted: Iterable[tuple[Dimension, str]], *, seen_by: int | None) -> Mapping[tuple[Dimension, str], str]:
    """What people call these values: names of people and keys, never secrets, and words for what has none.

    ``seen_by`` is the person who is told no name but their own and those of their keys; None: somebody who sees all.
    """
    pairs = set(wanted)
    names = _names(pairs, seen_by)
    return {pair: names.get(pair) or _words(*pair) for pair in pairs}


_NUMBERED: Final = (Dimension.USER, Dimension.KEY)
_NONE_WORDS: Final = {
    Dimension.USER: "nobody in particular",
    Dimension.KEY: "no key (signed in)",
    Dimension.CATEGORY: "no kind (model named)",
    Dimension.MODE: "outside runs",
}


def _words(dimension: Dimension, value: str) -> str:
    is_empty = value == "" or (value == "0" and dimension in _NUMBERED)
    if dimension in _NUMBERED and not is_empty:
        return f"{dimension.value} {value} (gone)"
    return _NONE_WORDS.get(dimension, "none") if is_empty else value


def _names(pairs: Collection[tuple[Dimension, str]], seen_by: int | None) -> Mapping[tuple[Dimension, str], str]:
    """People's and keys' names, in one query."""
    people = User.objects.filter(pk__in=_numbers(pairs, Dimension.USER))
    keys = ApiKey.objects.filter(pk__in=_numbers(pairs, Dimension.KEY))
    if seen_by is not None:
        people, keys = people.filter(pk=seen_by), keys.filter(owner_id=seen_by)
    is_user, empty = Value(Dimension.USER.value), Value("")
    named = (
        keys.annotate(what=Value(Dimension.KEY.value), word=F("name"), mark=F("prefix"))
        .values_list("what", "pk", "word", "mark")
        .order_by()
        .union(people.annotate(what=is_user, word=F("username"), mark=empty).values_list("what", "pk", "word", "mark"))
    )
    return {(Dimension(what), str(number)): f"{word} ({mark})" if mark else word for what, number, word, mark in named}


def _numbers(pairs: Collection[tuple[Dimension, str]], dimension: Dimension) -> list[int]:
    return [int(value) for name, value in pairs if name is dimension and value.isdigit()]


# --- from which table ------------------------------------------------------------------------------------


def rows_of(part: Slice, facet: Facet, *, mode: str = "") -> tuple[QuerySet[Any], tuple[str, ...]]:
    """The totals that hold the answer in the fewest rows, and the columns in which the facet's values stand.

    ``mode`` keeps to the deeds of one mode.
    """
    rows, fields = _rows(part, facet)
    if not mode:
        return rows, fields
    return rows.filter(value__startswith=f"{mode}{BETWEEN}") if fields == ("value",) else rows.filter(mode=mode), fields


def _rows(part: Slice, facet: Facet) -> tuple[QuerySet[Any], tuple[str, ...]]:
    filters = dict(part.filters)
    scope = SITE if part.user_id is None else user_scope(part.user_id)
    if not filters and facet is Facet.USER and part.user_id is not None:  # kept for the site alone
        return _spend_totals(part, SITE, facet).filter(value=str(part.user_id)), ("value",)
    if not filters:
        return _spend_totals(part, scope, facet), ("value",)
    if len(filters) == 1 and facet in (Facet.ALL, *(Facet(dimension.value) for dimension in filters)):
        ((dimension, value),) = filters.items()
        return _spend_totals(part, scope, Facet(dimension.value)).filter(value=value), ("value",)
    return _day_totals(part, filters, facet), FACET_FIELDS[facet]


def _spend_totals(part: Slice, scope: str, facet: Facet) -> QuerySet[SpendTotal]:
    # "in" for "is": what Django writes for the latter, SQLite does not look up in an index.
    return SpendTotal.objects.filter(scope=scope, facet=facet.value, is_simulated__in=[part.is_simulated])


def _day_totals(part: Slice, filters: Mapping[Dimension, str], facet: Facet) -> QuerySet[DayTotal]:
    rows = DayTotal.objects.filter(is_simulated=part.is_simulated)
    if part.user_id is not None:
        rows = rows.filter(user_id=part.user_id)
    wanted = {FIELD_OF[dimension]: value for dimension, value in filters.items()}
    rows = rows.filter(**wanted)
    return rows.filter(_IS_ANSWER) if facet is Facet.ANSWER else rows


def _placed(rows: QuerySet[Any], periods: Sequence[Period]) -> QuerySet[Any]:
    """The rows of these periods, each with the place of its period."""
    rows = _within(rows, Period(min(item.first for item in periods), max(item.last for item in periods)))
    starts = _starts(periods)
    placed: QuerySet[Any] = rows.annotate(place=_halved(starts))
    # A condition costs as much as the place itself: days between the periods are rare.
    return placed.filter(place__gte=0) if any(place < 0 for _, place in starts) else placed


def _starts(periods: Sequence[Period]) -> list[tuple[date, int]]:
    """From which day on which period counts, in order; -1 from where none does."""
    starts: list[tuple[date, int]] = []
    for place, item in sorted(enumerate(periods), key=lambda pair: pair[1].first):
        if starts and starts[-1][0] == item.first:  # the period before ends where this one begins
            starts.pop()
        starts += [(item.first, place), (item.last + timedelta(days=1), -1)]
    return starts[:-1]


def _halved(starts: Sequence[tuple[date, int]]) -> Value | Case:
    """The place of a day, found by halves: of sixty periods six are asked for, not all of them in turn."""
    if len(starts) == 1:
        return _place(starts[0][1])
    middle = len(starts) // 2
    before = When(day__lt=starts[middle][0], then=_halved(starts[:middle]))
    return Case(before, default=_halved(starts[middle:]), output_field=IntegerField())


_NO_DAY: Final = Value(None, output_field=DateField())


def _place(number: int) -> Value:
    return Value(number, output_field=IntegerField())


def word_of(fields: Sequence[str]) -> Cast | Concat:
    """The value of a facet, made from these columns."""
    texts = [Cast(field, CharField(max_length=220)) for field in fields]
    return texts[0] if len(texts) == 1 else Concat(*_joined(texts), output_field=CharField(max_length=220))


def _joined(texts: Sequence[Cast]) -> Iterator[Cast | Value]:
    for place, text in enumerate(texts):
        if place:
            yield Value(BETWEEN)
        yield text


def _within(rows: QuerySet[Any], period: Period) -> QuerySet[Any]:
    return rows.filter(_days(period))


def _days(period: Period) -> Q:
    return Q(day__gte=period.first, day__lte=period.last)


def _spent(sums: Sequence[Any]) -> Spent:
    return spent_of(tuple(map(int, sums)))
