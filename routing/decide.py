"""The use cases of choosing: from a request and who asks to a decision that can be made again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.utils import timezone

from catalog.queries import find_current_snapshot
from routing.adjustments import Mark, find_mark, read_learned
from routing.classifier import classify
from routing.decisions import Basis, store_decision, to_token
from routing.desk import EMPTY_SNAPSHOT, Desk, current_desk
from routing.features import extract
from routing.learned import Learned
from routing.limits import limits_for, read_limits, scopes_of
from routing.policy import choose, no_model_message, select
from routing.shapes import Choice, Decision, Features, Limits, TaskRequest
from routing.thresholds import CURRENT_POLICY
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import NoModel


def pick(*, request: TaskRequest, actor: Actor, is_stored: bool = True) -> Decision:
    """The one model for this task. Raises NoModel, saying which filter removed what."""
    decision = recommend(request=replace(request, count=1), actor=actor, is_stored=is_stored, kind="pick")
    if not decision.chosen:
        raise NoModel(no_model_message(decision.choice))
    return decision


def recommend(*, request: TaskRequest, actor: Actor, is_stored: bool = True, kind: str = "recommend") -> Decision:
    """The best few models for this task, of different providers as far as they reach; maybe none."""
    ground = find_ground(actor)
    features = extract(request, classify)
    limits = limits_for(request, ground.limits)
    choice = choose_on(ground, features, limits, request.preference)
    chosen = tuple(candidate.model_id for candidate in select(choice.ranked, request.count))
    basis = Basis(features, limits, request.count, request.preference, actor.user_id)
    return conclude(kind, choice, chosen, ground=ground, basis=basis, actor=actor, is_stored=is_stored)


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known and what holds at the moment of a decision, for who asks."""

    desk: Desk
    mark: Mark
    learned: Learned
    limits: Limits


def find_ground(actor: Actor) -> Ground:
    """What a decision for this caller stands on, now."""
    snapshot = find_current_snapshot() or EMPTY_SNAPSHOT
    mark = find_mark()
    return Ground(
        desk=current_desk(snapshot, mark),
        mark=mark,
        learned=read_learned(mark, actor.user_id),
        limits=read_limits(mark, scopes_of(actor)),
    )


def choose_on(ground: Ground, features: Features, limits: Limits, preference: int | None) -> Choice:
    """The choice for these features under these limits."""
    ranking = ground.desk.rank(features, limits, learned=ground.learned, policy=CURRENT_POLICY, preference=preference)
    return choose(features, limits, ranking, preference)


def conclude(  # noqa: PLR0913  a decision is made of all of these
    kind: str,
    choice: Choice,
    chosen: tuple[str, ...],
    *,
    ground: Ground,
    basis: Basis,
    actor: Actor,
    is_stored: bool,
    rules_version: str = "",
) -> Decision:
    """The choice as a decision with an id: that of its row, or for nobody in particular the question, packed."""
    decision = Decision(
        decision_id="",
        made_at=timezone.now(),
        kind=kind,
        choice=choice,
        catalog_revision=ground.desk.snapshot.revision,
        policy_version=f"{CURRENT_POLICY.version}/{rules_version}" if rules_version else CURRENT_POLICY.version,
        adjustment_revision=ground.mark[0],
        chosen=chosen,
    )
    row_id = store_decision(decision, basis, actor=actor) if is_stored else ""
    return replace(decision, decision_id=row_id if actor.user_id is not None else to_token(decision, basis))
