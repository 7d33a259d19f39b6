"""How far others may be tried, kept: the site's word, a person's and a key's, and what they come to together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
from django.db import transaction
from django.utils import timezone

from routing.adjustments import Mark, next_revision
from routing.exploring.shapes import KEY_TERMS, OFF, OWN_TERMS, SITE_TERMS, Terms, merge_terms
from routing.limits import SITE, scopes_of
from routing.models import ExplorationRow
from smartspawn.access.audit import record
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import Conflict

_DEFAULTS: Final[Mapping[str, Terms]] = {SITE: SITE_TERMS, "user": OWN_TERMS, "key": KEY_TERMS}


@dataclass(frozen=True, slots=True)
class HeldTerms:
    """What one scope holds; by whom and since when, where somebody set it."""

    terms: Terms
    by: str = ""
    why: str = ""
    at: datetime | None = None
    revision: int = 0


def usual_terms(scope: str) -> Terms:
    """What a scope holds that nobody set anything for."""
    return _DEFAULTS[scope.partition(":")[0]]


def read_terms(mark: Mark, actor: Actor) -> Terms:
    """What holds for this caller now; kept in memory for the last few who asked. Off for nobody in particular."""
    if actor.user_id is None:
        return OFF
    return _read_current(mark, scopes_of(actor))


def find_held(scope: str) -> HeldTerms:
    """What one scope holds by itself."""
    row = ExplorationRow.objects.current().filter(scope=scope).first()
    return HeldTerms(_to_terms(row), row.by, row.why, row.at, row.valid_from) if row else HeldTerms(usual_terms(scope))


def held_by_scope(scopes: Sequence[str], revision: int | None = None) -> Mapping[str, Terms]:
    """What each of these holds by itself, now or as of a routing revision; one query."""
    rows = ExplorationRow.objects.current() if revision is None else ExplorationRow.objects.as_of(revision)
    rows = rows.filter(scope__in=scopes)
    return {scope: usual_terms(scope) for scope in scopes} | {row.scope: _to_terms(row) for row in rows}


def set_terms(terms: Terms, *, scope: str, actor: Actor, why: str = "", base_revision: int | None = None) -> int:
    """Let these hold in the scope from the next decision on, and return the routing revision.

    Raises Conflict where ``base_revision`` is given and others hold by now than those from then (0: none).
    """
    with transaction.atomic():
        revision = next_revision()
        held = find_held(scope)
        if base_revision is not None and base_revision != held.revision:
            raise Conflict(f"{held.by or 'Somebody'} set something else in the meantime.")
        ExplorationRow.objects.current().filter(scope=scope).update(valid_until=revision)
        rules = msgspec.to_builtins(terms)
        ExplorationRow.objects.create(
            scope=scope, rules=rules, by=actor.label, why=why, at=timezone.now(), valid_from=revision
        )
        before = msgspec.to_builtins(held.terms) if held.revision else None
        record(
            actor=actor,
            action="exploration.set",
            subject=f"exploration of {scope}",
            before=before,
            after=rules,
            why=why,
        )
    return revision


@lru_cache(maxsize=256)
def _read_current(mark: Mark, scopes: tuple[str, ...]) -> Terms:
    return merge_terms(*held_by_scope(scopes, mark[0]).values())


def _to_terms(row: ExplorationRow) -> Terms:
    rules: dict[str, Any] = row.rules
    return msgspec.convert(rules, Terms)
