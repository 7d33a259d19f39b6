"""Decisions made again: from what was known then, or on another footing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec

from catalog.queries import get_snapshot_to_choose
from catalog.shapes import Budget, Category
from routing.adjustments import read_learned_at
from routing.decisions import Basis, Question, basis_of, get_stored, is_token, read_token, trial_of
from routing.decompose.kept import PARTS_KINDS, KeptParts, features_of, limits_of, parts_of
from routing.desk import EMPTY_SNAPSHOT, Desk, desk_of
from routing.exploring.shapes import Trial
from routing.exploring.trying import Tried, try_again
from routing.features import given_category
from routing.filters import CAPABILITIES
from routing.learned import Learned
from routing.limits import SITE, read_limits_at
from routing.models import StoredDecision
from routing.policy import choose, select
from routing.shapes import Choice, Features, Limits
from routing.thresholds import RoutingPolicy, policy_of
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import NotFound


@dataclass(frozen=True, slots=True)
class Footing:
    """What a decision stands on, beside what was asked: a snapshot with its rankings, what was learned, a policy."""

    desk: Desk
    learned: Learned
    policy: RoutingPolicy


@dataclass(frozen=True, slots=True)
class PartReplay:
    """One part of a task, chosen for again; parts count from 1, "" is no model."""

    number: int
    text: str
    category: Category
    budget: Budget
    then: str
    now: str

    @property
    def is_same(self) -> bool:
        """Whether the same model comes out."""
        return self.then == self.now


@dataclass(frozen=True, slots=True)
class Replay:
    """A decision made again. A task in parts has no choice of its own, but one for each part."""

    decision_id: str
    chosen_then: tuple[str, ...]  # empty for a token, which keeps the question alone
    chosen_now: tuple[str, ...]
    is_same: bool
    choice: Choice | None
    parts: tuple[PartReplay, ...] = ()
    trial: Trial | None = None  # drawn again, where it was drawn for then


def replay(decision_id: str, *, actor: Actor) -> Replay:
    """Make the decision again from the stored snapshot, policy and adjustments.

    Raises NotFound for an id that means nothing, is somebody else's, or whose snapshot is not kept.
    """
    if is_token(decision_id):
        return replay_token(decision_id)
    return replay_row(get_stored(decision_id, actor=actor))


def replay_row(row: StoredDecision, footing: Footing | None = None) -> Replay:
    """Make a kept decision again, on another footing where one is given.

    Raises NotFound where the snapshot or the policy of then is not kept, or a release of another shape
    wrote the row.
    """
    footing = footing or find_footing(
        catalog_revision=row.catalog_revision,
        policy_version=row.policy_version,
        adjustment_revision=row.adjustment_revision,
        user_id=row.user_id,
    )
    try:
        return _replay_parts(row, footing) if row.kind in PARTS_KINDS else _replay_choice(row, footing)
    except msgspec.ValidationError as error:
        raise NotFound("A release of another shape wrote this decision; it cannot be made again.") from error


def replay_token(token: str) -> Replay:
    """Answer the question that a token carries, as of then. Raises NotFound as ``replay`` does."""
    question = read_token(token)
    footing = find_footing(
        catalog_revision=question.catalog_revision,
        policy_version=question.policy_version,
        adjustment_revision=question.adjustment_revision,
        user_id=None,
    )
    basis = _asked(question)
    choice = choose_again(basis, footing)
    return Replay(token, (), _chosen(choice, basis.count), is_same=True, choice=choice)


def find_footing(
    *, catalog_revision: int, policy_version: str, adjustment_revision: int, user_id: int | None
) -> Footing:
    """What a decision stood on. Raises NotFound where the snapshot or the policy is not kept."""
    return Footing(
        desk=desk_of(get_snapshot_to_choose(catalog_revision) if catalog_revision else EMPTY_SNAPSHOT),
        learned=read_learned_at(adjustment_revision, user_id),
        policy=policy_of(policy_version.split("/", 1)[0]),
    )


def choose_again(basis: Basis, footing: Footing) -> Choice:
    """The choice from this basis on this footing."""
    return _choose(basis.features, basis.limits, basis.preference, footing)


def _choose(features: Features, limits: Limits, preference: int | None, footing: Footing) -> Choice:
    ranking = footing.desk.rank(features, limits, learned=footing.learned, policy=footing.policy, preference=preference)
    return choose(features, limits, ranking, preference)


def _chosen(choice: Choice, count: int) -> tuple[str, ...]:
    return tuple(candidate.model_id for candidate in select(choice.ranked, count))


def _replay_choice(row: StoredDecision, footing: Footing) -> Replay:
    basis = basis_of(row)
    kept = trial_of(row)
    choice = choose_again(basis, footing)
    again = try_again(choice, kept, footing.policy) if kept else Tried(choice)
    then, now = tuple(row.chosen), _chosen(again.choice, basis.count)
    is_same = then == now and (kept is None or again.trial == kept)
    return Replay(str(row.pk), then, now, is_same=is_same, choice=again.choice, trial=again.trial)


def _replay_parts(row: StoredDecision, footing: Footing) -> Replay:
    parts = tuple(_parts_again(parts_of(row.basis, row.outcome), footing))
    now = tuple(dict.fromkeys(part.now for part in parts if part.now))
    is_same = all(part.is_same for part in parts)
    return Replay(str(row.pk), tuple(row.chosen), now, is_same=is_same, choice=None, parts=parts)


def _parts_again(kept: KeptParts, footing: Footing) -> Iterable[PartReplay]:
    for number, part in enumerate(kept.basis.parts, 1):
        choice = _choose(features_of(kept.basis, part), limits_of(kept.basis, part), None, footing)
        now = choice.ranked[0].model_id if choice.ranked else ""
        pick = kept.pick_of(part)
        then = pick.model.model_id if pick.model else ""
        yield PartReplay(number, part.text, part.category, part.budget, then, now)


def _asked(question: Question) -> Basis:
    """What the token's question was chosen from: the site's limits of then are part of it."""
    kept = read_limits_at(question.adjustment_revision, (SITE,))
    features = Features(
        task="",
        classification=given_category(question.category),
        category=question.category,
        is_category_given=True,
        context_tags=question.context_tags,
        required_capabilities=tuple(name for name in question.required_capabilities if name in CAPABILITIES),
        min_context_tokens=question.min_context_tokens,
    )
    limits = replace(kept, budget=question.budget, exclude=frozenset(question.exclude))
    return Basis(features=features, limits=limits, count=question.count, preference=question.preference)
