"""A task in parts as it is kept: what its parts were chosen from, and what was answered.

Of one task all that parts differ in for a choice is their category and budget, so each pair has one pick.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

import msgspec

from catalog.shapes import Budget, Category
from routing.context import needs_of
from routing.decompose.shapes import (
    CostInterval,
    DecomposeRequest,
    Edge,
    Graph,
    Split,
    SplitKind,
    Steps,
    Subtask,
    Swarm,
)
from routing.features import given_category
from routing.shapes import Features, Limits, RankedCandidate

PARTS_KINDS: Final = frozenset({"decompose", "swarm"})
# Parts are read in a list; the whole task stands beside them up to its own limit.
PART_KEPT_CHARS: Final = 400
PREAMBLE_KEPT_CHARS: Final = 1000


@dataclass(frozen=True, slots=True)
class PartBasis:
    """What one part was chosen from."""

    text: str
    category: Category
    confidence_prob: float  # of the classifier, in its own category
    budget: Budget
    persona: str


@dataclass(frozen=True, slots=True)
class PartsBasis:
    """What the parts of a task were chosen from, beside the snapshot and the revision."""

    parts: tuple[PartBasis, ...]
    limits: Limits
    context_tags: tuple[str, ...] = ()
    required_capabilities: tuple[str, ...] = ()
    min_context_tokens: int | None = None
    max_parallel: int = 1
    engine: str = ""  # what classified the parts
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class PartPick:
    """What was chosen for every part of this category and budget."""

    category: Category
    budget: Budget
    model: RankedCandidate | None
    reason: str
    candidate_count: int


@dataclass(frozen=True, slots=True)
class PartsOutcome:
    """What was answered: the picks, and for a swarm the graph."""

    picks: tuple[PartPick, ...] = ()
    split_kind: SplitKind = SplitKind.NONE
    split_reason: str = ""
    preamble: str = ""
    edges: tuple[Edge, ...] = ()
    waves: tuple[tuple[int, ...], ...] = ()
    warning: str = ""
    low_usd: Decimal | None = None
    high_usd: Decimal | None = None
    cost_note: str = ""


@dataclass(frozen=True, slots=True)
class KeptParts:
    """Both, as they are read back."""

    basis: PartsBasis
    outcome: PartsOutcome

    def pick_of(self, part: PartBasis) -> PartPick:
        """What was chosen for this part."""
        found = (item for item in self.outcome.picks if (item.category, item.budget) == (part.category, part.budget))
        return next(found, PartPick(part.category, part.budget, None, "", 0))


def pack_basis(steps: Steps, limits: Limits, user_id: int | None) -> dict[str, Any]:
    """What the parts were chosen from, as plain values."""
    needs = needs_of(steps.request.context_tags)
    basis = PartsBasis(
        parts=tuple(
            PartBasis(part.text[:PART_KEPT_CHARS], part.category, part.confidence_prob, part.budget, part.persona)
            for part in steps.subtasks
        ),
        limits=limits,
        context_tags=steps.request.context_tags,
        required_capabilities=needs.required_capabilities,
        min_context_tokens=needs.min_context_tokens,
        max_parallel=steps.request.max_parallel,
        engine=next((part.engine for part in steps.subtasks), ""),
        user_id=user_id,
    )
    plain: dict[str, Any] = msgspec.to_builtins(basis)
    return plain


def pack_outcome(steps: Steps, swarm: Swarm | None) -> dict[str, Any]:
    """What was answered, as plain values."""
    picks = {
        (part.category, part.budget): PartPick(
            part.category, part.budget, part.model, part.reason, part.candidate_count
        )
        for part in steps.subtasks
    }
    outcome = PartsOutcome(
        picks=tuple(picks.values()),
        split_kind=steps.split.kind,
        split_reason=steps.split.reason,
        preamble=steps.split.preamble[:PREAMBLE_KEPT_CHARS],
    )
    if swarm is not None:
        outcome = replace(
            outcome,
            edges=swarm.graph.edges,
            waves=swarm.waves,
            warning=swarm.graph.warning,
            low_usd=swarm.cost.low_usd,
            high_usd=swarm.cost.high_usd,
            cost_note=swarm.cost.note,
        )
    plain: dict[str, Any] = msgspec.to_builtins(outcome)
    return plain


def parts_of(basis: Mapping[str, Any], outcome: Mapping[str, Any]) -> KeptParts:
    """What was kept. Raises msgspec.ValidationError where a release of another shape wrote it."""
    return KeptParts(
        msgspec.convert(basis, PartsBasis, strict=False), msgspec.convert(outcome, PartsOutcome, strict=False)
    )


def features_of(basis: PartsBasis, part: PartBasis) -> Features:
    """What choosing for this part looked at."""
    return Features(
        task=part.text,
        classification=given_category(part.category),
        category=part.category,
        is_category_given=True,
        context_tags=basis.context_tags,
        required_capabilities=basis.required_capabilities,
        min_context_tokens=basis.min_context_tokens,
    )


def limits_of(basis: PartsBasis, part: PartBasis) -> Limits:
    """The limits under which this part was chosen for."""
    return replace(basis.limits, budget=part.budget)


def restore(kept: KeptParts, *, task: str) -> Swarm:
    """The answer as it was given; one without waves is a list of steps."""
    basis, outcome = kept.basis, kept.outcome
    request = DecomposeRequest(
        task, basis.limits.budget, context_tags=basis.context_tags, max_parallel=basis.max_parallel
    )
    texts = tuple(part.text for part in basis.parts)
    split = Split(texts, outcome.preamble, outcome.split_kind, outcome.split_reason)
    steps = Steps(request, split, tuple(_subtask(part, kept.pick_of(part)) for part in basis.parts))
    cost = CostInterval(outcome.low_usd, outcome.high_usd, outcome.cost_note)
    return Swarm(steps, Graph(outcome.edges, outcome.warning), outcome.waves, cost)


def main_category(subtasks: Sequence[Subtask]) -> str:
    """The kind of work of most of the parts, the first of equals; "" for one piece of work."""
    kinds = [part.category for part in subtasks]
    return max(dict.fromkeys(kinds), key=kinds.count, default="")


def _subtask(part: PartBasis, pick: PartPick) -> Subtask:
    return Subtask(
        text=part.text,
        category=part.category,
        budget=part.budget,
        persona=part.persona,
        model=pick.model,
        reason=pick.reason,
        confidence_prob=part.confidence_prob,
        candidate_count=pick.candidate_count,
    )
