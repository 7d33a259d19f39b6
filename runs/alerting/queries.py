"""Reads of alerts, and who may see which: people those of their own budgets, admins all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import CharField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from runs.alerting.wording import amounts, headline
from runs.ledger.caps import WINDOWS, key_title, titles_of
from runs.ledger.windows import SITE, day_of, window_at
from runs.models import AlertDelivery, AlertReceiver, BudgetAlert
from runs.shapes.alerts import (
    Alert,
    AlertKind,
    Delivery,
    DeliveryState,
    Notice,
    Reach,
    Receiver,
    ReceiverKind,
)
from smartspawn.access.models import ApiKey, User
from smartspawn.access.shapes import Actor, Scope
from smartspawn.lib.errors import NotFound

_MOST_NOTICED = 50


def visible_alerts(actor: Actor) -> QuerySet[BudgetAlert]:
    """The alerts of one's own budgets; for an admin everybody's. A key sees what its person sees."""
    if Scope.RUNS_ADMIN in actor.scopes:
        return BudgetAlert.objects.all()
    return BudgetAlert.objects.none() if actor.user_id is None else BudgetAlert.objects.filter(user_id=actor.user_id)


def list_alerts(actor: Actor, *, before: UUID | None, most: int) -> tuple[Alert, ...]:
    """What was told, newest first, beyond the alert ``before``; one query without one.

    Raises NotFound where that is none of theirs.
    """
    alerts = visible_alerts(actor)
    if before is not None:
        last = alerts.filter(pk=before).first()
        if last is None:
            raise NotFound("before: there is no such alert to go on from.")
        alerts = alerts.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))
    rows = alerts.annotate(**_NAMES).order_by("-at", "-pk")[:most]
    return tuple(_alert(row, _title(row)) for row in rows)


def alerts_of_windows(actor: Actor, windows: Collection[str]) -> tuple[Alert, ...]:
    """What was told in these windows, newest first."""
    rows = visible_alerts(actor).filter(window__in=windows).annotate(**_NAMES).order_by("-at", "-pk")
    return tuple(_alert(row, _title(row)) for row in rows)


def list_notices(actor: Actor) -> tuple[Notice, ...]:
    """What to say on this person's pages: of each running budget of theirs the highest alert, unless put away.

    An admin is told of the site's besides; those of others stand on the page of budgets.
    """
    if actor.user_id is None:
        return ()
    is_theirs = Q(user_id=actor.user_id)
    if Scope.RUNS_ADMIN in actor.scopes:
        is_theirs |= Q(scope=SITE)
    running = BudgetAlert.objects.filter(is_theirs, window__in=running_windows())
    rows = running.exclude(seen__user_id=actor.user_id).order_by("-at", "-pk")[:_MOST_NOTICED]
    highest: dict[tuple[str, str], Alert] = {}
    for alert in titled(rows):
        place = (alert.scope, alert.window)
        if place not in highest or _rank(alert) > _rank(highest[place]):
            highest[place] = alert
    return tuple(Notice(alert, f"{headline(alert)}. {amounts(alert)}") for alert in highest.values())


def running_windows(at: datetime | None = None) -> list[str]:
    """The windows that are running, of every kind."""
    return [window_at(kind, day_of(at or timezone.now())) for kind in WINDOWS]


def titled(rows: Iterable[BudgetAlert]) -> tuple[Alert, ...]:
    """The rows as shapes, with what people call their scopes; what is gone keeps its number."""
    found = list(rows)
    titles = titles_of({row.scope for row in found}) if found else {}
    return tuple(_alert(row, titles.get(row.scope)) for row in found)


# Whose budget it is, and the name of the key where it is a key's: read with the alert, not after it.
_OWNER: Final = User.objects.filter(pk=OuterRef("user_id")).values("username")
_KEY: Final = (
    ApiKey.objects.filter(owner_id=OuterRef("user_id"))
    .annotate(scope=Concat(Value("key:"), Cast("pk", CharField())))
    .filter(scope=OuterRef("scope"))
)
_NAMES: Final[Mapping[str, Subquery]] = {
    "owner_name": Subquery(_OWNER[:1]),
    "key_name": Subquery(_KEY.values("name")[:1]),
    "key_prefix": Subquery(_KEY.values("prefix")[:1]),
}


def _title(row: Any) -> str | None:
    """What people call the scope of an alert that was read with its names."""
    kind, _, number = row.scope.partition(":")
    if not number:
        return titles_of(()).get(row.scope)
    if kind == "user":
        return str(row.owner_name) if row.owner_name else None
    return key_title(row.key_name, row.key_prefix, row.owner_name) if row.key_name else None


def _alert(row: BudgetAlert, title: str | None) -> Alert:
    return Alert(
        alert_id=row.pk,
        scope=row.scope,
        window=row.window,
        kind=AlertKind(row.kind),
        threshold_percent=row.threshold_percent,
        cap_nano_usd=row.cap_nano_usd,
        spent_nano_usd=row.spent_nano_usd,
        reserved_nano_usd=row.reserved_nano_usd,
        needed_nano_usd=row.needed_nano_usd,
        at=row.at,
        title=title or row.scope.replace(":", " "),
    )


def _rank(alert: Alert) -> tuple[bool, int]:
    return alert.kind is AlertKind.REFUSED, alert.threshold_percent


# --- receivers and deliveries ---------------------------------------------------------------------------


def visible_receivers(actor: Actor) -> QuerySet[AlertReceiver]:
    """One's own receivers; for an admin everybody's."""
    rows = AlertReceiver.objects.select_related("user").order_by("pk")
    if Scope.RUNS_ADMIN in actor.scopes:
        return rows
    return rows.none() if actor.user_id is None else rows.filter(user_id=actor.user_id)


def list_receivers(actor: Actor) -> tuple[Receiver, ...]:
    """Where alerts are sent, as far as this person may see it."""
    return tuple(as_receiver(row) for row in visible_receivers(actor))


def get_receiver(actor: Actor, receiver_id: int) -> Receiver:
    """One receiver. Raises NotFound for none, and for somebody else's."""
    row = visible_receivers(actor).filter(pk=receiver_id).first()
    if row is None:
        raise NotFound("There is no such receiver of alerts.")
    return as_receiver(row)


