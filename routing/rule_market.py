"""What a linter says of rules beside the models that there are: tiers, their models and drivers. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from catalog.rules import BUDGET_RANGES_USD_PER_MTOK
from catalog.shapes import Entry
from routing.filters import price_filters
from routing.route_policy import ANY_PROVIDER, RouteRules, RouteTier
from routing.rule_findings import Finding, error, warning
from routing.shapes import Limits


def lint_market(rules: RouteRules, entries: Sequence[Entry]) -> Iterator[Finding]:
    """What the models of the catalogue make of tiers and drivers; nothing where there are none yet."""
    yield from (finding for tier in rules.tiers for finding in _lint_range(tier))
    if not entries:
        return
    by_id = {entry.facts.model_id: entry for entry in entries}
    for tier in rules.tiers:
        yield from _lint_named_models(tier, by_id)
        yield from _lint_offer(tier, [entry for entry in entries if entry.is_candidate])
    providers = sorted({entry.provider for entry in entries})
    for name, named in rules.drivers.items():
        yield from _lint_driver(name, named, providers)


def _lint_range(tier: RouteTier) -> Iterator[Finding]:
    low = BUDGET_RANGES_USD_PER_MTOK[tier.budget][0]
    ceiling = tier.max_prompt_usd_per_mtok
    if ceiling is not None and ceiling < low:
        yield error(
            "contradiction",
            f"tier '{tier.name}'",
            f"Its budget '{tier.budget}' begins at ${low}, above its own ceiling of ${ceiling:f}: nothing can be left.",
            "Raise the ceiling, or take a lower budget.",
        )


def _lint_named_models(tier: RouteTier, by_id: Mapping[str, Entry]) -> Iterator[Finding]:
    subject = f"tier '{tier.name}'"
    for model_id in tier.models:
        entry = by_id.get(model_id)
        if entry is None:
            similar = get_close_matches(model_id, by_id, n=1, cutoff=0.6)
            advice = f"Did you mean '{similar[0]}'?" if similar else "Take it out, or correct its id."
            yield warning("unknown-model", subject, f"The catalogue lists no model '{model_id}'.", advice)
        elif not entry.is_candidate:
            why = f"'{model_id}' is never chosen: {entry.not_candidate_reason}."
            yield warning("unknown-model", subject, why, "Take it out.")
        elif dear := _refusal(entry, tier):
            message = f"'{model_id}' costs ${_price(entry)} per million prompt tokens, {dear}."
            advice = "Take it out, or let the tier cost more."
            yield warning("dear-model", subject, message, advice)


def _lint_offer(tier: RouteTier, candidates: Sequence[Entry]) -> Iterator[Finding]:
    """A tier that nothing fits gives way to a higher one each time."""
    named = [entry for entry in candidates if not tier.models or entry.facts.model_id in tier.models]
    if not any(not _refusal(entry, tier) for entry in named):
        which = "None of the models that it names" if tier.models else "No model of the catalogue"
        yield error(
            "empty-tier",
            f"tier '{tier.name}'",
            f"{which} is within its prices, so it never gets any work.",
            "Widen its budget, ceiling or models, or take the tier out.",
        )


def _lint_driver(name: str, named: Sequence[str], providers: Sequence[str]) -> Iterator[Finding]:
    missing = [provider for provider in named if provider != ANY_PROVIDER and provider not in providers]
    for provider in missing:
        similar = get_close_matches(provider, providers, n=1, cutoff=0.6)
        advice = f"Did you mean '{similar[0]}'?" if similar else "Correct the provider, or take the driver out."
        message = f"The catalogue lists no model of the provider '{provider}'."
        yield warning("unknown-provider", f"driver '{name}'", message, advice)


def _refusal(entry: Entry, tier: RouteTier) -> str:
    """Which price of the tier the model does not keep to, or ""."""
    limits = Limits(budget=tier.budget, max_prompt_usd_per_mtok=tier.max_prompt_usd_per_mtok)
    return next((item.reason.split(" per ")[0] for item in price_filters(limits) if not item.passes(entry)), "")


def _price(entry: Entry) -> str:
    price = entry.facts.pricing.prompt_usd_per_mtok
    return "an unknown price" if price is None else f"{price.normalize():f}"
