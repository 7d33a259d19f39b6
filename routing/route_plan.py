"""From what the rules say of a kickoff to a tier, a driver and a model. Everything here is pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from catalog.shapes import Budget
from routing.limits_merging import lower_price, narrow_models, narrow_providers
from routing.policy import no_model_message
from routing.route_policy import ANY_PROVIDER, RouteRules, RouteTier, Verdict, driver_of, providers_of
from routing.shapes import Choice, Features, Limits, RankedCandidate
from smartspawn.lib.errors import NoModel

Choose = Callable[[Features, Limits, int | None], Choice]


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What a plan has to heed beside the rules."""

    features: Features
    kept: Limits  # of site, person and key
    drivers: tuple[str, ...] = ()  # that may be used; empty: every driver of the rules
    budget: Budget | None = None  # None: as the tier says
    exclude: frozenset[str] = frozenset()

    def allowed(self, rules: RouteRules) -> tuple[str, ...]:
        """The drivers that may be used."""
        return self.drivers or tuple(rules.drivers)


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """A tier, a driver and a model, not yet decided."""

    tier: RouteTier
    driver: str
    everybody: Choice  # all that the allowed drivers reach
    choice: Choice  # what the chosen driver reaches; its first is taken


def plan_route(
    wanted: PlanRequest, verdict: Verdict, rules: RouteRules, choose: Choose, *, inherited: str
) -> RoutePlan:
    """The tier's best model for the preferred driver; a tier in which nothing is left gives way to a higher one.

    ``inherited`` is a tier of related work, or "". Raises NoModel, saying which filter removed what.
    """
    refused: Choice | None = None
    for tier in rules.tiers[rules.height(inherited or verdict.tier) :]:
        limits = limits_in(tier, wanted, rules)
        everybody = choose(wanted.features, limits, tier.preference)
        if everybody.ranked:
            return _with_driver(_Board(wanted, verdict, rules, choose), tier, everybody)
        refused = refused or everybody
    raise NoModel(no_model_message(refused) if refused else "The rules have no tiers.")


def limits_in(tier: RouteTier | None, wanted: PlanRequest, rules: RouteRules) -> Limits:
    """What a model of this tier must keep to; without a tier, what any model must."""
    ceiling = tier.max_prompt_usd_per_mtok if tier else None
    limits = replace(
        wanted.kept,
        budget=wanted.budget or (tier.budget if tier else Budget.ANY),
        exclude=wanted.exclude,
        max_prompt_usd_per_mtok=lower_price(wanted.kept.max_prompt_usd_per_mtok, ceiling),
    )
    limits = narrow_models(limits, frozenset(tier.models if tier else ()))
    return narrow_providers(limits, providers_of(wanted.allowed(rules), rules))


@dataclass(frozen=True, slots=True)
class _Board:
    wanted: PlanRequest
    verdict: Verdict
    rules: RouteRules
    choose: Choose


def _with_driver(board: _Board, tier: RouteTier, everybody: Choice) -> RoutePlan:
    """The first preferred driver whose best model is not far behind; else whoever runs the best one."""
    rules, best = board.rules, everybody.ranked[0]
    allowed = board.wanted.allowed(rules)
    for name in board.verdict.drivers:
        reached = rules.drivers[name]
        mine = next((item for item in everybody.ranked if _is_reached(item, reached)), None)
        if name in allowed and mine and _value(mine) >= _value(best) - rules.driver_margin_score:
            limits = narrow_providers(everybody.limits, providers_of([name], rules))
            return RoutePlan(tier, name, everybody, board.choose(board.wanted.features, limits, tier.preference))
    return RoutePlan(tier, driver_of(best.provider, allowed, rules), everybody, everybody)


def _is_reached(candidate: RankedCandidate, providers: Sequence[str]) -> bool:
    return ANY_PROVIDER in providers or candidate.provider in providers


def _value(candidate: RankedCandidate) -> float:
    return candidate.score - candidate.cost_penalty
