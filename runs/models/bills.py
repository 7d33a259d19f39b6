"""What providers say they bill: bills that are to be asked for, and our own figures summed up beside theirs."""

from __future__ import annotations

from django.db import models


class BillQuestion(models.Model):
    """A call that was broken off, and under which name its provider keeps what it billed."""

    call_id = models.UUIDField(primary_key=True)
    connection = models.CharField(max_length=60)
    bill_name = models.CharField(max_length=200)  # "gen-1732...": the provider's own
    ask_at = models.DateTimeField(db_index=True)  # not before: providers need a while to write it
    asked_count = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.call_id}: {self.bill_name} at {self.connection}"


class BillTotal(models.Model):
    """The ledger's lines of a day at one place and model, by whether their provider said what it bills."""

    day = models.DateField()
    connection = models.CharField(max_length=60)
    provider = models.CharField(max_length=40)
    model_id = models.CharField(max_length=200)
    is_simulated = models.BooleanField(default=False)
    call_count = models.PositiveIntegerField(default=0)
    cost_nano_usd = models.BigIntegerField(default=0)
    # --- worked out here and reported by the provider
    compared_count = models.PositiveIntegerField(default=0)
    computed_nano_usd = models.BigIntegerField(default=0)
    reported_nano_usd = models.BigIntegerField(default=0)
    # --- reported alone, as of calls that were broken off
    billed_count = models.PositiveIntegerField(default=0)
    billed_nano_usd = models.BigIntegerField(default=0)
    # --- worked out here alone
    unreported_count = models.PositiveIntegerField(default=0)
    unreported_nano_usd = models.BigIntegerField(default=0)
    # --- later lines that changed what was booked, also counted above
    corrected_count = models.PositiveIntegerField(default=0)
    corrected_nano_usd = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "connection", "provider", "model_id", "is_simulated"], name="one_bill_total_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.connection} {self.model_id}: {self.computed_nano_usd} and {self.reported_nano_usd}"
