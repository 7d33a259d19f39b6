"""Putting the week together: the reads of other parts, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django.utils import timezone

from feedback.learning import worth_of
from feedback.models import Rating
from feedback.queries import list_waiting
from feedback.shapes import Said, Verdict
from feedback.spend.cascades import Cascade
from feedback.spend.overview import divide
from feedback.spend.saved import cascades_in, savings_of
from feedback.spend.savings import Saving
from feedback.spend.shapes import BASELINE_TITLES, Look, SpendRow
from runs.alerting.queries import list_alerts
from runs.ledger.windows import day_of
from runs.shapes.alerts import Alert
from runs.spend.shapes import Period, Slice, Spent, sum_up
from runs.weekly import DearRun, count_runs, dearest_runs
from smartspawn.access.shapes import Actor, Scope
from smartspawn.lib.errors import NotAllowed

WEEK_DAYS: Final = 7
MOST_MODELS: Final = 5
MOST_RUNS: Final = 5
MOST_ALERTS: Final = 50
MOST_WAITING: Final = 100


@dataclass(frozen=True, slots=True)
class Accepted:
    """How good the rated work was, as ratings teach it."""

    rating_count: int
    worth_share: float | None  # None: nobody said anything that teaches


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days beside the seven before."""

    period: Period
    is_everybodys: bool
    runs: Mapping[str, int]  # by status
    former_runs: Mapping[str, int]
    spent: Spent
    former_spent: Spent
    models: tuple[SpendRow, ...]  # the dearest
    savings: tuple[Saving, ...]
    cascade: Cascade
    accepted: Accepted
    former_accepted: Accepted
    alerts: tuple[Alert, ...]
    dearest: tuple[DearRun, ...]
    waiting_count: int

    @property
    def run_count(self) -> int:
        return sum(self.runs.values())

    @property
    def former_run_count(self) -> int:
        return sum(self.former_runs.values())

    @property
    def completed_count(self) -> int:
        return self.runs.get("completed", 0)

    @property
    def titled_savings(self) -> Sequence[tuple[str, Saving]]:
        """Each saving with what people call its base line."""
        return [(BASELINE_TITLES[item.baseline.key][0], item) for item in self.savings]


def week_of(actor: Actor, *, is_everybodys: bool = False, now: datetime | None = None) -> Week:
    """The last seven days, today among them, of this person or of everybody.

    Raises NotAllowed for everybody's, where the actor is no admin, and for callers that are no person.
    """
    if is_everybodys and Scope.RUNS_ADMIN not in actor.scopes:
        raise NotAllowed("Only admins see everybody's week.")
    if not is_everybodys and actor.user_id is None:
        raise NotAllowed("Only a person has a week of their own. Ask for everybody's.")
    user_id = None if is_everybodys else actor.user_id
    today = day_of(now or timezone.now())
    period = Period(today - timedelta(days=WEEK_DAYS - 1), today)
    look = Look(part=Slice(user_id=user_id), period=period, is_everybodys=is_everybodys)
    rows = divide(look)
    since, until = _ends(period)
    before = _ends(period.former)
    return Week(
        period=period,
        is_everybodys=is_everybodys,
        runs=count_runs(user_id, since=since, until=until),
        former_runs=count_runs(user_id, since=before[0], until=before[1]),
        spent=sum_up(row.spent for row in rows),
        former_spent=sum_up(row.former for row in rows),
        models=tuple(row for row in rows if row.spent.call_count)[:MOST_MODELS],
        savings=tuple(item.saving for item in savings_of(look).savings),
        cascade=cascades_in(look).total,
        accepted=_accepted(user_id, since, until),
        former_accepted=_accepted(user_id, *before),
        alerts=tuple(item for item in list_alerts(actor, before=None, most=MOST_ALERTS) if item.at >= since),
        dearest=tuple(dearest_runs(user_id, since=since, until=until, most=MOST_RUNS)),
        waiting_count=len(list_waiting(actor, most=MOST_WAITING)),
    )


def _ends(period: Period) -> tuple[datetime, datetime]:
    return _midnight(period.first), _midnight(period.last + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _accepted(user_id: int | None, since: datetime, until: datetime) -> Accepted:
    rows = Rating.objects.filter(at__gte=since, at__lt=until)
    rows = rows.exclude(user=None) if user_id is None else rows.filter(user_id=user_id)
    said = [Said(score, Verdict(word) if word else None) for score, word in rows.values_list("score", "verdict")]
    worths = [worth for item in said if (worth := worth_of(item)) is not None]
    return Accepted(len(worths), sum(worths) / len(worths) if worths else None)
