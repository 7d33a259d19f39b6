"""What the pages of routing read: a task looked at from all sides, and the decisions that are kept."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec
from django.db import connection, models
from django.db.models import QuerySet

from catalog.rules import BUDGET_RANGES_USD_PER_MTOK
from catalog.shapes import Budget, Snapshot
from routing.classifier import classify
from routing.decisions import Basis, basis_of
from routing.decompose.kept import KeptParts, parts_of
from routing.exploring.shapes import Trial
from routing.features import extract
from routing.ground import Ground, choose_on, find_ground
from routing.limits import limits_for
from routing.models import ChosenModel, ExploredPick, StoredDecision
from routing.policy import confidence_of
from routing.shapes import Choice, RankedCandidate, Removal, TaskRequest
from routing.thresholds import CURRENT_POLICY
from smartspawn.access.shapes import Actor

KINDS: Final = ("pick", "recommend", "route", "decompose", "swarm", "run", "chat")

# --- a task from all sides -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alternative:
    """What another budget, or no wish but a floor, would pick, seen from the pick at hand."""

    name: str
    hint: str
    best: RankedCandidate | None
    candidate_count: int
    score_difference: float | None
    price_difference_usd_per_mtok: Decimal | None
    is_current: bool = False

    @property
    def is_same(self) -> bool:
        """Whether it would pick the same model."""
        return self.best is not None and self.score_difference == 0 and self.price_difference_usd_per_mtok == 0


@dataclass(frozen=True, slots=True)
class Exploration:
    """All that the playground shows of a task; nothing of it is stored."""

    request: TaskRequest
    ground: Ground
    choice: Choice
    confidence_prob: float | None
    floor_score: float | None
    alternatives: tuple[Alternative, ...]

    @property
    def best(self) -> RankedCandidate | None:
        """The pick, if any model is left."""
        return self.choice.ranked[0] if self.choice.ranked else None

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that all of it stands on."""
        return self.ground.desk.snapshot


def explore(*, request: TaskRequest, actor: Actor, floor_score: float | None = None) -> Exploration:
    """The choice for this task, and what every other budget would make of it.

    Without a floor the cheapest model is sought among those that nobody would notice to be worse.
    """
    ground = find_ground(actor)
    features = extract(request, classify)
    limits = limits_for(request, ground.limits)
    by_budget = {
        budget: choose_on(ground, features, replace(limits, budget=budget), request.preference) for budget in Budget
    }
    choice = by_budget[request.budget]
    best = choice.ranked[0] if choice.ranked else None
    floor = floor_score if floor_score is not None else _unnoticed(best)
    return Exploration(
        request=request,
        ground=ground,
        choice=choice,
        confidence_prob=confidence_of(best, choice, CURRENT_POLICY) if best else None,
        floor_score=floor,
        alternatives=(
            *(_of_budget(budget, by_budget[budget].ranked, best, request.budget) for budget in Budget),
            _of_floor(by_budget[Budget.ANY].ranked, best, floor),
        ),
    )


def mixed_usd_per_mtok(candidate: RankedCandidate) -> Decimal | None:
    """The price of a usual mix of prompt and completion tokens; None where one of them is unknown."""
    if candidate.prompt_usd_per_mtok is None or candidate.completion_usd_per_mtok is None:
        return None
    written = Decimal(str(CURRENT_POLICY.completion_weight_share))
    return candidate.prompt_usd_per_mtok * (1 - written) + candidate.completion_usd_per_mtok * written


def cheapest_above(ranked: Sequence[RankedCandidate], floor_score: float) -> tuple[RankedCandidate | None, int]:
    """The cheapest of the candidates with at least this score, the better one of equals, and how many reach it."""
    priced = [(price, item) for item in ranked if (price := mixed_usd_per_mtok(item)) is not None]
    reaching = [(price, -item.score, item.model_id, item) for price, item in priced if item.score >= floor_score]
    return (min(reaching)[-1] if reaching else None), len(reaching)


