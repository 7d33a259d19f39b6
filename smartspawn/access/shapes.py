"""The closed sets of words and the frozen shapes of access."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a signed-in person may do; each role includes the ones before it."""

    VIEWER = "viewer"  # reads every page
    MEMBER = "member"  # starts work, rates, refreshes
    ADMIN = "admin"  # changes what others rely on: aliases, overrides, sources, keys, users


class Scope(StrEnum):
    """What an API key may do; a key has only the scopes that it was given."""

    CATALOG_READ = "catalog:read"
    CATALOG_REFRESH = "catalog:refresh"
    CATALOG_ADMIN = "catalog:admin"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking: a person by session, a key, or nobody in particular."""

    label: str  # for the audit log: "alice", "key ci-bot (ss_ab12)", "anonymous", "command line"
    role: Role | None = None
    scopes: frozenset[Scope] = frozenset()
    user_id: int | None = None
    key_id: int | None = None


ANONYMOUS = Actor(label="anonymous")
COMMAND_LINE = Actor(label="command line", role=Role.ADMIN, scopes=frozenset(Scope))
