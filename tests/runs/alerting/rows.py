"""Rows of alerts, receivers and deliveries."""

from __future__ import annotations

import uuid

from django.utils import timezone

from runs.alerting.receivers import purpose_of
from runs.alerting.signing import secret_of
from runs.models import AlertDelivery, AlertReceiver, BudgetAlert
from runs.shapes.alerts import AlertKind, DeliveryState, Reach, ReceiverKind
from smartspawn.access.models import User
from smartspawn.vault import seal

SECRET = secret_of(b"k" * 32)
CENT = 10_000_000


def make_alert(
    *, scope: str = "site", percent: int = 80, kind: AlertKind = AlertKind.SPENT, **fields: object
) -> BudgetAlert:
    """A budget of a dollar of which so much is spent today."""
    given: dict[str, object] = {
        "window": timezone.now().date().isoformat(),
        "cap_nano_usd": 100 * CENT,
        "spent_nano_usd": percent * CENT,
        "reserved_nano_usd": 5 * CENT,
        "needed_nano_usd": 3 * CENT if kind is AlertKind.REFUSED else None,
    }
    return BudgetAlert.objects.create(scope=scope, kind=kind, threshold_percent=percent, **(given | fields))


def make_receiver(
    user: User,
    *,
    address: str = "http://127.0.0.1:9/hook",
    kind: ReceiverKind = ReceiverKind.WEBHOOK,
    reach: Reach = Reach.OWN,
    **fields: object,
) -> AlertReceiver:
    """A receiver that is confirmed and on; a webhook with the secret ``SECRET``."""
    given = {"confirmed_at": timezone.now(), "allows_private": True, **fields}
    receiver = AlertReceiver.objects.create(user=user, kind=kind, address=address, reach=reach, **given)
    if kind is ReceiverKind.WEBHOOK:
        receiver.secret_sealed = seal(SECRET, purpose=purpose_of(receiver.pk))
        receiver.save()
    return receiver


def make_delivery(
    receiver: AlertReceiver, *, state: DeliveryState = DeliveryState.WAITING, **fields: object
) -> AlertDelivery:
    """A message to this receiver, due now."""
    given: dict[str, object] = {"message_id": uuid.uuid4(), "subject": "A budget", "body": '{"type": "test"}'}
    if state is not DeliveryState.WAITING:
        given |= {"attempt_count": 8, "attempted_at": timezone.now(), "closed_at": timezone.now()}
    return AlertDelivery.objects.create(receiver=receiver, state=state, **(given | fields))