def _unnoticed(best: RankedCandidate | None) -> float | None:
    return None if best is None else max(round(best.score - CURRENT_POLICY.same_score, 2), 0.0)


def _of_budget(
    budget: Budget, ranked: Sequence[RankedCandidate], current: RankedCandidate | None, asked: Budget
) -> Alternative:
    low, high = BUDGET_RANGES_USD_PER_MTOK[budget]
    hint = "any known price" if high is None else f"${low}–{high} per M in"
    found = ranked[0] if ranked else None
    return _alternative(f"{budget} budget", hint, found, len(ranked), current, is_current=budget == asked)


def _of_floor(
    ranked: Sequence[RankedCandidate], current: RankedCandidate | None, floor_score: float | None
) -> Alternative:
    if floor_score is None:
        return _alternative("cheapest above the floor", "no pick to set a floor by", None, 0, current)
    found, count = cheapest_above(ranked, floor_score)
    return _alternative(
        "cheapest above the floor", f"score {floor_score:.1f} or more, any price", found, count, current
    )


def _alternative(
    name: str,
    hint: str,
    found: RankedCandidate | None,
    count: int,
    current: RankedCandidate | None,
    *,
    is_current: bool = False,
) -> Alternative:
    score = price = None
    if found is not None and current is not None:
        score = round(found.score - current.score, 2)
        prices = mixed_usd_per_mtok(found), mixed_usd_per_mtok(current)
        price = prices[0] - prices[1] if prices[0] is not None and prices[1] is not None else None
    return Alternative(name, hint, found, count, score, price, is_current)


# --- kept decisions --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Which decisions to list; an empty field does not restrict."""

    kind: str = ""
    category: str = ""
    model: str = ""  # a part of the id of a chosen model
    since: date | None = None
    until: date | None = None  # inclusive


@dataclass(frozen=True, slots=True)
class DecisionCursor:
    """The place in the list after which to go on, newest first."""

    made_at: datetime
    decision_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class KeptOutcome:
    """What was shown when the decision was made."""

    ranked: tuple[RankedCandidate, ...] = ()
    removals: tuple[Removal, ...] = ()
    candidate_count: int = 0
    trial: Trial | None = None


# So many decisions are quicker read than found by their models; of a word that fits many models they hold enough.
FEW: Final = 500
# Whoever's word fits more models than this finds the decisions for the first so many.
MODELS_SOUGHT: Final = 100
_STEP_THROUGH_MODELS: Final = """
    WITH RECURSIVE step(model_id) AS (
        SELECT MIN(model_id) FROM routing_chosenmodel
        UNION ALL
        SELECT (SELECT MIN(model_id) FROM routing_chosenmodel WHERE model_id > step.model_id)
        FROM step WHERE step.model_id IS NOT NULL
    )
    SELECT model_id FROM step WHERE model_id IS NOT NULL
"""
_Dated = TypeVar("_Dated", StoredDecision, ChosenModel)
_KNOWN_OUTCOME: Final = frozenset(
    {"ranked", "removals", "candidate_count", "trial", "rules", "rule_tier", "rule_drivers"}
)


def list_decisions(
    wanted: DecisionFilter, *, actor: Actor, after: DecisionCursor | None, count: int
) -> list[StoredDecision]:
    """The newest decisions of this person that fit, of everybody's for an admin, beyond the cursor."""
    # The same condition as in get_stored.
    who = models.Q() if "catalog:admin" in actor.scopes else models.Q(user_id=actor.user_id)
    fitting = who & _conditions(wanted)
    rows = _beyond(StoredDecision.objects.filter(fitting), after, "id").order_by("-made_at", "-id")
    if wanted.model:
        found = _near_with_model(wanted.model, rows, count)
        found = _newest_with_model(wanted.model, fitting, after, count) if found is None else found
        rows = StoredDecision.objects.filter(pk__in=found).order_by("-made_at", "-id")
    return list(rows.defer("basis", "outcome")[:count])


