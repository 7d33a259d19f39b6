"""A made-up history of spend: so many lines over so many days, as a site of twenty people would have written them."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import AutoField, Model

from catalog.models import PriceFact
from runs.ledger.totals import write_lines
from runs.models import BillTotal, DayTotal, LedgerEntry, SpendTotal
from runs.money import price_nano

CATEGORIES = ("coding", "general", "reasoning", "research", "creative", "vision", "fast-cheap", "")
MODES = ("single", "cascade", "collective", "plan", "swarm", "parallel", "research", "chain", "chat")
MODE_WEIGHTS = (30, 16, 8, 8, 6, 10, 5, 5, 12)
DRIVERS = ("api", "api", "api", "claude-code", "codex")
PROVIDERS = ("openrouter", "anthropic", "openai", "gemini", "groq")
STATUSES = ("ok", "failed", "canceled", "uncertain")
STATUS_WEIGHTS = (960, 24, 10, 6)
MODELS_A_CATEGORY = 5
# How busy a day of the week is, from Monday.
WEEKDAYS = (1.1, 1.2, 1.2, 1.15, 1.0, 0.45, 0.4)


@dataclass(frozen=True, slots=True)
class Priced:
    """A model with what it costs; without a price where nobody knows one."""

    model_id: str
    prompt_usd_per_mtok: Decimal
    completion_usd_per_mtok: Decimal


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who spends, with the habits by which they do."""

    user_id: int
    key_ids: tuple[int, ...]
    categories: tuple[str, ...]
    modes: tuple[str, ...]


def make_people(chance: random.Random, users: Sequence[tuple[int, tuple[int, ...]]]) -> list[Person]:
    """These people and their keys; each works on a few kinds of task in a few ways."""
    return [
        Person(
            user_id,
            key_ids,
            tuple(chance.sample(CATEGORIES, 4)),
            tuple(chance.choices(MODES, MODE_WEIGHTS, k=5)),
        )
        for user_id, key_ids in users
    ]


def write_history(
    chance: random.Random, people: Sequence[Person], models: Sequence[Priced], *, line_count: int, days: Sequence[date]
) -> int:
    """Write about so many lines over these days, each day in one transaction; gives how many there are."""
    by_category = {category: chance.sample(list(models), MODELS_A_CATEGORY) for category in CATEGORIES}
    used = list({model for some in by_category.values() for model in some})
    busy = [WEEKDAYS[day.weekday()] * (0.6 + 0.8 * place / len(days)) for place, day in enumerate(days)]
    weights = [1 / rank for rank in range(1, len(people) + 1)]
    written = 0
    for day, weight in zip(days, busy, strict=True):
        lines: list[Mapping[str, Any]] = []
        while len(lines) < line_count * weight / sum(busy):
            person = chance.choices(people, weights)[0]
            lines += _run(chance, person, (by_category, used), day)
        with transaction.atomic():
            write_lines(lines)
        written += len(lines)
    return written


def _run(
    chance: random.Random, person: Person, models: tuple[Mapping[str, Sequence[Priced]], Sequence[Priced]], day: date
) -> Iterator[Mapping[str, Any]]:
    """The lines of one run."""
    by_category, everything = models
    mode, category = chance.choice(person.modes), chance.choice(person.categories)
    # Routing has a favourite for each kind of task; now and then somebody names a model by hand.
    cheap, strong = by_category[category][:2], by_category[category][2:]
    about = {
        "user_id": person.user_id,
        "key_id": chance.choice((*person.key_ids, None)),
        "run_id": None if mode == "chat" else uuid.UUID(int=chance.getrandbits(128)),
        "mode": mode,
        "category": category,
        "driver": chance.choice(DRIVERS[:3] if person.user_id % 2 else DRIVERS),
        "day": day,
    }
    line = partial(_line, chance, about)
    work = chance.choice(everything) if chance.random() < 0.1 else chance.choice(strong)
    for purpose, model in _pieces(chance, mode, (cheap, strong, work), by_category["reasoning"][0]):
        yield line(purpose, model)


