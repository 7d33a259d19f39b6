"""Sums of spend in many short periods: read a day at a time, in the order in which the totals stand.

To group by period and value a database sorts a year of rows first. To group by day it need not, and it lists each
day's rows in one text for each column: reading and adding those takes a third of the time, however many periods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from django.db.models import Aggregate, QuerySet, TextField

from runs.ledger.facets import Facet, join_value, split_value
from runs.ledger.totals import SUM_FIELDS
from runs.shapes import CallStatus
from runs.spend.queries import rows_of, word_of
from runs.spend.shapes import Period, Slice, Spent, spent_of

_COUNT: Final = SUM_FIELDS[:1]
_COUNT_TO_COST: Final = SUM_FIELDS[: SUM_FIELDS.index("cost_nano_usd") + 1]
_read_words: Final = msgspec.json.Decoder(list[str]).decode
_Found = tuple[dict[str, Spent], ...]


def answer_counts(part: Slice, periods: Sequence[Period]) -> tuple[Mapping[str, int], ...]:
    """How many calls did the work in each of these periods, by category and model; none overlaps another."""
    rows, fields = rows_of(part, Facet.ANSWER)
    found = _sum_up(_listed(rows, fields, periods, _COUNT), periods, _as_it_is)
    return tuple({word: spent.call_count for word, spent in some.items()} for some in found)


def sum_deeds(part: Slice, periods: Sequence[Period], *, mode: str = "") -> tuple[Mapping[str, Spent], ...]:
    """Calls, tokens and cost by deed in each of these periods, of which none overlaps another.

    Calls from which nothing came stand together by category as failed: their cost is all that is asked of them.
    ``mode`` keeps to the deeds of one mode.
    """
    rows, fields = rows_of(part, Facet.DEED, mode=mode)
    return _sum_up(_listed(rows, fields, periods, _COUNT_TO_COST), periods, _deed_or_lost)


class _Numbers(Aggregate):
    """The numbers of a column, one after the other."""

    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, template="GROUP_CONCAT(%(expressions)s)", **more)

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, template="STRING_AGG((%(expressions)s)::text, ',')", **more)


class _Words(Aggregate):
    """The words of a column as a list in JSON: what stands in them is not ours to choose."""

    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, template="JSON_GROUP_ARRAY(%(expressions)s)", **more)

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, template="JSON_AGG(%(expressions)s)::text", **more)


def _listed(
    rows: QuerySet[Any], fields: Sequence[str], periods: Sequence[Period], names: Sequence[str]
) -> Iterable[Sequence[Any]]:
    """Each day with the list of its words, and one of each sum: in all of them a row stands at the same place."""
    span = Period(min(item.first for item in periods), max(item.last for item in periods))
    within = rows.filter(day__gte=span.first, day__lte=span.last)
    word = fields[0] if len(fields) == 1 else word_of(fields)
    lists = {f"list_{name}": _Numbers(name) for name in names}
    listed: Iterable[Sequence[Any]] = within.order_by("day").values_list("day").annotate(words=_Words(word), **lists)
    return listed


def _sum_up(listed: Iterable[Sequence[Any]], periods: Sequence[Period], called: Callable[[str], str]) -> _Found:
    """Each period's sums; words that are called the same are summed up together."""
    place_of = {day: place for place, period in enumerate(periods) for day in period.days}
    words: list[str] = []
    places: list[int] = []
    texts: list[Sequence[str]] = []
    for day, listed_words, *numbers in listed:
        place = place_of.get(day)
        if place is not None:
            some = _read_words(listed_words)
            words += some
            places += [place] * len(some)
            texts.append(numbers)
    found: _Found = tuple({} for _ in periods)
    if not words:
        return found
    name_of = {word: called(word) for word in dict.fromkeys(words)}
    names = list(dict.fromkeys(name_of.values()))
    for key, sums in _added(_keys(words, places, name_of, names), texts):
        place, number = divmod(key, len(names))
        found[place][names[number]] = spent_of(sums)
    return found


def _keys(
    words: Iterable[str], places: Iterable[int], name_of: Mapping[str, str], names: Sequence[str]
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """One number for the period and the name of each row."""
    number_of = {name: number for number, name in enumerate(names)}
    of_word = {word: number_of[name] for word, name in name_of.items()}
    numbers = np.array([of_word[word] for word in words], dtype=np.int64)
    return np.array(places, dtype=np.int64) * len(names) + numbers


def _added(
    keys: np.ndarray[Any, np.dtype[np.int64]], texts: Sequence[Sequence[str]]
) -> Iterable[tuple[int, Sequence[int]]]:
    """Each key that there is, with the sums of its rows: whole numbers throughout, as exact as the database's."""
    there, which = np.unique(keys, return_inverse=True)
    sums = np.zeros((len(texts[0]), len(there)), dtype=np.int64)
    for total, column in zip(sums, zip(*texts, strict=True), strict=True):
        np.add.at(total, which, np.fromstring(",".join(column), dtype=np.int64, sep=","))
    return zip(there.tolist(), sums.T.tolist(), strict=True)


def _as_it_is(word: str) -> str:
    return word


def _deed_or_lost(word: str) -> str:
    _, category, _, status = split_value(Facet.DEED, word)
    return word if status == CallStatus.OK else join_value(("", category, "", CallStatus.FAILED))
