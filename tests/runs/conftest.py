"""What the stories about runs stand on: a published catalogue and the simulator's connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from runs.connections.held import forget
from tests.factories import make_snapshot, publish_snapshot
from tests.routing.conftest import models
from tests.runs.connections.builders import make_connection


@pytest.fixture
def world(db: None, settings: Any) -> Iterator[None]:
    """Nine models of six providers, which the simulator alone serves."""
    settings.PROVIDER_KEYS = {}
    forget()
    publish_snapshot(make_snapshot(*models()))
    make_connection("simulator")
    yield
    forget()
