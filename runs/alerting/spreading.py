"""From an alert to the messages that tell of it: one for each receiver that it concerns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from runs.alerting.messages import alert_message
from runs.alerting.queries import titled
from runs.alerting.receivers import budgets_url
from runs.models import AlertDelivery, AlertReceiver, BudgetAlert
from runs.shapes.alerts import Alert, Reach, ReceiverKind
from smartspawn.access.shapes import Role

_MOST_AT_ONCE: Final = 200


def spread_alerts() -> int:
    """Make the messages of the alerts that have none yet, each once whoever else is at it; the count of alerts."""
    if not BudgetAlert.objects.filter(spread_at=None).exists():
        return 0  # each minute somebody looks: a look takes no lock
    with transaction.atomic():
        unspread = BudgetAlert.objects.filter(spread_at=None).order_by("at")
        if connection.features.has_select_for_update_skip_locked:
            unspread = unspread.select_for_update(skip_locked=True)
        rows = list(unspread[:_MOST_AT_ONCE])
        receivers = list(_usable_receivers())
        messages = [
            _delivery(alert, receiver)
            for row, alert in zip(rows, titled(rows), strict=True)
            for receiver in receivers
            if _concerns(receiver, row)
        ]
        AlertDelivery.objects.bulk_create(messages, ignore_conflicts=True)
        BudgetAlert.objects.filter(pk__in=[row.pk for row in rows]).update(spread_at=timezone.now())
    return len(rows)


def _usable_receivers() -> Iterable[AlertReceiver]:
    usable = AlertReceiver.objects.filter(switched_off_at=None, user__is_active=True).exclude(confirmed_at=None)
    if not settings.EMAIL_URL:
        usable = usable.exclude(kind=ReceiverKind.EMAIL)
    return usable.select_related("user")


def _concerns(receiver: AlertReceiver, alert: BudgetAlert) -> bool:
    """An admin who is one no longer hears of their own budgets alone."""
    is_all = receiver.reach == Reach.ALL and receiver.user.role == Role.ADMIN
    return is_all or (alert.user_id is not None and alert.user_id == receiver.user_id)


def _delivery(alert: Alert, receiver: AlertReceiver) -> AlertDelivery:
    message = alert_message(alert, ReceiverKind(receiver.kind), budgets_url())
    return AlertDelivery(
        receiver=receiver,
        alert_id=alert.alert_id,
        message_id=message.message_id,
        subject=message.subject,
        body=message.body,
    )
