"""What a week brought in runs: how many ended how, which cost most, and how many wait for a person's word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Left
from django.utils import timezone

from runs.models import Node, Run
from runs.outcomes import completed_runs

_TITLE_CHARS: Final = 120
Span = tuple[datetime, datetime]  # from the first instant until before the last


@dataclass(frozen=True, slots=True)
class DearRun:
    """A run and what its calls cost."""

    run_id: UUID
    title: str
    mode: str
    cost_nano_usd: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whose completed runs are looked through for those that wait for a word: the newest so many since then."""

    user_id: int
    since: datetime
    looked_at: int
    judged: QuerySet[Any]  # the ids of runs on which that word was said


@dataclass(frozen=True, slots=True)
class WeekOfRuns:
    """What a week brought, beside the one before; simulated runs are left out."""

    counts: Mapping[str, int]  # by status
    former_counts: Mapping[str, int]
    dearest: tuple[DearRun, ...]
    waiting_count: int


def runs_of_week(user_id: int | None, *, week: Span, former: Span, most: int, waiting: Waiting | None) -> WeekOfRuns:
    """The runs that this person, or for None everybody, asked for in this week; one query."""
    parts = [_counts(user_id, week, former), _dearest(user_id, week, most)]
    if waiting is not None:
        parts.append(_waiting(waiting))
    found = parts[0].union(*parts[1:], all=True)
    by_kind: dict[str, list[Mapping[str, Any]]] = {"status": [], "run": [], "waiting": []}
    for row in found:
        by_kind[row["kind"]].append(row)
    return WeekOfRuns(
        {row["word"]: row["now"] for row in by_kind["status"] if row["now"]},
        {row["word"]: row["before"] for row in by_kind["status"] if row["before"]},
        tuple(sorted(map(_dear_run, by_kind["run"]), key=lambda run: (-run.cost_nano_usd, run.run_id.hex))),
        sum(row["now"] for row in by_kind["waiting"]),
    )


_Part = QuerySet[Any, dict[str, Any]]
_COLUMNS: Final = ("kind", "word", "now", "before", "run", "label_text", "task_text", "is_gone")
_NO_RUN: Final[Mapping[str, Any]] = {
    "run": Value("", output_field=CharField()),
    "label_text": Value("", output_field=TextField()),
    "task_text": Value("", output_field=TextField()),
    "is_gone": Value(0, output_field=IntegerField()),
}


def _counts(user_id: int | None, week: Span, former: Span) -> _Part:
    """How many runs stand how, in both weeks."""
    kind = Value("status", output_field=CharField())
    rows = _runs(user_id, (former[0], week[1])).order_by().annotate(kind=kind, word=F("status"), **_NO_RUN)
    groups = rows.values("kind", "word", *_NO_RUN)
    now, before = Count("pk", filter=_within(week)), Count("pk", filter=_within(former))
    counted: _Part = groups.annotate(now=_number(now), before=_number(before)).values(*_COLUMNS)
    return counted


def _dearest(user_id: int | None, week: Span, most: int) -> _Part:
    """The runs of the week whose nodes cost most, with that cost."""
    paid = Node.objects.filter(cost_nano_usd__gt=0).order_by()
    sums = paid.filter(run__in=_runs(user_id, week).order_by().values("pk")).values("run_id")
    dearest = sums.annotate(cost=Sum("cost_nano_usd")).order_by("-cost", "run_id")[:most].values("run_id")
    own = paid.filter(run=OuterRef("pk")).values("run_id").annotate(cost=Sum("cost_nano_usd")).values("cost")
    found: _Part = (
        Run.objects.filter(pk__in=dearest)
        .order_by()
        .annotate(
            kind=Value("run", output_field=CharField()),
            word=F("mode"),
            now=_number(Subquery(own)),
            before=_number(Value(0)),
            run=Cast("pk", CharField()),
            label_text=Cast("label", TextField()),
            task_text=Left("task", _TITLE_CHARS),
            is_gone=Case(When(texts_gone_at=None, then=Value(0)), default=Value(1), output_field=IntegerField()),
        )
        .values(*_COLUMNS)
    )
    return found


def _waiting(wanted: Waiting) -> _Part:
    """How many of the newest runs nobody has said a word on."""
    newest = completed_runs(wanted.user_id, since=wanted.since)[: wanted.looked_at].values("pk")
    rows = Run.objects.filter(pk__in=newest).exclude(pk__in=wanted.judged).order_by()
    about = {"kind": Value("waiting", output_field=CharField()), "word": Value("", output_field=CharField())}
    groups = rows.annotate(**about, **_NO_RUN).values(*about, *_NO_RUN)
    counted: _Part = groups.annotate(now=_number(Count("pk")), before=_number(Value(0))).values(*_COLUMNS)
    return counted


def _dear_run(row: Mapping[str, Any]) -> DearRun:
    gone_at = timezone.now() if row["is_gone"] else None
    run = Run(label=row["label_text"], task=row["task_text"], texts_gone_at=gone_at)  # never saved: it knows its title
    return DearRun(UUID(row["run"]), run.title[:_TITLE_CHARS], row["word"], int(row["now"]))


def _number(expression: Any) -> Cast:
    return Cast(expression, BigIntegerField())


def _runs(user_id: int | None, span: Span) -> QuerySet[Run]:
    rows = Run.objects.filter(_within(span), is_simulated=False)
    return rows if user_id is None else rows.filter(user_id=user_id)


def _within(span: Span) -> Q:
    return Q(created_at__gte=span[0], created_at__lt=span[1])
