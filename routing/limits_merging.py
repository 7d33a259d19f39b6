"""How limits add up: what holds where several of them hold. Everything here is pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Final

from routing.shapes import Limits

# Two lists that allow nothing in common allow nothing; an empty list would allow everything.
_NOTHING: Final = frozenset({"(nothing)"})


def merge_limits(all_limits: Iterable[Limits]) -> Limits:
    """The limits that hold where all of these hold; budget and exclusions are those of the last."""
    merged = Limits()
    for limits in all_limits:
        merged = Limits(
            budget=limits.budget,
            exclude=limits.exclude,
            allow_models=_both(merged.allow_models, limits.allow_models),
            deny_models=merged.deny_models | limits.deny_models,
            allow_providers=_both(merged.allow_providers, limits.allow_providers),
            deny_providers=merged.deny_providers | limits.deny_providers,
            max_prompt_usd_per_mtok=lower_price(merged.max_prompt_usd_per_mtok, limits.max_prompt_usd_per_mtok),
            max_completion_usd_per_mtok=lower_price(
                merged.max_completion_usd_per_mtok, limits.max_completion_usd_per_mtok
            ),
            is_moderated_only=merged.is_moderated_only or limits.is_moderated_only,
            is_free_excluded=merged.is_free_excluded or limits.is_free_excluded,
        )
    return merged


def narrow_providers(limits: Limits, providers: frozenset[str]) -> Limits:
    """The limits for these providers alone; empty narrows nothing."""
    return replace(limits, allow_providers=_both(limits.allow_providers, providers))


def narrow_models(limits: Limits, models: frozenset[str]) -> Limits:
    """The limits for these models alone; empty narrows nothing."""
    return replace(limits, allow_models=_both(limits.allow_models, models))


def lower_price(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    """The lower of two ceilings; None is none."""
    if first is None or second is None:
        return first if second is None else second
    return min(first, second)


def _both(first: frozenset[str], second: frozenset[str]) -> frozenset[str]:
    if not first or not second:
        return first or second
    return first & second or _NOTHING
