"""Every test starts without connections, whatever was held by the one before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from runs.connections.held import forget


@pytest.fixture(autouse=True)
def _nothing_held(settings: Any) -> Iterator[None]:
    settings.PROVIDER_KEYS = {}
    settings.SECRETS_KEYS = []
    forget()
    yield
    forget()
