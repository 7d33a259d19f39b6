"""Alerts of budgets, who has put them away, and where they are sent."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from runs.shapes.alerts import AlertKind, DeliveryState, Reach, ReceiverKind


def _choices(words: Any) -> list[tuple[str, str]]:
    return [(word.value, word.value) for word in words]


class BudgetAlert(models.Model):
    """A cap of which so much is spent, or which refused a call; said once for each cap, window and threshold."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)  # receivers know the alert by it
    scope = models.CharField(max_length=60)  # "site", "user:5", "key:7"
    window = models.CharField(max_length=16)  # "2026-11-21", "2026-11"
    kind = models.CharField(max_length=8, choices=_choices(AlertKind))
    threshold_percent = models.PositiveSmallIntegerField()  # 50, 80, 100; of a refusal 100
    cap_nano_usd = models.BigIntegerField()
    spent_nano_usd = models.BigIntegerField()
    reserved_nano_usd = models.BigIntegerField()
    needed_nano_usd = models.BigIntegerField(null=True)  # by the call that was refused
    user_id = models.PositiveBigIntegerField(null=True)  # whose budget; plain: the alert outlives the person
    at = models.DateTimeField(default=timezone.now)
    spread_at = models.DateTimeField(null=True)  # when it was worked out who gets it

    class Meta:
        constraints = [
            # With the amount: who raises a cap wants to hear of the new one, and who goes back to it not twice.
            models.UniqueConstraint(
                fields=["scope", "window", "kind", "threshold_percent", "cap_nano_usd"], name="one_alert_a_threshold"
            )
        ]
        indexes = [
            models.Index(fields=["-at", "-id"], name="alert_by_time"),
            models.Index(fields=["user_id", "-at"], name="alert_by_user"),
            models.Index(fields=["at"], name="alert_to_spread", condition=models.Q(spread_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.window}: {self.kind} {self.threshold_percent} %"


class SeenAlert(models.Model):
    """An alert that a person has put away: their pages show it no more."""

    alert = models.ForeignKey(BudgetAlert, on_delete=models.CASCADE, related_name="seen")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "user"], name="seen_once")]

    def __str__(self) -> str:
        return f"{self.alert_id} seen by user {self.user_id}"


class AlertReceiver(models.Model):
    """Where alerts are sent: an address of the web or of a mailbox, for one person's budgets or for all."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")  # who set it up
    kind = models.CharField(max_length=8, choices=_choices(ReceiverKind))
    reach = models.CharField(max_length=8, choices=_choices(Reach), default=Reach.OWN)
    address = models.CharField(max_length=500)
    secret_sealed = models.TextField(blank=True)  # of a webhook: what its messages are signed with
    old_secret_sealed = models.TextField(blank=True)  # goes on signing for a while after a change
    old_secret_until = models.DateTimeField(null=True)
    allows_private = models.BooleanField(default=False)
    confirmed_at = models.DateTimeField(null=True)  # None: nobody at the mailbox has said yes yet
    switched_off_at = models.DateTimeField(null=True)
    off_reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind", "address"], name="one_receiver_an_address")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} of user {self.user_id}"


class AlertDelivery(models.Model):
    """One message to one receiver, from the moment it is due until it has arrived or was given up."""

    receiver = models.ForeignKey(AlertReceiver, on_delete=models.CASCADE, related_name="deliveries")
    alert = models.ForeignKey(
        BudgetAlert, null=True, on_delete=models.CASCADE, related_name="deliveries"
    )  # None: a test
    message_id = models.UUIDField(default=uuid.uuid4)  # the alert's; the same in every attempt
    subject = models.CharField(max_length=300)
    body = models.TextField()  # exactly what is sent, and signed
    state = models.CharField(max_length=8, choices=_choices(DeliveryState), default=DeliveryState.WAITING)
    attempt_count = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    # --- who sends it just now; the result is taken from the holder of the token alone
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    # --- how the last attempt ended
    attempted_at = models.DateTimeField(null=True)
    answer_status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["receiver", "message_id"], name="one_delivery_a_receiver")]
        indexes = [
            models.Index(fields=["next_at"], name="delivery_due", condition=models.Q(state="waiting")),
            models.Index(fields=["closed_at"], name="delivery_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} to receiver {self.receiver_id}: {self.state}"