def _near_with_model(part: str, rows: QuerySet[StoredDecision], count: int) -> list[uuid.UUID] | None:
    """The newest of the rows that chose such a model, or None where the first few rows do not hold them all."""
    first = list(rows.values_list("pk", "chosen")[: FEW + 1])
    found = [pk for pk, chosen in first if any(part.lower() in model_id.lower() for model_id in chosen)]
    return found[:count] if len(first) <= FEW or len(found) >= count else None


def _newest_with_model(part: str, fitting: models.Q, after: DecisionCursor | None, count: int) -> list[uuid.UUID]:
    """The newest decisions that chose a model with this in its id.

    Each model's newest come from one stretch of the index; all of them in one question.
    """
    names = _chosen_model_ids(part)
    if not names:
        return []
    newest = [
        _beyond(ChosenModel.objects.filter(fitting, model_id=name), after, "decision_id")
        .order_by("-made_at", "-decision_id")
        .values("pk")[:count]
        for name in names
    ]
    # A sorted and cut question cannot be joined to others as it is on SQLite, but inside another one it can.
    first, *others = [ChosenModel.objects.filter(pk__in=item).values_list("made_at", "decision_id") for item in newest]
    return [decision_id for _, decision_id in first.union(*others).order_by("-made_at", "-decision_id")[:count]]


def _chosen_model_ids(part: str) -> list[str]:
    """Every model that a kept decision chose and whose id holds this, up to MODELS_SOUGHT.

    The index is stepped through from one id to the next: there are few ids among many rows.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STEP_THROUGH_MODELS)
        ids = [row[0] for row in cursor.fetchall()]
    return [model_id for model_id in ids if part.lower() in model_id.lower()][:MODELS_SOUGHT]


def _beyond(rows: QuerySet[_Dated], after: DecisionCursor | None, id_field: str) -> QuerySet[_Dated]:
    if after is None:
        return rows
    # The first condition says nothing new, but it alone can be answered from an index.
    return rows.filter(made_at__lte=after.made_at).exclude(
        made_at=after.made_at, **{f"{id_field}__gte": after.decision_id}
    )


def which_tried(decision_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the decisions that took another model than the leader, to learn."""
    return set(ExploredPick.objects.filter(pk__in=decision_ids).values_list("pk", flat=True))


def read_basis(row: StoredDecision) -> Basis | None:
    """What the decision was made from, or None where a release of another shape wrote it."""
    try:
        return basis_of(row)
    except msgspec.ValidationError:
        return None


def read_parts(row: StoredDecision) -> KeptParts | None:
    """A task in parts as it was answered, or None where a release of another shape wrote it."""
    try:
        return parts_of(row.basis, row.outcome)
    except msgspec.ValidationError:
        return None


def read_outcome(row: StoredDecision) -> KeptOutcome:
    """What was shown then; empty where a release of another shape wrote it."""
    try:
        return msgspec.convert(row.outcome, KeptOutcome, strict=False)
    except msgspec.ValidationError:
        return KeptOutcome()


def read_details(row: StoredDecision) -> dict[str, str]:
    """What else was kept with the decision, such as a route's driver and tier, in words."""
    return {
        name.removeprefix("is_").replace("_", " "): _words(value)
        for name, value in row.outcome.items()
        if name not in _KNOWN_OUTCOME and value not in (None, "", [], {})
    }


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _conditions(wanted: DecisionFilter) -> models.Q:
    """What both decisions and their chosen models can be asked for."""
    asked: dict[str, Any] = {"kind": wanted.kind, "category": wanted.category}
    if wanted.since is not None:
        asked["made_at__gte"] = datetime.combine(wanted.since, time.min, UTC)
    if wanted.until is not None:
        asked["made_at__lt"] = datetime.combine(wanted.until, time.min, UTC) + timedelta(days=1)
    return models.Q(**{name: value for name, value in asked.items() if value})
