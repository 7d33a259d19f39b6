"""People who rate, on a published catalogue."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from smartspawn.access.models import User
from smartspawn.access.shapes import Actor
from tests.factories import make_snapshot, publish_snapshot
from tests.routing.conftest import models
from tests.runs.rows import make_user


@pytest.fixture
def catalogue(db: None) -> None:
    """Nine models of six providers, published."""
    publish_snapshot(make_snapshot(*models()))


@pytest.fixture
def ann(catalogue: None) -> User:
    """A member on a published catalogue."""
    return make_user("ann")


@pytest.fixture
def actor(ann: User) -> Actor:
    return ann.as_actor()


Ask = Callable[[str], str]
