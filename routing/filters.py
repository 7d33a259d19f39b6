"""Hard filters: what a model must be before any score is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from catalog.rules import BUDGET_RANGES_USD_PER_MTOK
from catalog.shapes import Capabilities, Entry
from routing.shapes import Features, Limits

CAPABILITIES: Final[Mapping[str, Callable[[Capabilities], bool]]] = {
    "vision": lambda has: has.vision,
    "functionCalling": lambda has: has.function_calling,
    "json": lambda has: has.json,
    "reasoning": lambda has: has.reasoning,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """One hard condition, with the words for what it takes out."""

    name: str
    reason: str
    passes: Callable[[Entry], bool]


def filters_of(features: Features, limits: Limits) -> tuple[Filter, ...]:
    """The conditions that this request sets, in the order in which they are told."""
    return (*_need_filters(features), *price_filters(limits), *_list_filters(limits))


def _need_filters(features: Features) -> Iterator[Filter]:
    for name in features.required_capabilities:
        has = CAPABILITIES[name]
        yield Filter(name, f"cannot do {name}", lambda entry, has=has: has(entry.capabilities))  # type: ignore[misc]  # mypy knows no default of a lambda
    needed = features.min_context_tokens
    if needed:
        yield Filter(
            "context",
            f"takes fewer than {needed} tokens, or does not say",
            lambda entry: (entry.facts.context_length_tokens or 0) >= needed,
        )


def price_filters(limits: Limits) -> Iterator[Filter]:
    low, high = BUDGET_RANGES_USD_PER_MTOK[limits.budget]
    words = f"${low}-{high}" if high is not None else "a known price"
    yield Filter(
        "budget", f"outside {words} per million prompt tokens", lambda entry: _is_between(_prompt(entry), low, high)
    )
    most = limits.max_prompt_usd_per_mtok
    if most is not None:
        yield Filter(
            "price ceiling",
            f"above ${most.normalize():f} per million prompt tokens",
            lambda entry: _is_between(_prompt(entry), Decimal(0), most),
        )
    most_written = limits.max_completion_usd_per_mtok
    if most_written is not None:
        yield Filter(
            "completion price ceiling",
            f"above ${most_written.normalize():f} per million completion tokens",
            lambda entry: _is_between(entry.facts.pricing.completion_usd_per_mtok, Decimal(0), most_written),
        )
    if limits.is_free_excluded:
        yield Filter("free offers", "free, and may be trained on what is sent", lambda entry: not _is_free(entry))


def _list_filters(limits: Limits) -> Iterator[Filter]:
    if limits.is_moderated_only:
        yield Filter("moderation", "not moderated", lambda entry: entry.facts.is_moderated)
    yield from _model_filters(limits)
    yield from _provider_filters(limits)
    if limits.exclude:
        yield Filter("exclude", "excluded by the request", lambda entry: entry.facts.model_id not in limits.exclude)


def _model_filters(limits: Limits) -> Iterator[Filter]:
    allowed, denied = limits.allow_models, limits.deny_models
    if allowed:
        yield Filter("allowed models", "not allowed here", lambda entry: entry.facts.model_id in allowed)
    if denied:
        yield Filter("denied models", "denied here", lambda entry: not _is_denied(entry, denied))


def _provider_filters(limits: Limits) -> Iterator[Filter]:
    allowed, denied = limits.allow_providers, limits.deny_providers
    if allowed:
        yield Filter("allowed providers", "of a provider not allowed here", lambda entry: entry.provider in allowed)
    if denied:
        yield Filter("denied providers", "of a provider denied here", lambda entry: entry.provider not in denied)


def _is_denied(entry: Entry, denied: frozenset[str]) -> bool:
    """A denied model is denied in every variant: ``:free`` is the same model."""
    return entry.facts.model_id in denied or entry.facts.model_id.split(":", 1)[0] in denied


def _is_between(price: Decimal | None, low: Decimal, high: Decimal | None) -> bool:
    return price is not None and price >= low and (high is None or price <= high)


def _prompt(entry: Entry) -> Decimal | None:
    return entry.facts.pricing.prompt_usd_per_mtok


def _is_free(entry: Entry) -> bool:
    return not entry.facts.pricing.prompt_usd_per_mtok and not entry.facts.pricing.completion_usd_per_mtok
