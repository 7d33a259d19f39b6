"""Asking for pages as somebody, and reading what they show."""

from __future__ import annotations

import re
from html import unescape

from django.test import Client

from smartspawn.access.models import User
from smartspawn.access.shapes import Role


def signed_in(role: Role = Role.VIEWER) -> Client:
    """A browser of a person with this role."""
    user, _ = User.objects.get_or_create(username=f"some-{role}", defaults={"role": role})
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text_of(html: bytes) -> str:
    """What a reader sees, roughly: without tags, with single spaces."""
    plain = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", html.decode(), flags=re.DOTALL)
    return " ".join(unescape(plain).split())


def model_ids(html: bytes) -> list[str]:
    """The ids of the models table's rows, in order."""
    return re.findall(r'name="models"\s+value="([^"]+)"', html.decode())
