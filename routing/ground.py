"""What a decision stands on, and how a choice becomes a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone

from catalog.queries import find_current_snapshot
from routing.adjustments import Mark, find_mark, read_learned
from routing.decisions import Basis, store_decision, to_token
from routing.desk import EMPTY_SNAPSHOT, Desk, current_desk
from routing.exploring.shapes import Trial
from routing.learned import Learned
from routing.limits import read_limits, scopes_of
from routing.policy import choose
from routing.shapes import Choice, Decision, Features, Limits
from routing.thresholds import CURRENT_POLICY
from smartspawn.access.shapes import Actor


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
        desk=current_desk(snapshot),
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
    details: Mapping[str, Any] | None = None,
    trial: Trial | None = None,
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
        trial=trial,
    )
    row_id = store_decision(decision, basis, actor=actor, details=details) if is_stored else ""
    return replace(decision, decision_id=row_id if _is_told(kind, actor) else to_token(decision, basis))


def _is_told(kind: str, actor: Actor) -> bool:
    """Whether the row's id is the answer: to open picks it is not, so that GET and POST say the same."""
    return actor.user_id is not None or kind in ("route", "run", "chat")
