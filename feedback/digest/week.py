"""Putting the week together: the reads of other parts, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django.utils import timezone

from feedback.digest.said import MOST_WAITING, Accepted, what_was_said
from feedback.queries import runs_waiting
from feedback.spend.cascades import Cascade
from feedback.spend.overview import rows_of
from feedback.spend.saved import report_shortly
from feedback.spend.savings import Saving
from feedback.spend.shapes import BASELINE_TITLES, Look, SpendRow
from runs.alerting.queries import list_alerts
from runs.ledger.windows import day_of
from runs.shapes.alerts import Alert
from runs.spend.shapes import Period, Slice, Spent, sum_up
from runs.weekly import DearRun, runs_of_week
from smartspawn.access.shapes import Actor, Scope
from smartspawn.lib.errors import NotAllowed

WEEK_DAYS: Final = 7
MOST_MODELS: Final = 5
MOST_RUNS: Final = 5
MOST_ALERTS: Final = 50


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
    """The last seven days, today among them, of this person or of everybody; five queries.

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
    week, former = _ends(period), _ends(period.former)
    money = report_shortly(look)
    rows = rows_of(money.models, money.former_models)
    runs = runs_of_week(user_id, week=week, former=former, most=MOST_RUNS, waiting=runs_waiting(actor))
    said = what_was_said(user_id, week=week, former=former, waiting_for=actor.user_id)
    return Week(
        period=period,
        is_everybodys=is_everybodys,
        runs=runs.counts,
        former_runs=runs.former_counts,
        spent=sum_up(money.models.values()),
        former_spent=sum_up(money.former_models.values()),
        models=tuple(row for row in rows if row.spent.call_count)[:MOST_MODELS],
        savings=money.savings,
        cascade=money.cascade,
        accepted=said.accepted,
        former_accepted=said.former_accepted,
        alerts=tuple(item for item in list_alerts(actor, before=None, most=MOST_ALERTS) if item.at >= week[0]),
        dearest=runs.dearest,
        waiting_count=min(MOST_WAITING, runs.waiting_count + said.waiting_count),
    )


def _ends(period: Period) -> tuple[datetime, datetime]:
    return _midnight(period.first), _midnight(period.last + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
