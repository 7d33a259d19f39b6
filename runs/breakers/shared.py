"""Circuit breakers: a place that keeps failing is left alone for a while, by every process.

A place is a connection or one model on it. Failures in a row are counted in each process's own memory; only
opening and closing are written, so that success costs no write. When the pause is over, one call of one process
is let through: if it goes well the breaker is gone, otherwise the next pause is twice as long.

All functions may read or write the database: an event loop calls them in a thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from runs.breakers.rules import TRIAL_S, Streak, is_about_the_place, opens, pause_s
from runs.models import Breaker
from runs.providers.faults import Fault, FaultReach
from runs.shapes import Endpoint
from smartspawn.access import audit
from smartspawn.access.shapes import Actor, Scope
from smartspawn.lib.errors import NotAllowed, NotFound

# For so long another process's opening may go unseen; until then its own failures teach this one.
KEPT_S: Final = 1.0
# A pause beyond this is no hiccup: a plan made now should not count on the connection.
_LONG: Final = timedelta(minutes=10)

Spot = tuple[str, str]  # connection and model; "" for the whole connection


@dataclass(frozen=True, slots=True)
class BreakerReport:
    """An open breaker, as pages and the API show it."""

    connection: str
    model_id: str  # "": the whole connection
    failure_count: int  # how often it was opened since the place last answered
    open_until: datetime
    is_trying: bool
    reason: str
    error_code: str


_lock = threading.Lock()
_streaks: dict[Spot, Streak] = {}
_open: Mapping[Spot, BreakerReport] = {}
_read_at_s: float | None = None


def is_open(endpoint: Endpoint) -> bool:
    """Whether the endpoint is to be left alone now. Ask right before a call.

    When a pause is over, the first to ask is told "no" and makes the one call that is let through.
    """
    now = timezone.now()
    shut = [report for spot in _spots(endpoint) if (report := _current().get(spot)) is not None]
    if any(report.open_until > now for report in shut):
        return True
    return not all(_claim_trial(report, now) for report in shut)


def wait_s(endpoint: Endpoint) -> float:
    """The seconds until a call may be tried; 0 where nothing is in the way."""
    now = timezone.now()
    waits = [(report.open_until - now).total_seconds() for spot in _spots(endpoint) if (report := _current().get(spot))]
    return max(0.0, *waits) if waits else 0.0


def note_success(endpoint: Endpoint) -> None:
    """The endpoint answered: its failures are forgotten; writes only where a breaker was open."""
    now_s = time.monotonic()
    for spot in _spots(endpoint):
        with _lock:
            _streaks[spot] = Streak(answered_at_s=now_s)
        if spot in _current():
            Breaker.objects.filter(connection=spot[0], model_id=spot[1]).delete()
            forget()


def note_fault(endpoint: Endpoint, fault: Fault) -> None:
    """The endpoint failed; writes only where that opens a breaker or ends a trial."""
    if not is_about_the_place(fault):
        note_success(endpoint)
        return
    spot = (endpoint.connection, "" if fault.reach is FaultReach.CONNECTION else endpoint.model_id)
    now_s = time.monotonic()
    with _lock:
        before = _streaks.get(spot, Streak())
        streak = _streaks[spot] = Streak(before.failure_count + 1, before.answered_at_s)
    known = _current().get(spot)
    if opens(fault, streak, now_s=now_s, is_trial=known is not None and known.is_trying):
        _write_open(spot, fault)


def list_breakers() -> tuple[BreakerReport, ...]:
    """The open breakers, the ones that stay open longest first."""
    return tuple(_report(row) for row in Breaker.objects.exclude(open_until=None).order_by("-open_until"))


def reset_breaker(*, actor: Actor, connection: str, model_id: str = "") -> None:
    """Close a breaker by hand. Raises NotAllowed, and NotFound where none is open."""
    if Scope.RUNS_ADMIN not in actor.scopes:
        raise NotAllowed("Only an admin may close a breaker.")
    with transaction.atomic():
        row = Breaker.objects.filter(connection=connection, model_id=model_id).first()
        if row is None:
            raise NotFound("No such breaker is open.")
        row.delete()
        audit.record(
            actor=actor,
            action="breaker.reset",
            subject=f"connection {connection}" + (f", {model_id}" if model_id else ""),
            before={"open_until": row.open_until, "reason": row.reason},
        )
    forget_streaks(connection)


def clear_breakers(connection: str) -> None:
    """Forget what is held against a connection: its key or address changed, or it is gone."""
    Breaker.objects.filter(connection=connection).delete()
    forget_streaks(connection)


def shut_connections() -> frozenset[str]:
    """The connections of which nothing can be had now, because only a person or much time can mend them."""
    soon = timezone.now() + _LONG
    shut = _current().values()
    return frozenset(report.connection for report in shut if not report.model_id and report.open_until > soon)


def forget() -> None:
    """Have the next question read the open breakers again."""
    global _read_at_s  # noqa: PLW0603  as below
    _read_at_s = None


def forget_streaks(connection: str | None = None) -> None:
    """Start counting anew for one connection, or for all."""
    with _lock:
        for spot in [spot for spot in _streaks if connection in (None, spot[0])]:
            del _streaks[spot]
    forget()


def _spots(endpoint: Endpoint) -> tuple[Spot, Spot]:
    return (endpoint.connection, ""), (endpoint.connection, endpoint.model_id)


def _current() -> Mapping[Spot, BreakerReport]:
    """The open breakers, read at most once a second; there are few of them, and as a rule none."""
    global _open, _read_at_s  # noqa: PLW0603  one view per process; swapped whole
    if _read_at_s is None or time.monotonic() - _read_at_s >= KEPT_S:
        read_at_s = time.monotonic()
        rows = Breaker.objects.exclude(open_until=None)
        _open = {(row.connection, row.model_id): _report(row) for row in rows}
        _read_at_s = read_at_s
    return _open


def _report(row: Breaker) -> BreakerReport:
    assert row.open_until is not None  # noqa: S101  only open ones are read
    return BreakerReport(
        connection=row.connection,
        model_id=row.model_id,
        failure_count=row.failure_count,
        open_until=row.open_until,
        is_trying=row.is_trying,
        reason=row.reason,
        error_code=row.error_code,
    )


def _claim_trial(report: BreakerReport, now: datetime) -> bool:
    """Whether this caller makes the one call that is let through: of many at once, one update finds its row."""
    due = Breaker.objects.filter(connection=report.connection, model_id=report.model_id, open_until__lte=now)
    is_ours = due.update(is_trying=True, open_until=now + timedelta(seconds=TRIAL_S), updated_at=now) == 1
    forget()
    if is_ours:
        return True
    # The row may be gone because the trial of another went well meanwhile.
    return not Breaker.objects.filter(connection=report.connection, model_id=report.model_id).exists()


def _write_open(spot: Spot, fault: Fault) -> None:
    connection, model_id = spot
    now = timezone.now()
    with transaction.atomic():
        row = Breaker.objects.select_for_update().filter(connection=connection, model_id=model_id).first()
        if row is not None and not row.is_trying and row.open_until is not None and row.open_until > now:
            return  # it is open already: a call that was under way when it opened adds nothing
        opening_count = 1 if row is None else row.failure_count + 1
        pause = timedelta(seconds=pause_s(fault, reopening_count=opening_count - 1))
        Breaker.objects.update_or_create(
            connection=connection,
            model_id=model_id,
            defaults={
                "failure_count": opening_count,
                "open_until": now + pause,
                "is_trying": False,
                "reason": fault.message[:300],
                "error_code": fault.code.value[:40],
                "updated_at": now,
            },
        )
    forget()
