"""Feedback's reads, as shapes: what was logged, what was said, and what waits for a word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, Count, F, Q, QuerySet, Sum, When
from django.db.models.functions import TruncDate
from django.utils import timezone

from catalog.queries import find_current_snapshot
from catalog.shapes import Category
from feedback.learning import counted, tally, week_of
from feedback.models import Rating, Spawn
from feedback.record import key_of
from feedback.shapes import CategorySwitch, Lesson, Subject, Tally
from feedback.stats import SpawnGroup, SpawnStats, sum_up
from feedback.teach import list_lessons, switches_of
from runs import weekly as runs_weekly
from runs.outcomes import RunOutcome, list_outcomes
from smartspawn.access.shapes import Actor

# What costs are compared with, as the ancestor did: the newest of this family that the catalogue prices.
REFERENCE_FAMILY: Final = "anthropic/claude-opus-"
# Who has not judged a piece of work within a month will not remember it.
WAITS_FOR: Final = timedelta(days=30)
_LOOKED_AT: Final = 200
MOST_LISTED: Final = 200


@dataclass(frozen=True, slots=True)
class Waiting:
    """A piece of work that nobody has judged yet."""

    key: str
    title: str
    told: str  # "single, one model answers"
    category: str
    at: datetime | None
    run: RunOutcome | None = None
    spawn: Spawn | None = None


def find_rating(subject: Subject, actor: Actor) -> Rating | None:
    """What this person said of it."""
    if actor.user_id is None:
        return None
    return Rating.objects.filter(user_id=actor.user_id, subject_key=key_of(subject)).first()


def verdicts_on_nodes(run_id: UUID, actor: Actor) -> Mapping[str, str]:
    """What this person said of a run's nodes in a word, by node key."""
    if actor.user_id is None:
        return {}
    rows = Rating.objects.filter(user_id=actor.user_id, run_id=run_id).exclude(node_key="")
    return dict(rows.values_list("node_key", "verdict"))


def list_ratings(actor: Actor, *, most: int = 50, before_id: int | None = None) -> tuple[Rating, ...]:
    """What this person said, newest first."""
    if actor.user_id is None:
        return ()
    rows = Rating.objects.filter(user_id=actor.user_id).order_by("-id")
    return tuple((rows.filter(pk__lt=before_id) if before_id else rows)[: min(most, MOST_LISTED)])


def list_waiting(actor: Actor, *, most: int = 30) -> tuple[Waiting, ...]:
    """One's own completed runs and logged spawns of late that wait for a rating, newest first."""
    if actor.user_id is None:
        return ()
    since = timezone.now() - WAITS_FOR
    found = [*_waiting_runs(actor.user_id, since), *_waiting_spawns(actor.user_id, most)]
    return tuple(sorted(found, key=lambda item: item.at or since, reverse=True)[:most])


def _waiting_runs(user_id: int, since: datetime) -> Iterable[Waiting]:
    runs = list_outcomes(user_id, since=since, most=_LOOKED_AT)
    said = Rating.objects.filter(user_id=user_id, run_id__in=[run.run_id for run in runs])
    judged = set(said.values_list("run_id", flat=True))
    for run in runs:
        if run.run_id not in judged:
            told = f"{run.mode}: {run.summary}" if run.summary else run.mode.value
            yield Waiting(key_of(Subject(run.run_id)), run.title, told, run.category, run.ended_at, run=run)


def runs_waiting(actor: Actor) -> runs_weekly.Waiting | None:
    """How to count this person's runs that wait for a rating, as listed above."""
    if actor.user_id is None:
        return None
    since = timezone.now() - WAITS_FOR
    # Who rated a run did so after it was asked for.
    judged = Rating.objects.filter(user_id=actor.user_id, at__gte=since, run_id__isnull=False)
    return runs_weekly.Waiting(actor.user_id, since, _LOOKED_AT, judged.order_by().values("run_id"))


