"""People, keys and browsers for the tests of access."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from smartspawn.access.keys import create_key
from smartspawn.access.limits import build_limiter
from smartspawn.access.models import User
from smartspawn.access.rates import Rate
from smartspawn.access.shapes import Role, Scope
from tests import people

PASSWORD = "a quiet long passphrase"

MakeUser = Callable[..., User]
MakeKey = Callable[..., str]
Browse = Callable[[User | None], Client]


@pytest.fixture
def make_user(db: None) -> MakeUser:
    def make(name: str = "alice", role: Role = Role.VIEWER, *, password: str = "") -> User:
        user = User(username=name, role=role)
        if password:
            user.set_password(password)
        else:
            user.set_unusable_password()
        user.save()
        return user

    return make


@pytest.fixture
def make_key() -> MakeKey:
    """A token with the scopes; its owner may do all that they need."""

    def make(owner: User, *scopes: Scope, name: str = "bot", lifetime: timedelta | None = None) -> str:
        expires_at = timezone.now() + lifetime if lifetime else None
        made = create_key(actor=owner.as_actor(), name=name, scopes=frozenset(scopes), expires_at=expires_at)
        return made.token

    return make


@pytest.fixture
def browse() -> Browse:
    """A browser in which the person is signed in."""

    return people.browse


@pytest.fixture
def limit(settings: object) -> Callable[[str, int, int], None]:
    """Switch a limit on with a fresh count."""

    def switch(name: str, hit_count: int, window_s: int = 3600) -> None:
        build_limiter.cache_clear()
        settings.REDIS_URL = ""  # what Redis counts is tested by itself
        setattr(settings, name, Rate(hit_count, window_s))

    return switch
