"""What an admin said, put in the place of what was listed or computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from catalog.shapes import Category, CategoryScore, ModelFacts, Override

_PRICE_FIELDS: Final = ("price.prompt", "price.completion")
_SCORE_PREFIX: Final = "score."
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


def overrides_by_model(overrides: Iterable[Override]) -> dict[str, tuple[Override, ...]]:
    """The overrides that can be applied, one for each field of a model: the latest said stands."""
    latest: dict[tuple[str, str], Override] = {}
    for override in sorted(overrides, key=lambda each: (each.at or _LONG_AGO, each.value)):
        if _is_applicable(override):
            latest[override.model_id, override.field] = override
    by_model: dict[str, list[Override]] = {}
    for (model_id, _field), override in sorted(latest.items()):
        by_model.setdefault(model_id, []).append(override)
    return {model_id: tuple(of_model) for model_id, of_model in by_model.items()}


def with_prices(facts: ModelFacts, overrides: Sequence[Override]) -> ModelFacts:
    """The facts at the prices that an admin said; a price that is said is no longer dynamic."""
    pricing = facts.pricing
    for override in overrides:
        if override.field == "price.prompt":
            pricing = replace(pricing, prompt_usd_per_mtok=Decimal(override.value.strip()))
        elif override.field == "price.completion":
            pricing = replace(pricing, completion_usd_per_mtok=Decimal(override.value.strip()))
    if pricing is facts.pricing:
        return facts
    is_known = pricing.prompt_usd_per_mtok is not None and pricing.completion_usd_per_mtok is not None
    return replace(facts, pricing=replace(pricing, is_dynamic=pricing.is_dynamic and not is_known))


def with_scores(
    scores: Mapping[Category, CategoryScore], overrides: Sequence[Override]
) -> dict[Category, CategoryScore]:
    """The scores with those that an admin said; what was measured stays to be seen beside them."""
    said = dict(scores)
    for override in overrides:
        if not override.field.startswith(_SCORE_PREFIX):
            continue
        category = Category(override.field.removeprefix(_SCORE_PREFIX))
        value = float(override.value)
        held = said.get(category) or CategoryScore(value, value, value, coverage_share=0.0)
        said[category] = replace(held, value=value, lower=value, upper=value, is_overridden=True)
    return {category: said[category] for category in Category if category in said}


def said_categories(overrides: Sequence[Override]) -> tuple[Category, ...] | None:
    """The categories that an admin said, in the usual order; None where nothing was said."""
    for override in overrides:
        if override.field == "categories":
            words = {word.strip() for word in override.value.split(",")}
            return tuple(category for category in Category if category in words)
    return None


def _is_applicable(override: Override) -> bool:
    """False for what no face would have stored: it must not break a refresh, nor pass for applied."""
    if override.field == "categories":
        words = [word.strip() for word in override.value.split(",")]
        return all(word in set(Category) for word in words)
    number = _number(override.value)
    if number is None or number < 0:
        return False
    if override.field in _PRICE_FIELDS:
        return True
    category = override.field.removeprefix(_SCORE_PREFIX)
    return override.field.startswith(_SCORE_PREFIX) and category in set(Category) and number <= 100


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
