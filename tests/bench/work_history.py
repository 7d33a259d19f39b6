"""The work behind a made-up history of spend: its runs and their nodes, what people said of them, and alerts."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from operator import attrgetter

from django.db import transaction

from catalog.models import PriceFact
from catalog.shapes import Category
from feedback.models import LessonRow, Rating, Spawn
from runs.models import BudgetAlert, LedgerEntry, Node, Run

RATED_SHARE = 0.2
REPORTS_A_PERSON = 150
_AT_ONCE = 2_000


def write_work(chance: random.Random, *, days: Sequence[date]) -> int:
    """Write a run for each one that the ledger's lines of these days name; how many there are.

    Every fifth is rated. There are reports of work elsewhere besides, and an alert a day.
    """
    count = 0
    for day in days:
        lines = LedgerEntry.objects.filter(day=day, run_id__isnull=False).order_by("run_id", "id")
        runs = [tuple(some) for _, some in groupby(lines, key=attrgetter("run_id"))]
        count += len(runs)
        with transaction.atomic():
            _write_day(chance, runs)
    _write_reports(chance, days)
    _write_alerts(days)
    return count


def _write_day(chance: random.Random, runs: Iterable[tuple[LedgerEntry, ...]]) -> None:
    rows, nodes, ratings = [], [], []
    for lines in runs:
        rows.append(_run(chance, lines))
        nodes += _nodes(lines)
        if chance.random() < RATED_SHARE:
            ratings.append(_rating(chance, lines[0]))
    Run.objects.bulk_create(rows, batch_size=_AT_ONCE)
    Node.objects.bulk_create(nodes, batch_size=_AT_ONCE)
    kept = Rating.objects.bulk_create(ratings, batch_size=_AT_ONCE)
    first = {lines[0].run_id: lines[0] for lines in runs}
    LessonRow.objects.bulk_create(
        LessonRow(
            rating=rating,
            user_id=rating.user_id,
            model_id=first[rating.run_id].model_id,
            category=first[rating.run_id].category or Category.GENERAL,
            worth_share=(rating.score - 1) / 4,
            weight_share=1,
            at=rating.at,
        )
        for rating in kept
    )


def _run(chance: random.Random, lines: Sequence[LedgerEntry]) -> Run:
    first = lines[0]
    status = "failed" if all(line.status == "failed" for line in lines) else "completed"
    at = min(line.at for line in lines)
    return Run(
        id=first.run_id,
        created_at=at,
        updated_at=at,
        finished_at=at + timedelta(minutes=2),
        user_id=first.user_id,
        key_id=first.key_id,
        asked_by="somebody",
        mode=first.mode,
        status=status,
        task=" ".join(chance.choices(("fix", "write", "the", "parser", "tests", "logs", "plan", "report"), k=60)),
        request={"budget": "medium", "context_tags": []},
        plan={"final": "task-1", "summary": "one model answers", "notes": []},
        category=first.category,
    )


def _nodes(lines: Sequence[LedgerEntry]) -> list[Node]:
    counts: defaultdict[str, int] = defaultdict(int)
    nodes = []
    for place, line in enumerate(lines):
        counts[line.purpose] += 1
        nodes.append(
            Node(
                run_id=line.run_id,
                key=f"{line.purpose}-{counts[line.purpose]}",
                position=place,
                kind="call",
                purpose=line.purpose,
                title=line.purpose,
                status="completed" if line.status == "ok" else "failed",
                spec={"prompt": "Say it", "model": {"model_id": line.model_id, "category": line.category}},
                model_id=line.model_id,
                finished_at=line.at,
                cost_nano_usd=line.cost_nano_usd,
            )
        )
    return nodes


def _rating(chance: random.Random, line: LedgerEntry) -> Rating:
    return Rating(
        user_id=line.user_id,
        run_id=line.run_id,
        subject_key=f"run:{line.run_id}",
        score=chance.choice((1, 2, 3, 4, 4, 5, 5)),
        first_at=line.at,
        at=line.at,
    )


def _write_reports(chance: random.Random, days: Sequence[date]) -> None:
    people = LedgerEntry.objects.filter(day=days[-1]).values_list("user_id", flat=True).distinct()
    Spawn.objects.bulk_create(
        Spawn(
            at=_noon(chance.choice(days)),
            user_id=user_id,
            model_id="openai/big",
            category=Category.CODING,
            mode="single",
            role="primary",
            source="api",
            is_estimate=True,
            prompt_tokens=2000,
            completion_tokens=2000,
        )
        for user_id in people.order_by()
        for _ in range(REPORTS_A_PERSON)
    )


def _write_alerts(days: Sequence[date]) -> None:
    BudgetAlert.objects.bulk_create(
        BudgetAlert(
            scope="site",
            window=str(day),
            kind="spent",
            threshold_percent=80,
            cap_nano_usd=10**11,
            spent_nano_usd=8 * 10**10,
            reserved_nano_usd=0,
            at=_noon(day),
        )
        for day in days
    )


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def change_prices(model_ids: Sequence[str], *, since: date, until: date) -> None:
    """Let the catalogue's prices hold since then, and each of these models become dearer once, one a few days apart."""
    PriceFact.objects.update(valid_from=_noon(since))
    apart = (until - since) / (len(model_ids) + 1)
    facts = {fact.model_id: fact for fact in PriceFact.objects.filter(model_id__in=model_ids)}
    for place, model_id in enumerate(model_ids, 1):
        old = facts[model_id]
        PriceFact.objects.create(
            model_id=model_id,
            valid_from=_noon(since + place * apart),
            prompt_usd_per_mtok=old.prompt_usd_per_mtok * 2,
            completion_usd_per_mtok=old.completion_usd_per_mtok * 2,
        )
