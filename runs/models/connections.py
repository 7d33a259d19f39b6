"""The places that serve models, and which of them are being left alone for a while."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from runs.shapes import Protocol


class Connection(models.Model):
    """A provider's address with the sealed key that opens it."""

    key = models.SlugField(max_length=60, unique=True)  # "openrouter", "ollama-2"
    provider = models.CharField(max_length=40)  # a name of runs/providers/known.py, or "custom"
    title = models.CharField(max_length=100)
    protocol = models.CharField(max_length=12, choices=[(item.value, item.value) for item in Protocol])
    base_url = models.CharField(max_length=500)
    sealed_secret = models.TextField(blank=True)  # by smartspawn.vault, for the purpose "connection:<key>"
    secret_tail = models.CharField(max_length=8, blank=True)  # the last four signs, to tell keys apart
    is_enabled = models.BooleanField(default=True)
    is_simulator = models.BooleanField(default=False)
    allows_private = models.BooleanField(default=False)  # may reach loopback and private networks
    priority = models.SmallIntegerField(default=0)  # of two that serve a model, the higher one first
    # For local servers and whatever the catalogue does not know: the models it lists, with prices if set.
    served_models = models.JSONField(default=list)  # [{"id", "prompt_usd_per_mtok", "completion_usd_per_mtok"}]
    listed_at = models.DateTimeField(null=True)
    tested_at = models.DateTimeField(null=True)
    test_result = models.CharField(max_length=300, blank=True)  # "" after a test that went well
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"connection {self.key}"


class Breaker(models.Model):
    """A connection, or one model on it, that failed too often and is left alone until a moment."""

    connection = models.CharField(max_length=60)
    model_id = models.CharField(max_length=200, blank=True)  # "": the whole connection
    failure_count = models.PositiveIntegerField(default=0)  # in a row
    open_until = models.DateTimeField(null=True)  # None: closed
    is_trying = models.BooleanField(default=False)  # one call is let through to see whether it works again
    reason = models.CharField(max_length=300, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "model_id"], name="one_breaker_a_place")]

    def __str__(self) -> str:
        return f"{self.connection} {self.model_id}: {self.failure_count}"
