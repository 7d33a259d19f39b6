"""What is different between two snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from catalog.shapes import Category, Difference, DifferenceKind, Entry, Snapshot

# Scores wobble by fractions whenever the population changes; one point is what a reader can see.
MIN_SCORE_MOVE: Final = 1.0


def diff_snapshots(old: Snapshot | None, new: Snapshot) -> tuple[Difference, ...]:
    """Every model that came or went and every price, limit or score that moved, in that order.

    The first snapshot has nothing to differ from and gives no differences.
    """
    if old is None:
        return ()
    before = {entry.facts.model_id: entry for entry in old.entries}
    after = {entry.facts.model_id: entry for entry in new.entries}
    return (
        *(_came_or_went(DifferenceKind.ADDED, after[key]) for key in after if key not in before),
        *(_came_or_went(DifferenceKind.REMOVED, before[key]) for key in before if key not in after),
        *(item for key in after if key in before for item in _moved(before[key], after[key])),
    )


def _came_or_went(kind: DifferenceKind, entry: Entry) -> Difference:
    return Difference(kind=kind, model_id=entry.facts.model_id, model_name=entry.facts.name)


def _moved(old: Entry, new: Entry) -> Iterator[Difference]:
    prices = (
        ("prompt", old.facts.pricing.prompt_usd_per_mtok, new.facts.pricing.prompt_usd_per_mtok),
        ("completion", old.facts.pricing.completion_usd_per_mtok, new.facts.pricing.completion_usd_per_mtok),
    )
    for field, was, now in prices:
        if was != now:
            yield _difference(DifferenceKind.PRICE, new, f"price.{field}", _money(was), _money(now))
    if old.facts.context_length_tokens != new.facts.context_length_tokens:
        yield _difference(
            DifferenceKind.LIMIT,
            new,
            "context_length",
            _text(old.facts.context_length_tokens),
            _text(new.facts.context_length_tokens),
        )
    for category in Category:
        was_score, now_score = old.scores.get(category), new.scores.get(category)
        if was_score is None or now_score is None:
            if was_score is not now_score:
                yield _difference(
                    DifferenceKind.SCORE,
                    new,
                    f"score.{category}",
                    _score(was_score.value if was_score else None),
                    _score(now_score.value if now_score else None),
                )
        elif abs(was_score.value - now_score.value) >= MIN_SCORE_MOVE:
            yield _difference(
                DifferenceKind.SCORE,
                new,
                f"score.{category}",
                _score(was_score.value),
                _score(now_score.value),
            )


def _difference(kind: DifferenceKind, entry: Entry, field: str, before: str, after: str) -> Difference:
    return Difference(
        kind=kind,
        model_id=entry.facts.model_id,
        model_name=entry.facts.name,
        field=field,
        before=before,
        after=after,
    )


def _money(value: Decimal | None) -> str:
    return "unknown" if value is None else f"{value.normalize():f}"


def _text(value: object) -> str:
    return "unknown" if value is None else str(value)


def _score(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f}"
