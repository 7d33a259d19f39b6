"""What every test can count on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_django import Settings

LIMITS = (
    "RATE_LIMIT",
    "PAGE_RATE_LIMIT",
    "REFRESH_RATE_LIMIT",
    "SIGNIN_RATE_LIMIT",
    "KEY_FAILURE_RATE_LIMIT",
)


@pytest.fixture(autouse=True)
def _no_limits(settings: Settings) -> None:
    """Tests ask as often as they like; those of the limits set their own."""
    for name in LIMITS:
        setattr(settings, name, None)
