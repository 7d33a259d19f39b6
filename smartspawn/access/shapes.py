"""The closed sets of words and the frozen shapes of access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum


class Role(StrEnum):
    """What a signed-in person may do; each role includes the ones before it."""

    VIEWER = "viewer"  # reads every page
    MEMBER = "member"  # starts work, rates, refreshes
    ADMIN = "admin"  # changes what others rely on: aliases, overrides, sources, keys, users

    def includes(self, other: Role) -> bool:
        """Whether this role may do all that the other may."""
        ladder = list(Role)
        return ladder.index(self) >= ladder.index(other)


class Scope(StrEnum):
    """What an API key may do; a key has only the scopes that it was given."""

    CATALOG_READ = "catalog:read"
    CATALOG_REFRESH = "catalog:refresh"
    CATALOG_ADMIN = "catalog:admin"
    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"
    RUNS_ADMIN = "runs:admin"
    FEEDBACK_WRITE = "feedback:write"
    METRICS_READ = "metrics:read"


# The lowest role that may do what the scope names, by session or by a key of its own making.
SCOPE_ROLES: Mapping[Scope, Role] = {
    Scope.CATALOG_READ: Role.VIEWER,
    Scope.CATALOG_REFRESH: Role.MEMBER,
    Scope.CATALOG_ADMIN: Role.ADMIN,
    Scope.RUNS_READ: Role.VIEWER,
    Scope.RUNS_WRITE: Role.MEMBER,
    Scope.RUNS_ADMIN: Role.ADMIN,
    Scope.FEEDBACK_WRITE: Role.MEMBER,
    Scope.METRICS_READ: Role.ADMIN,
}

SCOPE_TITLES: Mapping[Scope, str] = {
    Scope.CATALOG_READ: "Read the catalogue, with values shown to signed-in people only",
    Scope.CATALOG_REFRESH: "Start a refresh of the catalogue",
    Scope.CATALOG_ADMIN: "Change aliases, overrides and sources",
    Scope.RUNS_READ: "Read runs and their results",
    Scope.RUNS_WRITE: "Start, approve, cancel and retry runs, which spends money",
    Scope.RUNS_ADMIN: "Change connections, caps and other people's runs",
    Scope.FEEDBACK_WRITE: "Log work and rate it, which changes what its owner is offered next",
    Scope.METRICS_READ: "Read the site's figures for monitoring",
}


def scopes_within(role: Role) -> frozenset[Scope]:
    """The scopes that a person of this role may use and hand on to a key."""
    return frozenset(scope for scope in Scope if role.includes(SCOPE_ROLES[scope]))


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking: a person by session, a key, or nobody in particular."""

    label: str  # for the audit log: "alice", "key ci-bot (ss_ab12)", "anonymous", "command line"
    role: Role | None = None  # a person's; a key has scopes only
    scopes: frozenset[Scope] = frozenset()
    user_id: int | None = None
    key_id: int | None = None
    address: str = ""

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody in particular is asking."""
        return self.role is None and not self.scopes

    def at(self, address: str) -> Actor:
        """The same, asking from this address."""
        return replace(self, address=address)

    def has_role(self, role: Role) -> bool:
        """Whether this is a person whose role reaches the given one."""
        return self.role is not None and self.role.includes(role)


ANONYMOUS = Actor(label="anonymous")
COMMAND_LINE = Actor(label="command line", role=Role.ADMIN, scopes=frozenset(Scope))


SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")


@dataclass(frozen=True, slots=True)
class Gate:
    """What a view asks of its caller; with neither role nor scope it is there for everybody."""

    role: Role | None = None
    scope: Scope | None = None
    write_scope: Scope | None = None  # of what changes something, where that needs another scope
    is_open: bool = False  # needs no identity while the site keeps its API open
    allows_loopback: bool = False  # a program on this very machine needs no key

    def scope_for(self, method: str | None) -> Scope | None:
        """The scope that a request of this method needs."""
        return self.scope if self.write_scope is None or method in SAFE_METHODS else self.write_scope

    def __str__(self) -> str:
        if self.role is not None:
            return f"role {self.role}"
        if self.scope is None:
            return "everybody"
        writing = [f", to change {self.write_scope}"] * (self.write_scope is not None)
        extras = writing + [", open by default"] * self.is_open + [", or loopback"] * self.allows_loopback
        return f"scope {self.scope}" + "".join(extras)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; the token is in no other place and cannot be had again."""

    key_id: int
    token: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries of the audit log to show; an empty field does not restrict."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    since: date | None = None
    until: date | None = None  # inclusive


@dataclass(frozen=True, slots=True)
class AuditCursor:
    """The place in the log after which to go on, newest first."""

    at: datetime
    entry_id: int
