"""What one person, or one key, has spent: today, this month, and on which models."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from runs.ledger.caps import CapLine, lines_of
from runs.ledger.windows import day_of, key_scope, user_scope
from runs.models import DayTotal
from runs.shapes import CallStatus
from smartspawn.access.models import ApiKey
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
    month = DayTotal.objects.filter(day__gte=day_of(now).replace(day=1), is_simulated=False)
    if actor.key_id is not None:
        month = month.filter(key_id=actor.key_id)
    elif actor.user_id is not None:
        month = month.filter(user_id=actor.user_id)
    else:
        return Usage((), (), 0, 0)
    sums = month.aggregate(calls=Sum("call_count"))
    uncertain = month.filter(status=CallStatus.UNCERTAIN).aggregate(cost=Sum("cost_nano_usd"))
    return Usage(_lines(actor, now), _models(month), sums["calls"] or 0, uncertain["cost"] or 0)


def own_scopes(actor: Actor) -> list[str]:
    """The scope of the person, then those of the keys: all of a person's, of a key that asks its own."""
    own = [] if actor.user_id is None else [user_scope(actor.user_id)]
    keys = [actor.key_id] if actor.key_id is not None else _keys_of(actor)
    return [*own, *map(key_scope, keys)]


def _lines(actor: Actor, now: datetime) -> tuple[CapLine, ...]:
    own = [] if actor.user_id is None else [user_scope(actor.user_id)]
    lines = lines_of(own_scopes(actor), now)
    # Of a person's keys only those that say something.
    return tuple(
        line
        for line in lines
        if line.scope in own or actor.key_id is not None or line.cap_nano_usd is not None or line.is_used
    )


def _keys_of(actor: Actor) -> list[int]:
    keys = ApiKey.objects.filter(owner_id=actor.user_id, revoked_at=None)
    return list(keys.order_by("-created_at").values_list("pk", flat=True)[:MOST_KEYS])


def _models(month: QuerySet[DayTotal]) -> tuple[ModelSpend, ...]:
    tokens = F("fresh_input_tokens") + F("cache_read_tokens") + F("cache_write_tokens")
    tokens = tokens + F("output_tokens") + F("reasoning_tokens")
    rows = month.values("model_id").annotate(calls=Sum("call_count"), tokens=Sum(tokens), cost=Sum("cost_nano_usd"))
    dearest = rows.order_by("-cost", "model_id")[:MOST_MODELS]
    return tuple(ModelSpend(row["model_id"], row["calls"], row["tokens"], row["cost"]) for row in dearest)
