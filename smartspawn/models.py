"""The project's own tables: who was seen alive and when, and when what was too old was let go."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """The last sign of life of one process of the site."""

    name = models.CharField(max_length=100, unique=True)  # "queue@host", "web@host"
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.beat_at:%Y-%m-%d %H:%M:%S}"


class Pruning(models.Model):
    """When a kind of thing was last pruned, and how much of it went."""

    key = models.CharField(max_length=40, primary_key=True)  # as the command calls it
    at = models.DateTimeField()
    gone_count = models.PositiveBigIntegerField()
    total_gone_count = models.PositiveBigIntegerField(default=0)
    duration_ms = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.gone_count} {self.key} at {self.at:%Y-%m-%d %H:%M}"


class RequestSum(models.Model):
    """Requests of one kind since the site began, added up by every web process in its turn."""

    route = models.CharField(max_length=200)  # the template, never the address that was asked
    method = models.CharField(max_length=8)
    status_class = models.CharField(max_length=3)  # "2xx"
    request_count = models.PositiveBigIntegerField(default=0)
    duration_ms = models.PositiveBigIntegerField(default=0)
    bucket_counts = models.JSONField(default=list)  # how many took at most so long, by the bounds in metrics/requests

    class Meta:
        constraints = [models.UniqueConstraint(fields=["route", "method", "status_class"], name="request_sum_by_kind")]

    def __str__(self) -> str:
        return f"{self.method} {self.route} {self.status_class}: {self.request_count}"
