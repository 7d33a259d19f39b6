"""Who sends a message just now, and what its row says afterwards.

An attempt is counted before it begins, in one conditional update: of many who want to send a message one does. A
sender that dies leaves the message to whoever looks after its lease has ended, so it may arrive twice, under the same
id, but is never sent twice at once.
"""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from runs.alerting.receivers import purpose_of
from runs.models import AlertDelivery, AlertReceiver
from runs.shapes.alerts import DeliveryState, ReceiverKind
from smartspawn.vault import SecretUnreadable, reveal

# Several times as long as an attempt may take.
LEASE: Final = timedelta(seconds=60)
# Before the second attempt, the third, and so on: a receiver that is down for the night gets its message.
WAITS: Final = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 1800, 7200, 21600, 43200))
MOST_ATTEMPTS: Final = len(WAITS) + 1
LONGEST_WAIT: Final = WAITS[-1]
# One receiver that hangs holds so many senders and no more.
MOST_OF_ONE_RECEIVER: Final = 2
_LOOKED_AT: Final = 200
_GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that is this process's to send, until the lease ends."""

    delivery_id: int
    receiver_id: int
    token: uuid.UUID
    attempt: int
    kind: ReceiverKind
    address: str
    allows_private: bool
    message_id: uuid.UUID
    subject: str
    body: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended."""

    is_sent: bool
    status: int | None = None  # of the answer
    error: str = ""
    retry_after_s: float | None = None  # as the receiver asks


def claim_due(most: int, now: datetime | None = None) -> list[Claim]:
    """Messages that are due and nobody is sending, taken by the caller; the longest due first."""
    now = now or timezone.now()
    _close_unsendable(now)
    is_free = Q(lease_until=None) | Q(lease_until__lte=now)
    due = AlertDelivery.objects.filter(is_free, state=DeliveryState.WAITING, next_at__lte=now)
    under_way = AlertDelivery.objects.filter(state=DeliveryState.WAITING, lease_until__gt=now)
    busy = Counter(under_way.values_list("receiver_id", flat=True))
    claims: list[Claim] = []
    for row in due.select_related("receiver").order_by("next_at", "pk")[:_LOOKED_AT]:
        if len(claims) == most:
            break
        if busy[row.receiver_id] < MOST_OF_ONE_RECEIVER and (claim := _take(row, now)):
            busy[row.receiver_id] += 1
            claims.append(claim)
    return claims


def is_under_way(now: datetime | None = None) -> bool:
    """Whether somebody is sending messages just now."""
    sending = AlertDelivery.objects.filter(state=DeliveryState.WAITING, lease_until__gt=now or timezone.now())
    return sending.exists()


def note_outcome(claim: Claim, outcome: Outcome, now: datetime | None = None) -> None:
    """Write how the attempt ended, unless somebody else has the message by now."""
    now = now or timezone.now()
    is_over = outcome.is_sent or outcome.status == _GONE or claim.attempt >= MOST_ATTEMPTS
    state = DeliveryState.SENT if outcome.is_sent else DeliveryState.DEAD
    held = AlertDelivery.objects.filter(pk=claim.delivery_id, lease_token=claim.token)
    held.update(
        state=state if is_over else DeliveryState.WAITING,
        closed_at=now if is_over else None,
        next_at=now if is_over else now + wait_after(claim.attempt, outcome.retry_after_s),
        lease_token=None,
        lease_until=None,
        answer_status=outcome.status,
        error=outcome.error[:300],
    )
    if not outcome.is_sent and outcome.status is None:
        _leave_alone(claim, now)
    if outcome.status == _GONE:
        receivers = AlertReceiver.objects.filter(deliveries=claim.delivery_id)
        receivers.update(switched_off_at=now, off_reason="it answered 410: nobody wants these messages any more")


def wait_after(attempt: int, asked_s: float | None) -> timedelta:
    """How long to leave a receiver alone after so many attempts; longer if it asks for that, within reason."""
    wait = WAITS[min(attempt, len(WAITS)) - 1]
    return max(wait, min(timedelta(seconds=asked_s), LONGEST_WAIT)) if asked_s is not None else wait


def _leave_alone(claim: Claim, now: datetime) -> None:
    """Have what else is due for a receiver that gave no answer wait with it: each would hold a sender as long."""
    others = AlertDelivery.objects.filter(receiver_id=claim.receiver_id, state=DeliveryState.WAITING, lease_token=None)
    others.filter(next_at__lt=now + WAITS[0]).update(next_at=now + WAITS[0])


def _close_unsendable(now: datetime) -> None:
    """Give up what goes to receivers that are switched off, and what its senders died over each time."""
    waiting = AlertDelivery.objects.filter(state=DeliveryState.WAITING)
    off = waiting.exclude(receiver__switched_off_at=None)
    lost = waiting.filter(attempt_count__gte=MOST_ATTEMPTS, lease_until__lte=now)
    for rows, words in ((off, "The receiver is switched off."), (lost, "The process that sent it died, each time.")):
        if ids := list(rows.values_list("pk", flat=True)[:_LOOKED_AT]):
            closed = waiting.filter(pk__in=ids)
            closed.update(state=DeliveryState.DEAD, closed_at=now, error=words, lease_token=None, lease_until=None)


def _take(row: AlertDelivery, now: datetime) -> Claim | None:
    token = uuid.uuid4()
    untouched = AlertDelivery.objects.filter(
        pk=row.pk, state=DeliveryState.WAITING, attempt_count=row.attempt_count, lease_token=row.lease_token
    )
    attempt = row.attempt_count + 1
    if not untouched.update(attempt_count=attempt, lease_token=token, lease_until=now + LEASE, attempted_at=now):
        return None
    receiver = row.receiver
    claim = Claim(
        delivery_id=row.pk,
        receiver_id=receiver.pk,
        token=token,
        attempt=attempt,
        kind=ReceiverKind(receiver.kind),
        address=receiver.address,
        allows_private=receiver.allows_private,
        message_id=row.message_id,
        subject=row.subject,
        body=row.body,
        secrets=_secrets(receiver, now),
    )
    if claim.kind is ReceiverKind.WEBHOOK and not claim.secrets:
        note_outcome(claim, Outcome(is_sent=False, error="Its secret cannot be opened: make a new one."), now)
        return None
    return claim


def _secrets(receiver: AlertReceiver, now: datetime) -> tuple[str, ...]:
    """What the message is signed with: the secret, and for a day after a change the one before."""
    is_old_good = receiver.old_secret_until is not None and receiver.old_secret_until > now
    sealed = [receiver.secret_sealed, receiver.old_secret_sealed if is_old_good else ""]
    opened = []
    for text in filter(None, sealed):
        try:
            opened.append(reveal(text, purpose=purpose_of(receiver.pk)))
        except SecretUnreadable:
            continue
    return tuple(opened)
