"""What a connection is to those who choose among them, change them and look at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from runs.providers.known import KnownProvider
from runs.shapes import Protocol


class ConnectionSource(StrEnum):
    """Where a connection's key comes from."""

    STORED = "stored"  # set on a page or over the API, sealed in the database
    ENVIRONMENT = "environment"  # a variable of this process; read-only here


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model that a place says it serves, with its price there where one is known."""

    name: str
    prompt_usd_per_mtok: Decimal | None = None
    completion_usd_per_mtok: Decimal | None = None
    is_set: bool = False  # by an admin: what the place itself lists does not replace it


@dataclass(frozen=True, slots=True)
class Place:
    """A connection as the choice of endpoints sees it; holds no secret."""

    key: str
    title: str
    provider: KnownProvider
    protocol: Protocol
    base_url: str
    source: ConnectionSource
    is_simulator: bool = False
    allows_private: bool = False
    priority: int = 0
    listed: Mapping[str, ListedModel] | None = None  # by name; None before anybody asked
    problem: str = ""  # why it cannot be used now: switched off, no key, a key that cannot be opened

    @property
    def is_usable(self) -> bool:
        return not self.problem


@dataclass(frozen=True, slots=True)
class ConnectionDraft:
    """What an admin wants a connection to be; an empty secret keeps the one there is."""

    provider: str
    title: str = ""
    key: str = ""
    protocol: Protocol | None = None  # None: the provider's
    base_url: str = ""  # "": the provider's
    secret: str = ""
    is_enabled: bool = True
    allows_private: bool = False
    priority: int = 0
    models: tuple[ListedModel, ...] | None = None  # set by hand; None: leave them as they are

    def __repr__(self) -> str:
        return f"ConnectionDraft({self.provider!r}, key={self.key!r})"  # a secret must not reach a log by accident


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """A connection as pages and the API show it; nothing in it opens anything."""

    key: str
    provider: str
    provider_title: str
    title: str
    protocol: Protocol
    source: ConnectionSource
    base_url: str  # "" for who may not know it
    has_secret: bool
    secret_tail: str  # "" for who may not know it
    env_var: str  # that brought the key, or ""
    is_enabled: bool
    is_simulator: bool
    allows_private: bool
    priority: int
    problem: str
    models: tuple[ListedModel, ...] | None
    listed_at: datetime | None
    tested_at: datetime | None
    test_result: str  # "" after a test that went well

    @property
    def is_usable(self) -> bool:
        return not self.problem

    @property
    def is_tested_well(self) -> bool:
        return self.tested_at is not None and not self.test_result
