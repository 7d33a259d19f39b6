"""The key that seals can be changed, and a key that went missing is told of."""

from __future__ import annotations

from datetime import datetime
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.utils import timezone

from catalog.shapes import Source
from catalog.source_states import config_of, set_source_key
from runs.connections import reseal_connections, reveal_secret, unreadable_keys
from runs.connections.held import forget
from runs.models import Connection
from smartspawn.access.shapes import COMMAND_LINE
from smartspawn.health import check_secrets
from tests.runs.connections.builders import make_connection

pytestmark = pytest.mark.django_db

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
FIFTY = [f"groq-{number}" for number in range(50)]


@pytest.fixture
def fifty(settings: Any) -> list[str]:
    settings.SECRETS_KEYS = [OLD]
    for key in FIFTY:
        make_connection("groq", key=key, secret=f"secret-of-{key}")
    return FIFTY


def use_keys(settings: Any, *keys: str) -> None:
    settings.SECRETS_KEYS = list(keys)
    forget()


def rotate() -> str:
    told = StringIO()
    call_command("rotate_secrets", stdout=told)
    return told.getvalue()


def test_fifty_secrets_are_readable_before_during_and_after_a_rotation(fifty: list[str], settings: Any) -> None:
    use_keys(settings, NEW, OLD)
    assert unreadable_keys() == ()
    assert "connections: 50 sealed anew, 0 cannot be opened" in rotate()
    use_keys(settings, NEW)

    assert unreadable_keys() == ()
    assert [reveal_secret(key) for key in fifty] == [f"secret-of-{key}" for key in fifty]


def test_the_keys_of_sources_are_sealed_anew_too(settings: Any) -> None:
    use_keys(settings, OLD)
    source = Source.ARTIFICIAL_ANALYSIS
    set_source_key(actor=COMMAND_LINE, source=source, api_key="aa-secret-0123456789", accepts_terms=True)
    use_keys(settings, NEW, OLD)
    assert "sources: 1 sealed anew" in rotate()

    use_keys(settings, NEW)
    assert config_of(source).api_key == "aa-secret-0123456789"


def test_a_missing_old_key_is_told_for_each_connection_and_nothing_is_lost(fifty: list[str], settings: Any) -> None:
    use_keys(settings, NEW)
    with pytest.raises(CommandError, match="connection groq-17"):
        rotate()
    assert len(unreadable_keys()) == 50

    use_keys(settings, NEW, OLD)
    assert unreadable_keys() == ()


def test_readiness_is_red_while_a_secret_cannot_be_opened(fifty: list[str], settings: Any) -> None:
    now: datetime = timezone.now()
    assert check_secrets(now).is_ok
    use_keys(settings, NEW)

    finding = check_secrets(now)
    assert not finding.is_ok
    assert finding.facts["unreadable_count"] == 50
    assert "groq" not in str(finding.facts)  # the answer is public


def test_a_key_replaced_during_the_rotation_stays_replaced(fifty: list[str], monkeypatch: Any) -> None:
    from runs.connections import reseal

    real = reseal.reveal

    def reveal_and_change(sealed: str, *, purpose: str) -> str:
        if purpose == "connection:groq-3":
            Connection.objects.filter(key="groq-3").update(sealed_secret="entered meanwhile")
        return real(sealed, purpose=purpose)

    monkeypatch.setattr(reseal, "reveal", reveal_and_change)
    reseal_connections()

    assert Connection.objects.get(key="groq-3").sealed_secret == "entered meanwhile"


def test_a_fresh_key_can_be_had() -> None:
    told = StringIO()
    call_command("rotate_secrets", "--make-key", stdout=told)

    Fernet(told.getvalue().strip())
