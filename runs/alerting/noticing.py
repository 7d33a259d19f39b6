"""Putting alerts away: a person's pages say no more of what that person has seen."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from runs.alerting.queries import visible_alerts
from runs.models import BudgetAlert, SeenAlert
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import InvalidParam, NotFound


def put_away(*, actor: Actor, alert_id: UUID) -> None:
    """Show this person no more of this budget's window until it has something new to tell. Raises NotFound."""
    if actor.user_id is None:
        raise InvalidParam("Notices are shown to people. Sign in.")
    shown = visible_alerts(actor).filter(pk=alert_id).first()
    if shown is None:
        raise NotFound("There is no such alert.")
    with transaction.atomic():
        told = BudgetAlert.objects.filter(scope=shown.scope, window=shown.window, at__lte=shown.at)
        seen = [SeenAlert(alert_id=pk, user_id=actor.user_id) for pk in {*told.values_list("pk", flat=True), alert_id}]
        SeenAlert.objects.bulk_create(seen, ignore_conflicts=True)
