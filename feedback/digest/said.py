"""What was said of a week's work, beside the week before, and what waits for a word; one query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Case, CharField, Count, F, IntegerField, Q, QuerySet, Value

from feedback.learning import worth_of
from feedback.models import Rating, Spawn
from feedback.queries import spawns_waiting
from feedback.shapes import Said, Verdict
from runs.weekly import Span

# Who has more than this has not rated for a while: more is not counted.
MOST_WAITING: Final = 100
_COLUMNS: Final = ("kind", "given", "word", "now", "before")


@dataclass(frozen=True, slots=True)
class Accepted:
    """How good the rated work was, as ratings teach it."""

    rating_count: int
    worth_share: float | None  # None: nobody said anything that teaches


@dataclass(frozen=True, slots=True)
class SaidOfWeek:
    """Both weeks' ratings, and how much logged work waits for one."""

    accepted: Accepted
    former_accepted: Accepted
    waiting_count: int  # up to ``MOST_WAITING``


def what_was_said(user_id: int | None, *, week: Span, former: Span, waiting_for: int | None) -> SaidOfWeek:
    """What this person said of work, or for None everybody with a name; and what waits for a word of that person."""
    rows = Rating.objects.filter(at__gte=former[0], at__lt=week[1])
    rows = rows.exclude(user=None) if user_id is None else rows.filter(user_id=user_id)
    parts = _said(rows, week, former)
    if waiting_for is not None:
        parts = parts.union(_waiting(waiting_for), all=True)
    said, waiting_count = [], 0
    for kind, score, word, now, before in parts:
        if kind == "said":
            said.append((worth_of(Said(score, Verdict(word) if word else None)), now, before))
        else:
            waiting_count += now
    return SaidOfWeek(
        _accepted((worth, now) for worth, now, _ in said),
        _accepted((worth, before) for worth, _, before in said),
        waiting_count,
    )


def _said(rows: QuerySet[Rating], week: Span, former: Span) -> QuerySet[Any, Any]:
    kind = Value("said", output_field=CharField())
    groups = rows.order_by().annotate(kind=kind, given=F("score"), word=F("verdict")).values("kind", "given", "word")
    counted = groups.annotate(now=Count("pk", filter=_within(week)), before=Count("pk", filter=_within(former)))
    return counted.values_list(*_COLUMNS)


def _waiting(user_id: int) -> QuerySet[Any, Any]:
    kind, empty = Value("waiting", output_field=CharField()), Value("", output_field=CharField())
    nothing = Case(default=Value(None), output_field=IntegerField())
    newest = spawns_waiting(user_id)[:MOST_WAITING].values("pk")  # a client may have logged a hundred thousand
    rows = Spawn.objects.filter(pk__in=newest).order_by().annotate(kind=kind, given=nothing, word=empty)
    counted = rows.values("kind", "given", "word").annotate(now=Count("pk"), before=Value(0))
    return counted.values_list(*_COLUMNS)


def _accepted(counted: Iterable[tuple[float | None, int]]) -> Accepted:
    known = [(worth, count) for worth, count in counted if worth is not None and count]
    total = sum(count for _, count in known)
    return Accepted(total, sum(worth * count for worth, count in known) / total if total else None)


def _within(span: Span) -> Q:
    return Q(at__gte=span[0], at__lt=span[1])
