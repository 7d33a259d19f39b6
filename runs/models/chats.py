"""Conversations over the chat addresses: the model that each one keeps."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Conversation(models.Model):
    """A conversation and the model it was given; its words are not kept, only a digest that finds it again."""

    digest = models.CharField(max_length=64, primary_key=True)  # of whose it is, what was asked for, how it began
    user_id = models.PositiveBigIntegerField(null=True)
    model_id = models.CharField(max_length=200)
    category = models.CharField(max_length=12, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    decision_id = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["used_at"], name="conversation_by_use")]

    def __str__(self) -> str:
        return f"conversation with {self.model_id}"
