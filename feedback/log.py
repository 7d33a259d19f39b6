"""Writing work into the log: what clients report from outside, and our own runs by themselves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from catalog.queries import find_entry
from catalog.shapes import Category
from feedback.exploring.links import check_decision
from feedback.models import Rating, Spawn
from feedback.shapes import SpawnMode, SpawnNote
from runs.create import KeyReused
from runs.money import price_nano
from runs.outcomes import WORK, NodeOutcome, RunOutcome, list_work, outcomes_ended_since
from runs.shapes import Mode, Purpose
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import InvalidParam

# The ancestor's assumption, kept for what comes from outside: nobody tells what the work really took.
ASSUMED_PROMPT_TOKENS: Final = 2000
ASSUMED_COMPLETION_TOKENS: Final = 2000
LONGEST_KEY: Final = 255
# A run may end while another that ended before is still being written: looking back this far misses none.
_OVERLAP: Final = timedelta(hours=1)
# How far the log has come is told by what was written in turn; what was rated before its turn says nothing of it.
_IN_TURN: Final = "run"
AHEAD_OF_TURN: Final = "rated run"
_FIRST_LOOK_BACK: Final = timedelta(days=30)
_RUNS_AT_ONCE: Final = 500
_MEASURED: Final = ("source", "model_id", "category", "prompt_tokens", "completion_tokens", "cost_nano_usd", "at")
_Row = TypeVar("_Row", Spawn, Rating)


@dataclass(frozen=True, slots=True)
class Repeat:
    """Under which key something was sent, so that the same sent twice is one."""

    said_under: str | None = None
    body_sha256: str = ""


def log_spawn(*, note: SpawnNote, actor: Actor, key: str = "") -> Spawn:
    """Note that a model was given work elsewhere; tokens and cost are estimates.

    Raises InvalidParam for a model that the catalogue does not know, when nobody in particular reports it, and for
    a decision that is none of the caller's.
    """
    check_decision(note.decision_id, actor)
    entry = find_entry(note.model_id)
    if entry is None and actor.user_id is None:
        raise InvalidParam(f"'{note.model_id[:80]}' is not in the catalogue. With a key you may log any model.")
    prompt = entry.facts.pricing.prompt_usd_per_mtok if entry else None
    completion = entry.facts.pricing.completion_usd_per_mtok if entry else None
    is_priced = prompt is not None and completion is not None and prompt >= 0 and completion >= 0
    cost = (
        price_nano(ASSUMED_PROMPT_TOKENS, prompt) + price_nano(ASSUMED_COMPLETION_TOKENS, completion)
        if prompt is not None and completion is not None and is_priced
        else None
    )
    repeat = repeat_of(key, actor, "spawn", note)
    return once(
        Spawn,
        repeat,
        lambda: Spawn.objects.create(
            user_id=actor.user_id,
            key_id=actor.key_id,
            model_id=note.model_id,
            category=note.category,
            budget=note.budget,
            mode=note.mode,
            role=note.role,
            source=note.source,
            context_tags=list(note.context_tags),
            decision_id=note.decision_id,
            is_estimate=True,
            prompt_tokens=ASSUMED_PROMPT_TOKENS,
            completion_tokens=ASSUMED_COMPLETION_TOKENS,
            prompt_usd_per_mtok=prompt if is_priced else None,
            completion_usd_per_mtok=completion if is_priced else None,
            cost_nano_usd=cost,
            said_under=repeat.said_under,
            body_sha256=repeat.body_sha256,
        ),
    )


def sync_runs(now: datetime | None = None) -> int:
    """Write what our own runs brought into the log, measured; the count of nodes written.

    It may run as often as one likes, and several at a time: a node has one line, which is brought up to date.
    """
    latest = Spawn.objects.filter(source=_IN_TURN).aggregate(latest=models.Max("at"))["latest"]
    since = latest - _OVERLAP if latest else (now or timezone.now()) - _FIRST_LOOK_BACK
    count = 0
    while ended := outcomes_ended_since(since, most=_RUNS_AT_ONCE):
        count += write_runs(ended)
        newest = ended[-1].ended_at
        if len(ended) < _RUNS_AT_ONCE or newest <= since:
            break
        since = newest
    return count


def write_runs(outcomes: Iterable[RunOutcome], *, source: str = _IN_TURN) -> int:
    """Write the completed work of these runs into the log."""
    by_id = {item.run_id: item for item in outcomes}
    lines = [_line(by_id[node.run_id], node, source) for node in list_work(by_id) if node.purpose in WORK]
    Spawn.objects.bulk_create(
        lines, update_conflicts=True, unique_fields=["run_id", "node_key"], update_fields=_MEASURED, batch_size=200
    )
    return len(lines)


def category_of(word: str) -> Category:
    """The category of work of ours; what nobody asked a category for is general."""
    return Category(word) if word in set(Category) else Category.GENERAL


def _line(run: RunOutcome, node: NodeOutcome, source: str) -> Spawn:
    return Spawn(
        at=node.ended_at or run.ended_at,
        user_id=run.user_id,
        key_id=run.key_id,
        model_id=node.model_id,
        category=category_of(node.category),
        budget=run.budget,
        mode=SpawnMode(run.mode.value),
        role=_role(run.mode, node.purpose),
        source=source,
        context_tags=list(run.context_tags),
        is_estimate=False,
        prompt_tokens=node.prompt_tokens,
        completion_tokens=node.completion_tokens,
        cost_nano_usd=node.cost_nano_usd,
        is_simulated=run.is_simulated,
        run_id=run.run_id,
        node_key=node.key,
    )


def _role(mode: Mode, purpose: Purpose) -> str:
    """The ancestor's words for the two steps of a cascade; it knows no others."""
    if mode is Mode.CASCADE:
        return "cascade_premium" if purpose is Purpose.ESCALATION else "cascade_cheap"
    return "primary" if purpose is Purpose.TASK else purpose.value


# --- the same sent twice -------------------------------------------------------------------


def repeat_of(key: str, actor: Actor, kind: str, body: object) -> Repeat:
    """What tells a client's second try from a second thing; without a key everything is its own."""
    if len(key) > LONGEST_KEY:
        raise InvalidParam(f"Idempotency-Key: at most {LONGEST_KEY} characters.")
    if not key:
        return Repeat()
    whose = f"user {actor.user_id}" if actor.user_id is not None else f"address {actor.address}"
    return Repeat(_sha256([kind, whose, key]), _sha256(repr(body)))


def once(table: type[_Row], repeat: Repeat, create: Callable[[], _Row]) -> _Row:
    """The row that was made under this key, or a new one. Raises KeyReused for another body under it."""
    known = _find(table, repeat)
    if known is not None:
        return known
    try:
        with transaction.atomic():
            return create()
    except IntegrityError:
        known = _find(table, repeat)  # somebody was faster with the same key
        if known is None:
            raise
        return known


def _find(table: type[_Row], repeat: Repeat) -> _Row | None:
    if repeat.said_under is None:
        return None
    known = table.objects.filter(said_under=repeat.said_under).first()
    if known is not None and known.body_sha256 != repeat.body_sha256:
        raise KeyReused("This Idempotency-Key came with something else before. Use a new key for a new report.")
    return known


def _sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
