"""Setting up where alerts are sent: by people for their own budgets, by admins for everybody's; in the audit log."""

from __future__ import annotations

import secrets
import uuid
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django_q.tasks import async_task

from runs.alerting.messages import Message, confirm_message, test_message
from runs.alerting.queries import visible_receivers
from runs.alerting.signing import KEY_BYTES, secret_of
from runs.connections.checks import check_host
from runs.ledger.alerts import DELIVER
from runs.models import AlertDelivery, AlertReceiver
from runs.shapes.alerts import DeliveryState, NewReceiver, Reach, ReceiverKind
from smartspawn.access.audit import record
from smartspawn.access.shapes import Actor, Scope
from smartspawn.lib.errors import Conflict, InvalidParam, NotAllowed, NotFound
from smartspawn.vault import SecretUnreadable, reveal, seal

MOST_RECEIVERS: Final = 10  # of one person
# Whoever checks signatures has this long to learn the new secret.
OLD_SECRET_LIFE: Final = timedelta(hours=24)
CONFIRM_WITHIN: Final = timedelta(days=7)
_CONFIRM_SALT: Final = "runs.alerting.confirm"
_TEST_AGAIN_AFTER: Final = timedelta(seconds=10)


def add_webhook(*, actor: Actor, url: str, reach: Reach, allows_private: bool = False) -> NewReceiver:
    """Send alerts to this address from now on; the secret that signs them is given here once.

    Raises InvalidParam for an address that cannot be meant, NotAllowed for what only an admin may, and Conflict.
    """
    if allows_private and not _is_admin(actor):
        raise NotAllowed("Only an admin may have messages sent to this machine or a private network.")
    address = check_webhook_url(url, allows_private=allows_private)
    row = AlertReceiver(kind=ReceiverKind.WEBHOOK, address=address, allows_private=allows_private)
    row.confirmed_at = timezone.now()  # it can be told from the signature that it is us: nobody need agree first
    with transaction.atomic():
        _add(actor, row, reach)
        secret = _give_secret(row)
    return NewReceiver(row.pk, secret)


def add_email(*, actor: Actor, address: str, reach: Reach) -> NewReceiver:
    """Send alerts to this mailbox, once somebody there has followed the link of a first mail; an admin's word does.

    Raises InvalidParam for what is no address, NotAllowed, and Conflict.
    """
    address = address.strip()
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvalidParam(f"'{address[:80]}' is no e-mail address.") from error
    if not settings.EMAIL_URL:
        raise Conflict("E-mail is not set up on this site: set EMAIL_URL and start it again.")
    row = AlertReceiver(kind=ReceiverKind.EMAIL, address=address)
    row.confirmed_at = timezone.now() if _is_admin(actor) else None
    with transaction.atomic():
        _add(actor, row, reach)
        if row.confirmed_at is None:
            # The person, also where one of their keys asks: at the mailbox nobody knows keys.
            _send(row, confirm_message(uuid.uuid4(), row.user.username, _confirm_url(row)))
    return NewReceiver(row.pk)


def confirm_email(token: str) -> None:
    """Somebody at the mailbox says yes. Raises InvalidParam for a link that is wrong, too old, or of one removed."""
    row = find_unconfirmed(token)
    AlertReceiver.objects.filter(pk=row.pk, confirmed_at=None).update(confirmed_at=timezone.now())


def find_unconfirmed(token: str) -> AlertReceiver:
    """The receiver that a confirming link is for. Raises InvalidParam."""
    try:
        receiver_id, address = signing.loads(token, salt=_CONFIRM_SALT, max_age=CONFIRM_WITHIN)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise InvalidParam("This link is wrong or too old. Have the address added again.") from error
    row = AlertReceiver.objects.filter(pk=receiver_id, address=address).first()
    if row is None:
        raise InvalidParam("The address was taken away meanwhile. There is nothing to confirm.")
    return row


def remove_receiver(*, actor: Actor, receiver_id: int) -> None:
    """Send nothing there any more, and forget what was sent. Raises NotFound."""
    with transaction.atomic():
        row = _hold(actor, receiver_id)
        record(actor=actor, action="alert_receiver.remove", subject=_subject(row), before=_facts(row))
        row.delete()


def switch_receiver(*, actor: Actor, receiver_id: int, is_on: bool) -> None:
    """Send there, or leave it for now. Raises NotFound."""
    with transaction.atomic():
        row = _hold(actor, receiver_id)
        if (row.switched_off_at is None) == is_on:
            return
        row.switched_off_at = None if is_on else timezone.now()
        row.off_reason = "" if is_on else "switched off by hand"
        row.save(update_fields=["switched_off_at", "off_reason"])
        record(actor=actor, action="alert_receiver.switch", subject=_subject(row), after={"is_on": is_on})


def renew_secret(*, actor: Actor, receiver_id: int) -> str:
    """A new secret of a webhook, given here once; messages carry both signatures until a day has passed.

    Raises NotFound, and InvalidParam for a mailbox.
    """
    with transaction.atomic():
        row = _hold(actor, receiver_id)
        if row.kind != ReceiverKind.WEBHOOK:
            raise InvalidParam("Only webhooks are signed.")
        row.old_secret_sealed, row.old_secret_until = row.secret_sealed, timezone.now() + OLD_SECRET_LIFE
        row.save(update_fields=["old_secret_sealed", "old_secret_until"])
        secret = _give_secret(row)
        record(actor=actor, action="alert_receiver.renew_secret", subject=_subject(row))
    return secret