def _pieces(
    chance: random.Random, mode: str, pool: tuple[Sequence[Priced], Sequence[Priced], Priced], judge: Priced
) -> list[tuple[str, Priced]]:
    """What a run of this mode asks for, and of which model."""
    cheap, strong, work = pool
    escalated = [("escalation", work)] if chance.random() < 0.3 else []
    planned = [
        ("planner", strong[0]),
        *(("step", chance.choice([*cheap, work])) for _ in range(3)),
        ("merge", strong[0]),
    ]
    together = [("task", model) for model in chance.sample([*cheap, *strong], 3)]
    pieces: Mapping[str, list[tuple[str, Priced]]] = {
        "cascade": [("task", chance.choice(cheap)), ("judge", judge), *escalated],
        "collective": [*together, ("merge", strong[0])],
        "plan": planned,
        "swarm": planned,
        "research": [("section", work), ("section", chance.choice(cheap)), ("merge", strong[0])],
        "chain": [("stage", chance.choice(cheap)) for _ in range(3)],
        "parallel": [("task", cheap[0])] * 4,
        "chat": [("chat", work)],
    }
    return pieces.get(mode, [("task", work)])


def _line(chance: random.Random, about: Mapping[str, Any], purpose: str, model: Priced) -> Mapping[str, Any]:
    status = chance.choices(STATUSES, STATUS_WEIGHTS)[0]
    at = datetime.combine(about["day"], datetime.min.time(), UTC) + timedelta(seconds=chance.randrange(86_400))
    made = {
        **about,
        "call_id": uuid.UUID(int=chance.getrandbits(128)),
        "kind": "charge",
        "call_count": 1,
        "at": at,
        "status": status,
        "purpose": purpose,
        "node_key": purpose,
        "connection": "openrouter",
        "provider": PROVIDERS[sum(map(ord, model.model_id)) % len(PROVIDERS)],
        "model_id": model.model_id,
    }
    if status == "uncertain":
        amount = chance.randrange(1_000_000, 90_000_000)
        return {**made, "cost_nano_usd": amount, "reserved_nano_usd": amount, "is_estimated": True}
    fresh, cached = chance.randrange(200, 9_000), chance.choice((0, 0, chance.randrange(1_000, 30_000)))
    out, thought = chance.randrange(50, 3_000), chance.choice((0, chance.randrange(100, 6_000)))
    if status != "ok":
        out, thought = chance.choice((0, out // 4)), 0
    cost = price_nano(fresh + cached // 4, model.prompt_usd_per_mtok)
    cost += price_nano(out + thought, model.completion_usd_per_mtok)
    return {
        **made,
        "fresh_input_tokens": fresh,
        "cache_read_tokens": cached,
        "output_tokens": out,
        "reasoning_tokens": thought,
        "cost_nano_usd": cost,
        "computed_nano_usd": cost,
        "reserved_nano_usd": cost * 3,
        "latency_ms": int(chance.lognormvariate(8.2, 0.8)),
        "is_estimated": chance.random() < 0.04,
    }


def repeat_history(times: int, *, shift_days: int) -> None:
    """Lay the whole history once more before itself, and again, each time so many days earlier.

    By the database alone, which does in seconds what takes Python an hour; the totals are shifted like the lines,
    so that they still agree with them.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        for table in (LedgerEntry, DayTotal, SpendTotal, BillTotal):
            cursor.execute(_repeating(table, times, shift_days))


def _repeating(table: type[Model], times: int, shift_days: int) -> str:
    """The statement that adds the table's rows again, so many times, each time earlier."""
    is_postgres = connection.vendor == "postgresql"
    days = f"n * {shift_days}"
    made = {
        "day": f"t.day - {days}" if is_postgres else f"date(t.day, '-' || ({days}) || ' days')",
        "at": f"t.at - {days} * interval '1 day'" if is_postgres else f"datetime(t.at, '-' || ({days}) || ' days')",
        "call_id": "gen_random_uuid()" if is_postgres else "lower(hex(randomblob(16)))",
    }
    columns = [str(field.column) for field in table._meta.concrete_fields if not isinstance(field, AutoField)]
    values = ", ".join(made.get(column, f"t.{column}") for column in columns)
    numbers = f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {times - 1})"
    name = table._meta.db_table
    return f"{numbers} INSERT INTO {name} ({', '.join(columns)}) SELECT {values} FROM numbers CROSS JOIN {name} t"


def change_often(model_ids: Sequence[str], *, times: int, since: date, until: date) -> None:
    """Let these models, in turn, become a little dearer so often: a base line is priced anew with each change."""
    apart = (until - since) / (times + 1)
    for place in range(times):
        at = datetime.combine(since, time(0, 7), UTC) + (place + 1) * apart  # at no moment of another change
        old = PriceFact.objects.filter(model_id=model_ids[place % len(model_ids)], valid_from__lt=at).latest(
            "valid_from"
        )
        PriceFact.objects.create(
            model_id=old.model_id,
            valid_from=at,
            prompt_usd_per_mtok=old.prompt_usd_per_mtok * Decimal("1.01"),
            completion_usd_per_mtok=old.completion_usd_per_mtok * Decimal("1.01"),
        )
