"""Notes budgets that have reached a threshold or refused a call, in the transaction that moves the money.

Each balance carries the spend at which its next alert is due, and only whoever holds the balance moves that mark: of
many who settle at once, one passes it. Counted is what is spent; money set aside may come back. A correction that
lowers spend leaves the mark where it is, so nothing is told twice.

Whoever lowers a cap, or sets the first, is told at once of the highest threshold that is reached by that. Whoever
raises one starts anew with the thresholds that lie ahead. The row of an alert is unique by cap, window, threshold and
amount: back at an amount that was told of, nothing is told again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.utils import timezone
from django_q.tasks import async_task

from runs.ledger.fitting import Room
from runs.ledger.shapes import Refusal
from runs.ledger.thresholds import THRESHOLDS_PERCENT, next_amount, reached, told
from runs.models import Balance, BudgetAlert
from runs.shapes.alerts import AlertKind
from smartspawn.access.models import ApiKey

DELIVER: Final = "runs.alerting.tasks.deliver_alerts"
_ROOM_FIELDS: Final = ("id", "scope", "window", "cap_nano_usd", "spent_nano_usd", "reserved_nano_usd")
_QUOTED_FIELDS: Final = ", ".join(f'"{name}"' for name in _ROOM_FIELDS)  # a window is a word of SQL's own
# Written out, because every settlement asks it: by primary key, and nothing comes back but once a threshold.
_REACHED: Final = f"SELECT {_QUOTED_FIELDS} FROM runs_balance WHERE spent_nano_usd >= alert_at_nano_usd AND id IN "  # noqa: S608 - our own names


def note_reached(balance_ids: Sequence[int]) -> None:
    """Note what these balances, which the caller holds and has just moved, have reached."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_REACHED}({', '.join(['%s'] * len(balance_ids))})", balance_ids)
        rooms = [Room(*row) for row in cursor.fetchall()]
    for room in rooms:
        percent = reached(room.spent_nano_usd, room.cap_nano_usd or 0)
        Balance.objects.filter(pk=room.balance_id).update(alert_at_nano_usd=next_amount(percent, room.cap_nano_usd))
    if rooms:
        _note([_spent(room) for room in rooms])


def note_refused(refusals: Iterable[Refusal]) -> None:
    """Note the budgets into which these calls will not fit even when others have settled; each cap's first alone."""
    first: dict[tuple[str, str], Refusal] = {}
    for refusal in filter(_is_final, refusals):
        first.setdefault((refusal.scope, refusal.window), refusal)
    if not first:
        return
    known = BudgetAlert.objects.filter(
        kind=AlertKind.REFUSED,
        scope__in={scope for scope, _ in first},
        window__in={window for _, window in first},
    )
    told_of = set(known.values_list("scope", "window", "cap_nano_usd"))
    news = [refusal for place, refusal in first.items() if (*place, refusal.cap_nano_usd) not in told_of]
    if news:
        _note([_refused(refusal) for refusal in news])


def rearm(balance_id: int, *, old_cap_nano_usd: int | None) -> None:
    """Let the alerts of a balance, which the caller holds, follow its cap, which was another before."""
    row = Balance.objects.get(pk=balance_id)
    cap, percent = row.cap_nano_usd, reached(row.spent_nano_usd, row.cap_nano_usd or 0)
    is_raised = old_cap_nano_usd is not None and cap is not None and cap > old_cap_nano_usd
    before = 0 if is_raised else told(row.alert_at_nano_usd, old_cap_nano_usd)
    armed = next_amount(max(before, percent), cap)
    Balance.objects.filter(pk=balance_id).update(alert_at_nano_usd=armed)
    if percent > before and not is_raised and cap != old_cap_nano_usd:
        _note([_spent(Room(*(getattr(row, name) for name in _ROOM_FIELDS)))])


def _is_final(refusal: Refusal) -> bool:
    """A run's own cap is no budget, and who needs but wait is not told."""
    return bool(refusal.window) and refusal.cap_nano_usd is not None and not refusal.fits_once_settled


def _note(alerts: Collection[BudgetAlert]) -> None:
    """Write them, with whose budgets they are of, and ring for their delivery: all or nothing, with the money."""
    key_ids = {alert.scope: int(alert.scope.partition(":")[2]) for alert in alerts if alert.scope.startswith("key:")}
    owners = dict(ApiKey.objects.filter(pk__in=key_ids.values()).values_list("pk", "owner_id")) if key_ids else {}
    for alert in alerts:
        kind, _, number = alert.scope.partition(":")
        alert.user_id = int(number) if kind == "user" else owners.get(key_ids.get(alert.scope, 0))
    BudgetAlert.objects.bulk_create(alerts, ignore_conflicts=True)
    async_task(DELIVER, group="alerts")


def _spent(room: Room) -> BudgetAlert:
    percent = reached(room.spent_nano_usd, room.cap_nano_usd or 0)
    return _alert(AlertKind.SPENT, percent, room, timezone.now())


def _refused(refusal: Refusal) -> BudgetAlert:
    alert = _alert(AlertKind.REFUSED, THRESHOLDS_PERCENT[-1], refusal, timezone.now())
    alert.needed_nano_usd = refusal.needed_nano_usd
    return alert


def _alert(kind: AlertKind, percent: int, about: Any, now: datetime) -> BudgetAlert:
    return BudgetAlert(
        scope=about.scope,
        window=about.window,
        kind=kind,
        threshold_percent=percent,
        cap_nano_usd=about.cap_nano_usd,
        spent_nano_usd=about.spent_nano_usd,
        reserved_nano_usd=about.reserved_nano_usd,
        at=now,
    )