def spawns_waiting(user_id: int) -> QuerySet[Spawn]:
    """This person's logged work of late that waits for a rating, newest first."""
    since = timezone.now() - WAITS_FOR
    rows = Spawn.objects.filter(user_id=user_id, at__gte=since, is_estimate=True, ratings=None)
    return rows.order_by("-at", "-pk")


def _waiting_spawns(user_id: int, most: int) -> Iterable[Waiting]:
    for row in spawns_waiting(user_id)[:most]:
        told = f"logged by {row.source}, {row.mode}"
        yield Waiting(f"spawn:{row.pk}", f"{row.model_id} on {row.category}", told, row.category, row.at, spawn=row)


# --- what was learned ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """All that a person's ratings taught, with the ratings themselves and what was switched."""

    as_of: datetime
    tallies: tuple[Tally, ...]
    lessons: tuple[Lesson, ...]
    switches: Mapping[Category, CategorySwitch]


def what_is_known(actor: Actor) -> Known:
    """This person's records; of categories that are switched off too. For nobody in particular, nobody's."""
    as_of = week_of(timezone.now())
    switches = switches_of(actor.user_id) if actor.user_id is not None else {}
    all_on = {category: replace(item, is_on=True) for category, item in switches.items()}
    lessons = counted(list_lessons(actor.user_id, as_of), all_on)
    return Known(as_of, tally(lessons, as_of=as_of), lessons, switches)


def list_scores(actor: Actor, *, category: Category | None, min_samples: int) -> tuple[Tally, ...]:
    """The records with at least so many ratings, the one rated last at the end."""
    found = [
        item
        for item in what_is_known(actor).tallies
        if not item.context_tag and item.rating_count >= min_samples and category in (None, item.category)
    ]
    return tuple(sorted(found, key=lambda item: item.last_at))


# --- the log -------------------------------------------------------------------------------


def spawn_stats(actor: Actor, *, days: int) -> SpawnStats:
    """What this person's log of the last days adds up to; without a name, what nobody in particular logged."""
    since = timezone.now() - timedelta(days=days)
    whose = Q(user=None) if actor.user_id is None else Q(user_id=actor.user_id)
    rows = Spawn.objects.filter(whose, at__gte=since, is_simulated=False)
    return sum_up(_groups(rows), since=since, reference_usd_per_mtok=reference_prices())


def reference_prices() -> tuple[Decimal, Decimal] | None:
    """What the model that costs are compared with charges for a million tokens in and out."""
    snapshot = find_current_snapshot()
    family = [entry.facts for entry in snapshot.entries] if snapshot else []
    known = []
    for facts in family:
        prompt, completion = facts.pricing.prompt_usd_per_mtok, facts.pricing.completion_usd_per_mtok
        is_one = facts.model_id.startswith(REFERENCE_FAMILY) and ":" not in facts.model_id
        if is_one and prompt is not None and completion is not None:
            known.append((str(facts.created_at or ""), facts.model_id, prompt, completion))
    return max(known)[2:] if known else None


def _groups(rows: QuerySet[Spawn]) -> Sequence[SpawnGroup]:
    is_priced = Q(cost_nano_usd__isnull=False)
    found: Iterable[Any] = (
        rows.annotate(day=TruncDate("at"))
        .values("day", "model_id", "category", "mode", "role", "is_estimate")
        .annotate(
            count=Count("pk"),
            priced=Count("cost_nano_usd"),
            cost=Sum("cost_nano_usd"),
            prompt=Sum(Case(When(is_priced, then=F("prompt_tokens")), default=0)),
            completion=Sum(Case(When(is_priced, then=F("completion_tokens")), default=0)),
        )
        .order_by("day", "model_id")
    )
    return [
        SpawnGroup(
            day=row["day"],
            model_id=row["model_id"],
            category=Category(row["category"]),
            mode=row["mode"],
            role=row["role"],
            is_estimate=row["is_estimate"],
            count=row["count"],
            unpriced_count=row["count"] - row["priced"],
            cost_nano_usd=row["cost"] or 0,
            prompt_tokens=row["prompt"] or 0,
            completion_tokens=row["completion"] or 0,
        )
        for row in found
    ]
