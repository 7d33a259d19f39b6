"""What one person, or one key, has spent: today, this month, and on which models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import FilteredRelation, Q
from django.utils import timezone

from runs.ledger.caps import CapLine, key_title, lines_of, titles_of
from runs.ledger.facets import Facet
from runs.ledger.windows import day_of, key_scope, user_scope
from runs.shapes import CallStatus
from runs.spend.queries import sums_together
from runs.spend.shapes import Dimension, Period, Slice, Spent, sum_up
from smartspawn.access.models import User
from smartspawn.access.shapes import Actor

MOST_MODELS: Final = 10
MOST_KEYS: Final = 50


@dataclass(frozen=True, slots=True)
class ModelSpend:
    """What one model cost in the running month."""

    model_id: str
    call_count: int
    token_count: int
    cost_nano_usd: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What somebody has spent in the running windows; simulated calls are left out."""

    lines: tuple[CapLine, ...]  # of the person, and of each key
    models: tuple[ModelSpend, ...]  # of the month, the dearest first
    call_count: int  # of the month
    uncertain_nano_usd: int  # of the month's spend, what was charged because nobody knows


def usage_of(actor: Actor, at: datetime | None = None) -> Usage:
    """The spend of the person who asks with all their keys, or of the key that asks and of its owner."""
    now = at or timezone.now()
    part = _part(actor)
    if part is None:
        return Usage((), (), 0, 0)
    month = [Period(day_of(now).replace(day=1), day_of(now))]
    (models,), (statuses,) = sums_together(part, [(Facet.MODEL, month), (Facet.STATUS, month)])
    uncertain = statuses.get(CallStatus.UNCERTAIN, Spent())
    calls = sum_up(statuses.values()).call_count
    return Usage(_lines(actor, now), _models(models), calls, uncertain.cost_nano_usd)


def _part(actor: Actor) -> Slice | None:
    """Whose spend it is: a key's own, a person's with all keys, or nobody's."""
    if actor.key_id is not None:
        return Slice(filters=((Dimension.KEY, str(actor.key_id)),))
    return None if actor.user_id is None else Slice(user_id=actor.user_id)


def own_lines(actor: Actor, at: datetime | None = None) -> tuple[CapLine, ...]:
    """What the person has spent, then each key, beside their caps: all keys of a person, of a key that asks its own."""
    scopes = _own_scopes(actor)
    return lines_of(scopes, at, titles=scopes)


def _own_scopes(actor: Actor) -> Mapping[str, str]:
    """The scope of the person, then those of the keys, with what people call them; one query."""
    if actor.user_id is None:
        return {} if actor.key_id is None else titles_of([key_scope(actor.key_id)])
    wanted = Q(api_keys__revoked_at=None) if actor.key_id is None else Q(api_keys__pk=actor.key_id)
    people = User.objects.filter(pk=actor.user_id).annotate(own=FilteredRelation("api_keys", condition=wanted))
    found = people.order_by("-own__created_at").values_list("username", "own__pk", "own__name", "own__prefix")
    titles = {}
    for username, key_id, name, prefix in found[:MOST_KEYS]:
        titles[user_scope(actor.user_id)] = username
        if key_id is not None:
            titles[key_scope(key_id)] = key_title(name, prefix, username)
    return titles


def _lines(actor: Actor, now: datetime) -> tuple[CapLine, ...]:
    own = [] if actor.user_id is None else [user_scope(actor.user_id)]
    lines = own_lines(actor, now)
    # Of a person's keys only those that say something.
    return tuple(
        line
        for line in lines
        if line.scope in own or actor.key_id is not None or line.cap_nano_usd is not None or line.is_used
    )


def _models(models: Mapping[str, Spent]) -> tuple[ModelSpend, ...]:
    dearest = sorted(models.items(), key=lambda item: (-item[1].cost_nano_usd, item[0]))[:MOST_MODELS]
    return tuple(
        ModelSpend(model_id, spent.call_count, spent.token_count, spent.cost_nano_usd) for model_id, spent in dearest
    )
