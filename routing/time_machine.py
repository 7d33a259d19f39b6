"""The time machine: past decisions made once more in two worlds, and what is different between them.

A world is a catalogue with rules, limits and what was learned. Both worlds are of today but for what is
proposed in one of them, so that every difference is the proposal's. Everything here is pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol

from catalog.shapes import Budget, Category
from routing.learned import Learned
from routing.policy import Ranking, choose, select
from routing.route_plan import PlanRequest, plan_route
from routing.route_policy import RouteRules, judge, make_kickoff
from routing.shapes import Choice, Features, Limits, RankedCandidate
from routing.thresholds import CURRENT_POLICY, RoutingPolicy
from smartspawn.lib.errors import NoModel

# What a task is taken to read and write, the middle of what splitting a task reckons with: three tokens
# read for each one written, as everywhere in routing.
TASK_TOKENS: Final = 12_000
_MTOK: Final = 1_000_000


# --- what was asked ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PastRoute:
    """What a kickoff was asked with."""

    files: tuple[str, ...] = ()
    stack: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    inherited_tier: str = ""


@dataclass(frozen=True, slots=True)
class PastDecision:
    """A decision as it was asked for, without what was decided on then but for the models' names."""

    decision_id: str
    made_at: datetime
    kind: str
    task: str
    features: Features
    budget: Budget | None  # None: as the tier of a kickoff says
    exclude: frozenset[str] = frozenset()
    count: int = 1
    preference: int | None = None
    user_id: int | None = None
    key_id: int | None = None
    chosen_then: tuple[str, ...] = ()
    route: PastRoute | None = None


# --- where it is asked again ---------------------------------------------------------------------


class Ranker(Protocol):
    """Who ranks the models of one catalogue; a desk does."""

    def rank(
        self,
        features: Features,
        limits: Limits,
        *,
        learned: Learned,
        policy: RoutingPolicy,
        preference: int | None = None,
    ) -> Ranking: ...


@dataclass(frozen=True, slots=True)
class World:
    """A catalogue with rules, limits and what was learned."""

    ranker: Ranker
    rules: RouteRules
    limits_of: Callable[[PastDecision], Limits]
    learned_of: Callable[[PastDecision], Learned]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a world answers."""

    chosen: tuple[RankedCandidate, ...] = ()
    refusal: str = ""  # why there is no model
    tier: str = ""
    driver: str = ""
    is_confirmation_required: bool | None = None  # None: not asked for

    @property
    def best(self) -> RankedCandidate | None:
        """The model that is taken."""
        return self.chosen[0] if self.chosen else None

    @property
    def expected_usd(self) -> Decimal | None:
        """What the task is expected to cost with it; None where that is not known."""
        return expected_usd(self.best) if self.best else None

    @property
    def ids(self) -> tuple[str, ...]:
        """The chosen models' ids."""
        return tuple(item.model_id for item in self.chosen)


def decide_in(world: World, past: PastDecision) -> Outcome:
    """What the world answers to what was asked then."""
    return _pick_in(world, past) if past.route is None else _route_in(world, past, past.route)


def expected_usd(candidate: RankedCandidate) -> Decimal | None:
    """What a task of usual length costs with this model; None where a price is not known."""
    prompt, completion = candidate.prompt_usd_per_mtok, candidate.completion_usd_per_mtok
    if prompt is None or completion is None:
        return None
    written = Decimal(str(CURRENT_POLICY.completion_weight_share))
    return (prompt * (1 - written) + completion * written) * TASK_TOKENS / _MTOK


def _pick_in(world: World, past: PastDecision) -> Outcome:
    limits = replace(world.limits_of(past), budget=past.budget or Budget.MEDIUM, exclude=past.exclude)
    choice = _choose(world, past, past.features, limits, past.preference)
    if not choice.ranked and past.features.category == Category.FAST_CHEAP:
        # As when it was asked: the category gives way to the budget that was asked for.
        choice = _choose(world, past, replace(past.features, category=Category.GENERAL), limits, past.preference)
    chosen = select(choice.ranked, past.count)
    return Outcome(chosen, refusal="" if chosen else choice.reason)


def _route_in(world: World, past: PastDecision, kickoff: PastRoute) -> Outcome:
    rules = world.rules
    unknown = [name for name in kickoff.drivers if name not in rules.drivers]
    if unknown:
        return Outcome(refusal=f"there is no driver '{unknown[0]}'")
    verdict = judge(make_kickoff(past.features.classification, kickoff.files, kickoff.stack), rules)
    is_higher = kickoff.inherited_tier and rules.height(kickoff.inherited_tier) > rules.height(verdict.tier)
    wanted = PlanRequest(past.features, world.limits_of(past), kickoff.drivers, past.budget, past.exclude)
    try:
        plan = plan_route(
            wanted,
            verdict,
            rules,
            lambda features, limits, preference: _choose(world, past, features, limits, preference),
            inherited=kickoff.inherited_tier if is_higher else "",
        )
    except NoModel as refusal:
        tier = verdict.tier
        return Outcome(refusal=refusal.message, tier=tier, is_confirmation_required=verdict.is_confirmation_required)
    return Outcome(
        plan.choice.ranked[:1],
        tier=plan.tier.name,
        driver=plan.driver,
        is_confirmation_required=verdict.is_confirmation_required,
    )


