"""What sums of the ledger say, and the sums by one facet of spend that the dashboards read."""

from __future__ import annotations

from django.db import models


class SpendSums(models.Model):
    """What lines of the ledger come to, whichever way they are put together."""

    call_count = models.PositiveIntegerField(default=0)
    fresh_input_tokens = models.PositiveBigIntegerField(default=0)
    cache_read_tokens = models.PositiveBigIntegerField(default=0)
    cache_write_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    reasoning_tokens = models.PositiveBigIntegerField(default=0)
    cost_nano_usd = models.BigIntegerField(default=0)
    reserved_nano_usd = models.BigIntegerField(default=0)
    latency_ms = models.PositiveBigIntegerField(default=0)  # the sum
    # --- of calls whose tokens nobody counted
    estimated_count = models.PositiveIntegerField(default=0)
    estimated_nano_usd = models.BigIntegerField(default=0)
    # --- calls by how long they took: up to so many ms, and longer than the bound before
    took_250_count = models.PositiveIntegerField(default=0)
    took_500_count = models.PositiveIntegerField(default=0)
    took_1000_count = models.PositiveIntegerField(default=0)
    took_2000_count = models.PositiveIntegerField(default=0)
    took_4000_count = models.PositiveIntegerField(default=0)
    took_8000_count = models.PositiveIntegerField(default=0)
    took_16000_count = models.PositiveIntegerField(default=0)
    took_32000_count = models.PositiveIntegerField(default=0)
    took_64000_count = models.PositiveIntegerField(default=0)
    took_128000_count = models.PositiveIntegerField(default=0)
    took_longer_count = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True


class SpendTotal(SpendSums):
    """The ledger summed by day and one facet, for the site and for each person: few rows, whatever the range."""

    scope = models.CharField(max_length=60)  # "site", "user:5"
    facet = models.CharField(max_length=10)
    value = models.CharField(max_length=220, blank=True)
    day = models.DateField()
    is_simulated = models.BooleanField(default=False)

    class Meta:
        constraints = [
            # In this order: a page asks for one facet of one scope over a range of days.
            models.UniqueConstraint(
                fields=["scope", "facet", "is_simulated", "day", "value"], name="one_spend_total_a_day"
            )
        ]
        indexes = [models.Index(fields=["day"], name="spend_total_by_day")]  # for making them again

    def __str__(self) -> str:
        return f"{self.scope} {self.day} {self.facet} {self.value}: {self.cost_nano_usd}"
