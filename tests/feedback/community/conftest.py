"""A site that is a community server, and reports to it from all over the world."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from smartspawn.access.limits import build_limiter

Send = Callable[..., HttpResponse]
BODY = {"model": "openai/small", "category": "coding", "rating": 5, "instanceId": "instance-0001"}


@pytest.fixture
def server(catalogue: None, settings: Any) -> None:
    """The site collects reports, and counts nobody's from before."""
    settings.COMMUNITY_SERVER = True
    settings.REDIS_URL = ""  # it would count on from test to test
    build_limiter.cache_clear()


@pytest.fixture
def report(client: Client) -> Send:
    """Report as some instance, from some address."""

    def send(address: str = "198.51.100.7", headers: dict[str, str] | None = None, **changes: Any) -> Any:
        body = {**BODY, **changes}
        return client.post(
            "/api/community/report", body, "application/json", headers=headers or {}, REMOTE_ADDR=address
        )

    return send
