"""What the choice of models saved: what was paid, against what straight answers of one base line would have cost.

    saved = base line - paid
    base line = the tokens of the calls that did the work, at the base line's price of that day
    paid      = everything: the work, judging, merging, planning, and calls that failed or never came back

Everything is worked out from sums by day, mode, category, purpose and outcome, which price as their calls do: a price
by the token is the same for the sum. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from catalog.queries import PricePoint
from feedback.spend.rates import Answer, Answers, Rates, costs_of, lay_out, rates_of, tokens_of
from feedback.spend.shapes import BaselineKey
from runs.ledger.facets import is_answer
from runs.shapes import Mode, Purpose
from runs.spend.shapes import Period, Spent

# The most answers that a vote may have: so many are taken off for each, and never too few.
MOST_VOTES: Final = 7


@dataclass(frozen=True, slots=True)
class Baseline:
    """A way of always choosing: the model for each kind of task."""

    key: BaselineKey
    models: Mapping[str, str]  # category -> model id; a category without one is left out of both sides

    @property
    def model_ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.models.values()))


@dataclass(frozen=True, slots=True)
class Deed:
    """Calls of one mode, category, purpose and outcome, in a stretch of days with the same prices."""

    days: Period
    mode: str
    category: str
    purpose: str
    status: str
    spent: Spent

    @property
    def is_answer(self) -> bool:
        return is_answer(self.purpose, self.status)


@dataclass(frozen=True, slots=True)
class Saving:
    """One base line beside what was paid; both sides leave the same calls out."""

    baseline: Baseline
    paid_nano_usd: int = 0
    overhead_nano_usd: int = 0  # of paid: judging, merging, planning, looking up
    lost_nano_usd: int = 0  # of paid: calls that failed, were canceled or never came back
    baseline_nano_usd: int = 0
    answer_count: float = 0.0  # the straight answers that stand for the work
    left_out_count: int = 0  # calls
    left_out_nano_usd: int = 0

    @property
    def saved_nano_usd(self) -> int:
        return self.baseline_nano_usd - self.paid_nano_usd

    @property
    def saved_share(self) -> float | None:
        """The part of the base line that was saved; None where it would have cost nothing."""
        return self.saved_nano_usd / self.baseline_nano_usd if self.baseline_nano_usd else None

    @property
    def times_paid(self) -> float | None:
        """How many times the base line was paid."""
        return self.paid_nano_usd / self.baseline_nano_usd if self.baseline_nano_usd else None


class Prices:
    """The catalogue's prices by day: those that held when the day ended."""

    def __init__(self, histories: Mapping[str, Sequence[PricePoint]]) -> None:
        self._histories = histories
        self._rates: dict[tuple[str, datetime], Rates] = {}  # many kinds of task in many stretches have the same

    def changes_within(self, period: Period, model_ids: Iterable[str]) -> tuple[date, ...]:
        """The days in the period from which on one of these models has another price."""
        days = {point.valid_from.date() for model_id in model_ids for point in self._histories.get(model_id, ())}
        return tuple(sorted(day for day in days if period.first < day <= period.last))

    def find_rates(self, model_id: str | None, day: date) -> Rates | None:
        """This model's price on this day, to be counted with; None where it is unknown."""
        point = self.find(model_id, day) if model_id else None
        if model_id is None or point is None:
            return None
        key = model_id, point.valid_from
        if key not in self._rates:
            self._rates[key] = rates_of(point)
        return self._rates[key]

    def find(self, model_id: str, day: date) -> PricePoint | None:
        """This model's price on this day; None where it is unknown."""
        points = reversed(self._histories.get(model_id, ()))
        return next((item for item in points if item.valid_from.date() <= day), None)


def stretches(period: Period, changes: Iterable[date]) -> tuple[Period, ...]:
    """The period cut where prices change."""
    firsts = [period.first, *changes]
    ends = [date.fromordinal(day.toordinal() - 1) for day in firsts[1:]] + [period.last]
    return tuple(Period(first, last) for first, last in zip(firsts, ends, strict=True))


def compare(baseline: Baseline, deeds: Sequence[Deed], prices: Prices) -> Saving:
    """What this base line would have cost, beside what was paid."""
    return compare_all([baseline], deeds, prices)[0]