def send_test(*, actor: Actor, receiver_id: int) -> int:
    """Send a message that says nothing, and give the number of its delivery. Raises NotFound and Conflict."""
    with transaction.atomic():
        row = _hold(actor, receiver_id)
        now = timezone.now()
        if row.confirmed_at is None:
            raise Conflict("Nobody at this address has confirmed it yet.")
        if AlertDelivery.objects.filter(receiver=row, alert=None, created_at__gt=now - _TEST_AGAIN_AFTER).exists():
            raise Conflict("A test was sent a moment ago. Wait ten seconds.")
        kind = ReceiverKind(row.kind)
        return _send(row, test_message(uuid.uuid4(), kind, now, budgets_url()))


def send_again(*, actor: Actor, delivery_id: int) -> int:
    """Begin anew with a message that was given up, or has arrived: the same text under the same id; its receiver.

    Raises NotFound.
    """
    mine = visible_receivers(actor).order_by()
    ended = AlertDelivery.objects.filter(pk=delivery_id, receiver__in=mine).exclude(state=DeliveryState.WAITING)
    with transaction.atomic():
        renewed = ended.update(
            state=DeliveryState.WAITING, attempt_count=0, next_at=timezone.now(), closed_at=None, lease_until=None
        )
        if not renewed:
            raise NotFound("There is no such message, or it is on its way already.")
        async_task(DELIVER, group="alerts")
        return AlertDelivery.objects.values_list("receiver_id", flat=True).get(pk=delivery_id)


def reseal_receivers() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The webhooks whose secrets are sealed with the newest key now, and those whose secrets nothing opens."""
    resealed, lost = [], []
    for row in AlertReceiver.objects.exclude(secret_sealed="").order_by("pk"):
        try:
            sealed = seal(reveal(row.secret_sealed, purpose=purpose_of(row.pk)), purpose=purpose_of(row.pk))
        except SecretUnreadable:
            lost.append(str(row.pk))
            continue
        # One that is renewed meanwhile stays as renewed; the old one lives for a day and is not worth the trouble.
        AlertReceiver.objects.filter(pk=row.pk, secret_sealed=row.secret_sealed).update(secret_sealed=sealed)
        resealed.append(str(row.pk))
    return tuple(resealed), tuple(lost)


def check_webhook_url(url: str, *, allows_private: bool) -> str:
    """The address as it will be called. What the name stands for is checked anew with every connection.

    Raises InvalidParam.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or len(url) > 500 or not url.isprintable() or " " in url:
        raise InvalidParam("The address must look like https://example.org/hooks/budgets.")
    if parts.username or parts.password or parts.fragment:
        raise InvalidParam("The address carries a name, a password or a fragment. Messages are signed instead.")
    check_host((parts.hostname or "").lower(), allows_private=allows_private)
    if parts.scheme == "http" and not allows_private:
        raise InvalidParam("Use https: over http anybody on the way could read what is spent.")
    return url


def purpose_of(receiver_id: int) -> str:
    """What a webhook's secret is sealed for."""
    return f"alert receiver {receiver_id}"


def budgets_url() -> str:
    """Where people reach the page of budgets."""
    return f"{settings.SITE_URL.rstrip('/')}{reverse('runs:budgets')}"


def _add(actor: Actor, row: AlertReceiver, reach: Reach) -> None:
    if actor.user_id is None:
        raise InvalidParam("Receivers belong to people. Sign in, or use a key of a person.")
    if reach is Reach.ALL and not _is_admin(actor):
        raise NotAllowed("Only an admin may have the alerts of everybody's budgets sent somewhere.")
    if AlertReceiver.objects.filter(user_id=actor.user_id).count() >= MOST_RECEIVERS:
        raise Conflict(f"You have {MOST_RECEIVERS} receivers already. Take one away first.")
    row.user_id, row.reach = actor.user_id, reach
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("Alerts are sent there already.") from error
    record(actor=actor, action="alert_receiver.add", subject=_subject(row), after=_facts(row))


def _give_secret(row: AlertReceiver) -> str:
    secret = secret_of(secrets.token_bytes(KEY_BYTES))
    row.secret_sealed = seal(secret, purpose=purpose_of(row.pk))
    row.save(update_fields=["secret_sealed"])
    return secret


def _send(row: AlertReceiver, message: Message) -> int:
    made = AlertDelivery.objects.create(
        receiver=row, message_id=message.message_id, subject=message.subject, body=message.body
    )
    async_task(DELIVER, group="alerts")
    return made.pk


def _confirm_url(row: AlertReceiver) -> str:
    token = signing.dumps([row.pk, row.address], salt=_CONFIRM_SALT)
    return f"{settings.SITE_URL.rstrip('/')}{reverse('runs:receiver-confirm', args=[token])}"


def _hold(actor: Actor, receiver_id: int) -> AlertReceiver:
    row = visible_receivers(actor).select_related(None).select_for_update().filter(pk=receiver_id).first()
    if row is None:
        raise NotFound("There is no such receiver of alerts.")
    return row


def _is_admin(actor: Actor) -> bool:
    return Scope.RUNS_ADMIN in actor.scopes


def _subject(row: AlertReceiver) -> str:
    return f"alert receiver {row.pk} of user {row.user_id}"


def _facts(row: AlertReceiver) -> dict[str, object]:
    """What the audit log keeps; of a webhook no more than its host, because paths may be secrets."""
    place = urlsplit(row.address).hostname if row.kind == ReceiverKind.WEBHOOK else row.address
    return {"kind": row.kind, "reach": row.reach, "place": place, "allows_private": row.allows_private}
