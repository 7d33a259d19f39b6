"""Connections as tests need them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from runs.connections.held import forget, purpose_of
from runs.models import Connection
from runs.providers.known import find_known_provider
from smartspawn.vault import seal


def make_connection(
    provider: str = "openrouter", *, secret: str = "", models: list[Any] | None = None, **changes: Any
) -> Connection:
    """A stored connection; those that need a key get one."""
    known = find_known_provider(provider)
    key = changes.pop("key", provider)
    secret = secret or (f"secret-of-{key}" if known.needs_key else "")
    fields: dict[str, Any] = {
        "provider": provider,
        "title": known.title,
        "protocol": known.protocol,
        "base_url": known.base_url or "https://models.example.org/v1",
        "sealed_secret": seal(secret, purpose=purpose_of(key)) if secret else "",
        "secret_tail": secret[-4:],
        "created_by": "test",
        "is_simulator": provider == "simulator",
        "allows_private": known.is_local,
        "updated_at": timezone.now(),
    }
    if models is not None:
        fields |= {"served_models": models, "listed_at": timezone.now()}
    row = Connection.objects.create(key=key, **{**fields, **changes})
    forget()
    return row
