"""The use cases of choosing: from a request and who asks to a decision that can be made again."""

from __future__ import annotations

from dataclasses import replace

from catalog.shapes import Category
from routing.classifier import classify
from routing.decisions import Basis
from routing.decompose.categories import settle_category
from routing.exploring.considering import consider_others
from routing.exploring.eligible import KINDS
from routing.features import extract
from routing.ground import choose_on, conclude, find_ground
from routing.limits import limits_for
from routing.limits_merging import merge_limits
from routing.policy import no_model_message, select
from routing.routes import override_route, route
from routing.shapes import Decision, Limits, TaskRequest
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import NoModel

__all__ = ["override_route", "pick", "recommend", "route"]


def pick(*, request: TaskRequest, actor: Actor, is_stored: bool = True) -> Decision:
    """The one model for this task. Raises NoModel, saying which filter removed what."""
    decision = recommend(request=replace(request, count=1), actor=actor, is_stored=is_stored, kind="pick")
    if not decision.chosen:
        raise NoModel(no_model_message(decision.choice))
    return decision


def recommend(
    *,
    request: TaskRequest,
    actor: Actor,
    is_stored: bool = True,
    kind: str = "recommend",
    within: Limits | None = None,
    is_part: bool = False,
) -> Decision:
    """The best few models for this task, of different providers as far as they reach; maybe none.

    ``within`` narrows what the caller's limits allow: to the models, say, that can be reached now. A part of a
    larger task has few words, which are read as those of a part.
    """
    ground = find_ground(actor)
    features = extract(request, classify)
    if is_part:
        features = settle_category(features)
    limits = limits_for(request, merge_limits((ground.limits, within)) if within else ground.limits)
    choice = choose_on(ground, features, limits, request.preference)
    if not choice.ranked and features.category == Category.FAST_CHEAP:
        # A quick task with a dear budget, as cascades ask for one: the price that was asked for counts.
        features = replace(features, category=Category.GENERAL)
        choice = choose_on(ground, features, limits, request.preference)
    may_try = is_stored and (kind in KINDS or request.may_try_others)
    choice, trial = consider_others(choice, ground=ground, actor=actor) if may_try else (choice, None)
    chosen = tuple(candidate.model_id for candidate in select(choice.ranked, request.count))
    basis = Basis(features, limits, request.count, request.preference, actor.user_id)
    return conclude(kind, choice, chosen, ground=ground, basis=basis, actor=actor, is_stored=is_stored, trial=trial)
