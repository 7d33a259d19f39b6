"""What a choice may never give: lists and ceilings of the site, a person and a key, kept and merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
from django.db import transaction
from django.utils import timezone

from routing.adjustments import Mark, next_revision
from routing.limits_merging import merge_limits
from routing.models import LimitsRow
from routing.shapes import Limits, TaskRequest
from smartspawn.access.audit import record
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import Conflict

SITE: Final = "site"
# The fields that may be kept; budget and exclusions belong to one request.
KEPT_FIELDS: Final = (
    "allow_models",
    "deny_models",
    "allow_providers",
    "deny_providers",
    "max_prompt_usd_per_mtok",
    "max_completion_usd_per_mtok",
    "is_moderated_only",
    "is_free_excluded",
)


def scopes_of(actor: Actor) -> tuple[str, ...]:
    """Whose limits hold for this caller, the widest first."""
    person = (f"user:{actor.user_id}",) if actor.user_id is not None else ()
    key = (f"key:{actor.key_id}",) if actor.key_id is not None else ()
    return (SITE, *person, *key)


def limits_for(request: TaskRequest, kept: Limits) -> Limits:
    """The kept limits with what this request adds."""
    return replace(kept, budget=request.budget, exclude=request.exclude)


def read_limits(mark: Mark, scopes: Sequence[str]) -> Limits:
    """What holds now in these scopes, merged; kept in memory for the last few who asked."""
    return _read_current(mark, tuple(scopes))


def read_limits_at(revision: int, scopes: Sequence[str]) -> Limits:
    """What held in these scopes as of an earlier revision, merged."""
    return merge_limits(_find_at(revision, scopes).values())


def read_limits_by_scope() -> Mapping[str, Limits]:
    """What every scope holds now by itself; one query."""
    return {row.scope: _to_limits(row) for row in LimitsRow.objects.current()}


@dataclass(frozen=True, slots=True)
class HeldLimits:
    """What one scope holds, and since when."""

    limits: Limits
    by: str
    why: str
    at: datetime
    revision: int  # the routing revision that they hold from


def find_limits(scope: str) -> Limits | None:
    """The limits of one scope alone, or None where it has none."""
    held = find_held(scope)
    return held.limits if held else None


def find_held(scope: str) -> HeldLimits | None:
    """The limits of one scope alone with who set them, or None where it has none."""
    row = LimitsRow.objects.current().filter(scope=scope).first()
    return HeldLimits(_to_limits(row), row.by, row.why, row.at, row.valid_from) if row else None


def set_limits(limits: Limits, *, scope: str, actor: Actor, why: str = "", base_revision: int | None = None) -> int:
    """Let these hold in the scope from the next decision on, and return the routing revision.

    Raises Conflict where ``base_revision`` is given and others hold by now than those from then (0: none).
    """
    rules = _kept(limits)
    with transaction.atomic():
        revision = next_revision()
        held = find_held(scope)
        if base_revision is not None and base_revision != (held.revision if held else 0):
            who = f"{held.by} set others" if held else "Somebody took them away"
            raise Conflict(f"{who} in the meantime.")
        before = held.limits if held else None
        LimitsRow.objects.current().filter(scope=scope).update(valid_until=revision)
        if rules:
            LimitsRow.objects.create(
                scope=scope, rules=rules, by=actor.label, why=why, at=timezone.now(), valid_from=revision
            )
        record(
            actor=actor,
            action="limits.set",
            subject=f"limits of {scope}",
            before=_kept(before) if before else None,
            after=rules,
            why=why,
        )
    return revision


def _kept(limits: Limits) -> dict[str, Any]:
    """The fields that are kept, as plain values, without those that do not limit; zero limits."""
    plain: dict[str, Any] = msgspec.to_builtins(limits)
    return {name: plain[name] for name in KEPT_FIELDS if plain[name] not in (None, False, [], ())}


@lru_cache(maxsize=256)
def _read_current(mark: Mark, scopes: tuple[str, ...]) -> Limits:
    return read_limits_at(mark[0], scopes)


def _find_at(revision: int, scopes: Sequence[str]) -> Mapping[str, Limits]:
    rows = LimitsRow.objects.as_of(revision).filter(scope__in=scopes)
    found = {row.scope: _to_limits(row) for row in rows}
    return {scope: found[scope] for scope in scopes if scope in found}


def _to_limits(row: LimitsRow) -> Limits:
    rules: dict[str, Any] = row.rules
    return msgspec.convert(rules, Limits, strict=False)
