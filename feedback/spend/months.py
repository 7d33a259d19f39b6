"""The running month: how its spend grew, what it will come to, and the caps that it runs into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from feedback.spend.forecast import HISTORY_DAYS, Forecast, forecast
from feedback.spend.overview import costs_of
from feedback.spend.shapes import Look
from runs.ledger.caps import CapLine, lines_of
from runs.ledger.windows import MONTH, SITE, key_scope, user_scope
from runs.spend.queries import sums_by_day, titles_of
from runs.spend.shapes import Dimension, Period
from smartspawn.access.models import ApiKey


@dataclass(frozen=True, slots=True)
class CapAhead:
    """A cap of the month, and the day on which it will be reached if it goes on as expected."""

    line: CapLine
    reached_on: date | None


@dataclass(frozen=True, slots=True)
class MonthReport:
    """The running month of a look's part."""

    look: Look
    forecast: Forecast
    grown: tuple[tuple[date, int], ...]  # what was spent by the end of each day
    caps: tuple[CapAhead, ...]
    titles: Mapping[tuple[Dimension, str], str]

    @property
    def lowest_cap_nano_usd(self) -> int | None:
        return min((item.line.cap_nano_usd for item in self.caps if item.line.cap_nano_usd is not None), default=None)


def month_of(look: Look, *, today: date, day_share: float) -> MonthReport:
    """The month that runs, whatever days are looked at. At most four queries."""
    first = today.replace(day=1)
    since = min(first, today - timedelta(days=HISTORY_DAYS))
    costs = costs_of(sums_by_day(look.part, Period(since, today)))
    found = forecast(costs, today=today, day_share=day_share)
    days = Period(first, today).days
    grown = tuple(zip(days, accumulate(costs.get(day, 0) for day in days), strict=True))
    titles = titles_of(look.shown_filters, seen_by=look.seen_by)
    return MonthReport(look, found, grown, _caps(look, found, titles), titles)


def _caps(look: Look, found: Forecast, titles: Mapping[tuple[Dimension, str], str]) -> tuple[CapAhead, ...]:
    """The cap that exactly this part of the spend counts in: the site's, a person's or a key's."""
    scope = _scope(look)
    if scope is None or look.part.is_simulated:
        return ()
    kind, _, number = scope.partition(":")
    title = titles.get((Dimension(kind), number)) if number else None
    lines = lines_of([scope], titles={scope: title} if title else None)
    months = [line for line in lines if line.kind == MONTH and line.cap_nano_usd is not None]
    return tuple(CapAhead(line, found.reached_on(line.cap_nano_usd or 0)) for line in months)


def _scope(look: Look) -> str | None:
    filters = dict(look.part.filters)
    if set(filters) == {Dimension.KEY} and filters[Dimension.KEY] != "0":
        key_id = int(filters[Dimension.KEY])
        is_seen = look.seen_by is None or ApiKey.objects.filter(pk=key_id, owner_id=look.seen_by).exists()
        return key_scope(key_id) if is_seen else None  # a cap tells what everybody spent with the key
    if filters:
        return None
    return SITE if look.part.user_id is None else user_scope(look.part.user_id)
