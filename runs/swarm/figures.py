"""What a key had done and spent, in the terms in which Swarm's daemon tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Avg, Count, F, QuerySet, Sum

from runs.ledger.windows import day_of
from runs.models import DayTotal, LedgerEntry, Node
from runs.shapes import NodeKind, NodeStatus

_TOKENS_IN = F("fresh_input_tokens") + F("cache_read_tokens") + F("cache_write_tokens")
_TOKENS_OUT = F("output_tokens") + F("reasoning_tokens")


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens and money; simulated calls are left out."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano_usd: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What a key did since some moment, and what it spent then and today (UTC)."""

    task_count: int
    mean_task_ms: float | None
    session: Spent
    today: Spent


def figures_of(key_id: int, *, since: datetime, now: datetime) -> Figures:
    """The figures of one key."""
    calls = Node.objects.filter(
        run__key_id=key_id,
        kind__in=(NodeKind.CALL, NodeKind.HARNESS),
        status=NodeStatus.COMPLETED,
        finished_at__gte=since,
    ).aggregate(count=Count("pk"), mean_ms=Avg("duration_ms"))
    session = LedgerEntry.objects.filter(key_id=key_id, at__gte=since, is_simulated=False)
    today = DayTotal.objects.filter(key_id=key_id, day=day_of(now), is_simulated=False)
    return Figures(calls["count"], calls["mean_ms"], _spent(session), _spent(today))


def _spent(rows: QuerySet[LedgerEntry] | QuerySet[DayTotal]) -> Spent:
    sums = rows.aggregate(given=Sum(_TOKENS_IN), written=Sum(_TOKENS_OUT), cost=Sum("cost_nano_usd"))
    # PostgreSQL gives sums of whole numbers as decimals.
    return Spent(*(int(sums[name] or 0) for name in ("given", "written", "cost")))
