"""Judges whose word a person's own ratings have not borne out."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class JudgeRecord(models.Model):
    """How well one model's verdicts agree with one person's ratings, and whether it may judge their runs."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    model_id = models.CharField(max_length=200)
    kappa = models.FloatField(null=True)  # None: all verdicts or all ratings are the same
    kappa_lower = models.FloatField(null=True)
    kappa_upper = models.FloatField(null=True)
    pair_count = models.PositiveIntegerField()
    set_aside_at = models.DateTimeField(null=True)  # None: it may judge
    trusted_until_count = models.PositiveIntegerField(default=0)  # a person put it back: no verdict on it before
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "model_id"], name="one_record_a_judge")]

    def __str__(self) -> str:
        return f"{self.model_id} for user {self.user_id}: {self.kappa}"