def as_receiver(row: AlertReceiver) -> Receiver:
    """The row without its secrets."""
    return Receiver(
        receiver_id=row.pk,
        kind=ReceiverKind(row.kind),
        reach=Reach(row.reach),
        address=row.address,
        owner=row.user.username,
        allows_private=row.allows_private,
        is_confirmed=row.confirmed_at is not None,
        is_on=row.switched_off_at is None,
        off_reason=row.off_reason,
        created_at=row.created_at,
    )


def list_deliveries(actor: Actor, *, receiver_id: int | None = None, most: int) -> tuple[Delivery, ...]:
    """The newest messages to the receivers that this person may see, or to one of them."""
    rows = AlertDelivery.objects.filter(receiver__in=visible_receivers(actor).order_by())
    if receiver_id is not None:
        rows = rows.filter(receiver_id=receiver_id)
    return tuple(map(as_delivery, rows.defer("body").order_by("-pk")[:most]))


def as_delivery(row: AlertDelivery) -> Delivery:
    """The row without what was sent."""
    return Delivery(
        delivery_id=row.pk,
        receiver_id=row.receiver_id,
        message_id=row.message_id,
        alert_id=row.alert_id,
        subject=row.subject,
        state=DeliveryState(row.state),
        attempt_count=row.attempt_count,
        next_at=row.next_at,
        attempted_at=row.attempted_at,
        answer_status=row.answer_status,
        error=row.error,
        created_at=row.created_at,
    )