def compare_all(baselines: Sequence[Baseline], deeds: Sequence[Deed], prices: Prices) -> tuple[Saving, ...]:
    """What each of these base lines would have cost, beside what was paid."""
    groups: defaultdict[tuple[Period, str], list[Deed]] = defaultdict(list)
    for deed in deeds:
        groups[deed.days, deed.category].append(deed)
    works = [_work(days.last, category, some) for (days, category), some in groups.items()]
    answers = lay_out(work.answers for work in works)
    return tuple(_against(baseline, works, answers, prices) for baseline in baselines)


@dataclass(frozen=True, slots=True)
class _Work:
    """One kind of task in one stretch of days; what it cost is the same beside every base line."""

    last_day: date
    category: str
    paid_nano_usd: int
    overhead_nano_usd: int
    lost_nano_usd: int
    call_count: int
    answers: tuple[Answer, ...]
    answer_count: float


def _work(last_day: date, category: str, deeds: Sequence[Deed]) -> _Work:
    by_mode: defaultdict[str, list[Deed]] = defaultdict(list)
    came = [deed for deed in deeds if deed.status == "ok"]
    for deed in came:
        by_mode[deed.mode].append(deed)
    shares = [found for mode, some in by_mode.items() for found in straight_shares(mode, some)]
    paid = sum(deed.spent.cost_nano_usd for deed in deeds)
    came_nano_usd = sum(deed.spent.cost_nano_usd for deed in came)
    return _Work(
        last_day=last_day,
        category=category,
        paid_nano_usd=paid,
        overhead_nano_usd=came_nano_usd - sum(deed.spent.cost_nano_usd for deed, _, _ in shares),
        lost_nano_usd=paid - came_nano_usd,
        call_count=sum(deed.spent.call_count for deed in deeds),
        answers=tuple(Answer(tokens_of(deed.spent), kept, of_count) for deed, kept, of_count in shares),
        answer_count=sum((deed.spent.call_count * kept / of_count for deed, kept, of_count in shares), 0.0),
    )


def _against(baseline: Baseline, works: Sequence[_Work], answers: Answers, prices: Prices) -> Saving:
    """The works of which all prices are known on one side, the others beside them."""
    rates = [prices.find_rates(baseline.models.get(work.category), work.last_day) for work in works]
    costs = costs_of(answers, rates)
    held = [work for work, cost in zip(works, costs, strict=True) if cost is not None]
    left = [work for work, cost in zip(works, costs, strict=True) if cost is None]
    return Saving(
        baseline,
        paid_nano_usd=sum(work.paid_nano_usd for work in held),
        overhead_nano_usd=sum(work.overhead_nano_usd for work in held),
        lost_nano_usd=sum(work.lost_nano_usd for work in held),
        baseline_nano_usd=sum(cost for cost in costs if cost is not None),
        answer_count=sum((work.answer_count for work in held), 0.0),
        left_out_count=sum(work.call_count for work in left),
        left_out_nano_usd=sum(work.paid_nano_usd for work in left),
    )


def straight_shares(mode: str, deeds: Sequence[Deed]) -> Iterable[tuple[Deed, int, int]]:
    """The calls that did the work, each with how many of how many of them a straight answer would have needed as well.

    Of a cascade a first answer counts unless a better one followed it; of a collective one answer for each merge;
    of a vote one for each judge; a draft that was refined does not count beside what became of it. Where it cannot
    be known how many answers a vote had, it is taken to have had the most: the saving is rather too small.
    """
    counts: defaultdict[str, int] = defaultdict(int)
    for deed in deeds:
        if deed.status == "ok":
            counts[deed.purpose] += deed.spent.call_count
    tasks = counts[Purpose.TASK]
    kept = _kept(mode, counts) if tasks > 0 else 0
    for deed in deeds:
        if deed.is_answer:
            yield (deed, kept, tasks) if tasks > 0 and deed.purpose == Purpose.TASK else (deed, 1, 1)


def _kept(mode: str, counts: Mapping[str, int]) -> int:
    """How many of the tasks' answers stand for themselves."""
    tasks, judges = counts.get(Purpose.TASK, 0), counts.get(Purpose.JUDGE, 0)
    if mode == Mode.CASCADE:
        kept = tasks - counts.get(Purpose.ESCALATION, 0)
    elif mode == Mode.COLLECTIVE:
        kept = min(tasks, counts.get(Purpose.MERGE, 0))
    elif judges:
        kept = min(tasks, max(judges, tasks - (MOST_VOTES - 1) * judges))
    else:
        kept = tasks
    return max(0, kept - counts.get(Purpose.REFINE, 0))
