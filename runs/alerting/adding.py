"""A receiver of either kind, as forms and the API ask for it."""

from __future__ import annotations

from runs.alerting.inputs import ReceiverRequest
from runs.alerting.receivers import add_email, add_webhook
from runs.shapes.alerts import NewReceiver, ReceiverKind
from smartspawn.access.shapes import Actor


def add_receiver(*, actor: Actor, wanted: ReceiverRequest) -> NewReceiver:
    """The receiver, set up. Raises InvalidParam, NotAllowed and Conflict."""
    if wanted.kind is ReceiverKind.EMAIL:
        return add_email(actor=actor, address=wanted.address, reach=wanted.reach)
    return add_webhook(actor=actor, url=wanted.address, reach=wanted.reach, allows_private=wanted.allows_private)
