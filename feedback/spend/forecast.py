"""What the running month will come to: what is spent, and what days like these have cost for the rest. Pure."""

from __future__ import annotations

import math
from calendar import monthrange
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

# Eight weeks: each day of the week eight times, and nothing of last season's habits.
HISTORY_DAYS: Final = 56
# Fewer days than these say nothing about the days to come.
LEAST_DAYS: Final = 5
# A weekday's own mean counts as if the mean of all days had been seen so many times beside it.
_PRIOR_WEEKS: Final = 2.0
_TAIL_Z: Final = 1.2816  # eight of ten cases lie within, as in the catalogue's scores


@dataclass(frozen=True, slots=True)
class Forecast:
    """The month's spend: so far, expected, and the interval that holds it in eight of ten cases."""

    first: date
    last: date
    spent_nano_usd: int
    day_count: int  # full days that it stands on
    expected_nano_usd: int | None  # None: too few days
    lower_nano_usd: int | None
    upper_nano_usd: int | None
    course: tuple[tuple[date, int], ...] = ()  # from today on: what will have been spent by the end of each day

    def reached_on(self, cap_nano_usd: int) -> date | None:
        """The day on which so much will have been spent, if it goes on as expected; None: not in this month."""
        return next((day for day, spent in self.course if spent >= cap_nano_usd), None)


def forecast(costs_nano_usd: Mapping[date, int], *, today: date, day_share: float) -> Forecast:
    """The running month, from what each day cost; ``day_share`` is the part of today that is over.

    Each day to come is expected to cost what its weekday has cost of late, drawn towards the mean of all days; the
    interval holds how much days differ from that and how little so few of them say about their mean.
    """
    first = today.replace(day=1)
    last = today.replace(day=monthrange(today.year, today.month)[1])
    spent = sum(cost for day, cost in costs_nano_usd.items() if first <= day <= today)
    history = _history(costs_nano_usd, today)
    if len(history) < LEAST_DAYS:
        return Forecast(first, last, spent, len(history), None, None, None)
    means = _weekday_means(history)
    rest = [(today, 1.0 - min(max(day_share, 0.0), 1.0))]
    rest += [(today + timedelta(days=number), 1.0) for number in range(1, (last - today).days + 1)]
    course, total = [], float(spent)
    for day, share in rest:
        total += share * means[day.weekday()]
        course.append((day, round(total)))
    margin = _margin(history, means, sum(share for _, share in rest))
    return Forecast(
        first,
        last,
        spent,
        len(history),
        round(total),
        max(spent, round(total - margin)),
        round(total + margin),
        tuple(course),
    )


def _history(costs: Mapping[date, int], today: date) -> Sequence[tuple[date, int]]:
    """Full days of late, from the first on which anything was spent; days without spend cost nothing."""
    began = min((day for day, cost in costs.items() if cost), default=today)
    first = max(began, today - timedelta(days=HISTORY_DAYS))
    days = [first + timedelta(days=number) for number in range((today - first).days)]
    return [(day, costs.get(day, 0)) for day in days]


def _weekday_means(history: Sequence[tuple[date, int]]) -> Mapping[int, float]:
    mean = sum(cost for _, cost in history) / len(history)
    by_weekday: defaultdict[int, list[int]] = defaultdict(list)
    for day, cost in history:
        by_weekday[day.weekday()].append(cost)
    return {
        weekday: (sum(by_weekday[weekday]) + _PRIOR_WEEKS * mean) / (len(by_weekday[weekday]) + _PRIOR_WEEKS)
        for weekday in range(7)
    }


def _margin(history: Sequence[tuple[date, int]], means: Mapping[int, float], rest_days: float) -> float:
    """Half the interval of the days to come together."""
    count = len(history)
    variance = sum((cost - means[day.weekday()]) ** 2 for day, cost in history) / (count - 1)
    return student_z(count - 1) * math.sqrt(variance * rest_days * (1 + rest_days / count))


def student_z(degrees: int) -> float:
    """How many deviations hold eight of ten cases when the deviation itself is known from so few."""
    z = _TAIL_Z
    first = (z**3 + z) / (4 * degrees)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
    return z + first + second
