"""The project's own table: who was seen alive, and when."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """The last sign of life of one process of the site."""

    name = models.CharField(max_length=100, unique=True)  # "queue@host", "web@host"
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.beat_at:%Y-%m-%d %H:%M:%S}"
