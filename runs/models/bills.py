"""Bills that are to be asked for: of calls whose provider alone knows what they cost."""

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
