"""People and their roles."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models

from smartspawn.access.shapes import Role


class User(AbstractUser):
    """A person who signs in."""

    role = models.CharField(max_length=10, choices=[(role.value, role.name.title()) for role in Role], default=Role.VIEWER)