def _choose(world: World, past: PastDecision, features: Features, limits: Limits, preference: int | None) -> Choice:
    ranking = world.ranker.rank(
        features, limits, learned=world.learned_of(past), policy=CURRENT_POLICY, preference=preference
    )
    return choose(features, limits, ranking, preference)


# --- what is different ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Move:
    """One past decision in both worlds."""

    past: PastDecision
    present: Outcome
    proposed: Outcome

    @property
    def changes(self) -> tuple[str, ...]:
        """What is decided differently, in words; nothing where it is the same."""
        differences = (
            ("model", self.present.ids, self.proposed.ids),
            ("tier", self.present.tier, self.proposed.tier),
            ("driver", self.present.driver, self.proposed.driver),
            ("confirmation", self.present.is_confirmation_required, self.proposed.is_confirmation_required),
        )
        return tuple(name for name, before, after in differences if before != after)

    @property
    def cost_difference_usd(self) -> Decimal | None:
        """How much dearer the task is expected to be; None where either is not known."""
        before, after = self.present.expected_usd, self.proposed.expected_usd
        return None if before is None or after is None else after - before

    @property
    def score_difference(self) -> float | None:
        """How many points better the model is, each by its own world's score."""
        before, after = self.present.best, self.proposed.best
        return None if before is None or after is None else round(after.score - before.score, 2)


@dataclass(frozen=True, slots=True)
class Swap:
    """How often one model gives way to another."""

    before: str  # "" for no model
    after: str
    count: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Past decisions in both worlds, newest first."""

    moves: tuple[Move, ...]
    asked_count: int  # more than there are moves where time ran out
    task_tokens: int = TASK_TOKENS

    @property
    def changed(self) -> tuple[Move, ...]:
        """Those that are decided differently."""
        return tuple(move for move in self.moves if move.changes)

    @property
    def unchanged_count(self) -> int:
        """How many are decided alike."""
        return len(self.moves) - len(self.changed)

    @property
    def lost_count(self) -> int:
        """How many had a model and would have none."""
        return sum(bool(move.present.chosen) and not move.proposed.chosen for move in self.moves)

    @property
    def priced(self) -> tuple[Move, ...]:
        """Those whose cost is known in both worlds; totals are over these."""
        return tuple(move for move in self.moves if move.cost_difference_usd is not None)

    @property
    def present_usd(self) -> Decimal:
        """What all of them are expected to cost at present."""
        return sum((move.present.expected_usd or Decimal() for move in self.priced), Decimal())

    @property
    def proposed_usd(self) -> Decimal:
        """What all of them are expected to cost as proposed."""
        return sum((move.proposed.expected_usd or Decimal() for move in self.priced), Decimal())

    @property
    def difference_usd(self) -> Decimal:
        """How much dearer all of them are expected to be."""
        return self.proposed_usd - self.present_usd

    @property
    def mean_score_difference(self) -> float | None:
        """How many points better on the average; None where nothing can be compared."""
        known = [item for move in self.moves if (item := move.score_difference) is not None]
        return sum(known) / len(known) if known else None

    @property
    def swaps(self) -> tuple[Swap, ...]:
        """Which model gives way to which, the most frequent first."""
        pairs = Counter(_first_ids(move) for move in self.changed)
        swapped = [Swap(before, after, count) for (before, after), count in pairs.items() if before != after]
        return tuple(sorted(swapped, key=lambda swap: (-swap.count, swap.before, swap.after)))


def _first_ids(move: Move) -> tuple[str, str]:
    before, after = move.present.best, move.proposed.best
    return before.model_id if before else "", after.model_id if after else ""


def compare(
    past: Sequence[PastDecision], present: World, proposed: World, *, is_over: Callable[[], bool] = lambda: False
) -> Comparison:
    """Every past decision in both worlds, as many as time allows."""
    return Comparison(tuple(_moves(past, present, proposed, is_over)), asked_count=len(past))


def _moves(
    past: Sequence[PastDecision], present: World, proposed: World, is_over: Callable[[], bool]
) -> Iterator[Move]:
    for decision in past:
        if is_over():
            return
        yield Move(decision, decide_in(present, decision), decide_in(proposed, decision))
