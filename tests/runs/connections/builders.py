"""Connections as tests need them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from runs.connections.held import forget, purpose_of
from runs.models import Breaker, Connection
from runs.providers.known import find_known_provider
from smartspawn.vault import seal
from tests.factories import HOSTILE_NAME


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


def make_shown_connections() -> None:
    """Connections in every state that the pages show, with names that nobody should have to trust."""
    now = timezone.now()
    make_connection("openrouter", tested_at=now)
    make_connection("groq", key="groq-test", tested_at=now, test_result="The key is refused (401).")
    models = [{"id": HOSTILE_NAME}, {"id": "x" * 200, "prompt_usd_per_mtok": "0.25", "completion_usd_per_mtok": "1"}]
    make_connection("ollama", title=HOSTILE_NAME, models=models, priority=-3)
    make_connection("simulator", is_enabled=False)
    later = now + timedelta(hours=1)
    Breaker.objects.create(connection="openrouter", failure_count=3, open_until=later, reason="No credit is left.")
    Breaker.objects.create(
        connection="ollama", model_id=HOSTILE_NAME, failure_count=1, open_until=later, is_trying=True
    )
