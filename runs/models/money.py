"""Caps, balances, reservations and the ledger; all amounts in nano-dollars.

The ledger is append-only. Balances and day totals are sums of it, written in the same transaction, and
can be built again from it.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from runs.models.spend import SpendSums
from runs.shapes import CallStatus

_RESERVATION_STATES = ["open", "settled", "released", "expired"]


class Cap(models.Model):
    """The most that a scope may spend in a window; without a row there is no limit, and 0 allows nothing."""

    scope = models.CharField(max_length=60)  # "site", "user:5", "key:7"
    window = models.CharField(max_length=8, choices=[("day", "day"), ("month", "month")])
    cap_nano_usd = models.BigIntegerField()  # what holds
    admin_cap_nano_usd = models.BigIntegerField(null=True)  # the most that its owner may set; None: no admin did
    set_by = models.CharField(max_length=200)
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "window"], name="one_cap_a_window"),
            models.CheckConstraint(condition=models.Q(cap_nano_usd__gte=0), name="cap_is_no_debt"),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.window}: {self.cap_nano_usd}"


class Balance(models.Model):
    """What a scope has spent and reserved in one window: the row that a reservation must fit into."""

    scope = models.CharField(max_length=60)  # "site", "user:5", "key:7", "run:<uuid>"
    window = models.CharField(max_length=16)  # "2026-11-21", "2026-11", "" for a run
    cap_nano_usd = models.BigIntegerField(null=True)  # as it stands now; None: no limit
    spent_nano_usd = models.BigIntegerField(default=0)
    reserved_nano_usd = models.BigIntegerField(default=0)
    alert_at_nano_usd = models.BigIntegerField(null=True)  # spend at which the next alert is due; None: no more

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "window"], name="one_balance_a_window"),
            models.CheckConstraint(
                condition=models.Q(spent_nano_usd__gte=0, reserved_nano_usd__gte=0), name="balance_is_no_debt"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.window}: {self.spent_nano_usd} + {self.reserved_nano_usd}"


class Reservation(models.Model):
    """Money set aside for one call, in every scope that pays for it."""

    call_id = models.UUIDField(primary_key=True)
    run_id = models.UUIDField(null=True, db_index=True)
    amount_nano_usd = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=[(state, state) for state in _RESERVATION_STATES], default="open")
    balance_ids = models.JSONField()
    facts = models.JSONField()  # payer, endpoint, node, attempt, purpose: what a ledger entry will tell
    is_simulated = models.BooleanField(default=False)
    opened_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_nano_usd__gte=0), name="reservation_is_no_debt"),
            models.CheckConstraint(
                condition=models.Q(state__in=_RESERVATION_STATES), name="reservation_state_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="reservation_open", condition=models.Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"{self.call_id}: {self.amount_nano_usd} {self.state}"


class LedgerEntry(models.Model):
    """One call and what it cost, or a correction of such a line; the database itself refuses to change one."""

    call_id = models.UUIDField()
    kind = models.CharField(max_length=12, choices=[("charge", "charge"), ("correction", "correction")])
    at = models.DateTimeField(default=timezone.now)
    day = models.DateField()  # whose money it is: in UTC, the day in which the call was given leave
    status = models.CharField(max_length=10, choices=[(status.value, status.value) for status in CallStatus])
    # --- who and what for: plain numbers, because the line outlives what it speaks of
    user_id = models.PositiveBigIntegerField(null=True)
    key_id = models.PositiveBigIntegerField(null=True)
    run_id = models.UUIDField(null=True)
    node_key = models.CharField(max_length=60, blank=True)
    attempt = models.PositiveSmallIntegerField(default=1)
    purpose = models.CharField(max_length=12)
    mode = models.CharField(max_length=12)
    category = models.CharField(max_length=12, blank=True)
    driver = models.CharField(max_length=20)
    decision_id = models.CharField(max_length=60, blank=True)
    # --- where
    connection = models.CharField(max_length=60)
    provider = models.CharField(max_length=40)
    model_id = models.CharField(max_length=200)
    served_model = models.CharField(max_length=200, blank=True)
    price_source = models.CharField(max_length=60, blank=True)
    # --- how much
    # A line that undoes another has -1, one that changes money alone 0: over a call they sum up to one.
    call_count = models.SmallIntegerField(default=1)
    fresh_input_tokens = models.PositiveIntegerField(default=0)
    cache_read_tokens = models.PositiveIntegerField(default=0)
    cache_write_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    cost_nano_usd = models.BigIntegerField()  # a correction's may be negative
    computed_nano_usd = models.BigIntegerField(null=True)
    reported_nano_usd = models.BigIntegerField(null=True)
    reserved_nano_usd = models.BigIntegerField(default=0)
    latency_ms = models.PositiveIntegerField(null=True)
    first_token_ms = models.PositiveIntegerField(null=True)
    error_code = models.CharField(max_length=40, blank=True)
    is_estimated = models.BooleanField(default=False)
    is_simulated = models.BooleanField(default=False)  # no money moved: kept out of every sum of spend

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["call_id"], condition=models.Q(kind="charge"), name="one_charge_a_call")
        ]
        indexes = [
            models.Index(fields=["-at", "-id"], name="ledger_by_time"),
            models.Index(fields=["run_id", "status"], name="ledger_by_run"),
            models.Index(fields=["call_id"], name="ledger_by_call"),
            models.Index(fields=["user_id", "-at"], name="ledger_by_user"),
            models.Index(fields=["model_id", "-at"], name="ledger_by_model"),
            models.Index(fields=["day", "id"], name="ledger_by_day"),
            models.Index(
                fields=["-at", "-id"], name="ledger_uncertain", condition=models.Q(status=CallStatus.UNCERTAIN)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.call_id} {self.kind}: {self.cost_nano_usd}"


class DayTotal(SpendSums):
    """The ledger summed by day and everything that spend is looked at by."""

    day = models.DateField()
    user_id = models.PositiveBigIntegerField(default=0)  # 0: nobody; a null would not be unique
    key_id = models.PositiveBigIntegerField(default=0)
    mode = models.CharField(max_length=12)
    category = models.CharField(max_length=12, blank=True)
    purpose = models.CharField(max_length=12)
    driver = models.CharField(max_length=20)
    provider = models.CharField(max_length=40)
    model_id = models.CharField(max_length=200)
    status = models.CharField(max_length=10)
    is_simulated = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "day",
                    "user_id",
                    "key_id",
                    "mode",
                    "category",
                    "purpose",
                    "driver",
                    "provider",
                    "model_id",
                    "status",
                    "is_simulated",
                ],
                name="one_total_a_day",
            )
        ]
        indexes = [
            # Of one person, key or model alone: what the dashboards' filters ask for.
            models.Index(fields=["user_id", "day"], name="total_by_user"),
            models.Index(fields=["key_id", "day"], name="total_by_key"),
            models.Index(fields=["model_id", "day"], name="total_by_model"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model_id}: {self.cost_nano_usd}"


class RunPreference(models.Model):
    """What a person wants asked before money goes out."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="run_preference"
    )
    approve_above_nano_usd = models.BigIntegerField(null=True)  # None: as the site has it
    default_cap_nano_usd = models.BigIntegerField(null=True)  # None: the site's MAX_USD_PER_RUN

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(models.Q(approve_above_nano_usd=None) | models.Q(approve_above_nano_usd__gte=0))
                & (models.Q(default_cap_nano_usd=None) | models.Q(default_cap_nano_usd__gte=0)),
                name="preference_is_no_debt",
            )
        ]

    def __str__(self) -> str:
        return f"what user {self.user_id} wants asked"
