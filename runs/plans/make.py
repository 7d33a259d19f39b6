"""From a request to its plan: the mode's own nodes, models set by hand, options, and the finish. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from runs.plans import cascade, chain, collective, parallel, research, single, steps, swarm
from runs.plans.desk import Desk
from runs.plans.draft import Draft, Planner
from runs.plans.finish import finish, override_models
from runs.plans.nodes import Bench
from runs.plans.options.reflect import add_reflection
from runs.plans.options.skeleton import add_skeleton
from runs.plans.options.structure import add_schema
from runs.plans.options.vote import add_vote
from runs.shapes import Mode, Plan, RunRequest
from smartspawn.lib.errors import InvalidParam

PLANNERS: Final[Mapping[Mode, Planner]] = MappingProxyType(
    {
        Mode.SINGLE: single.plan,
        Mode.COLLECTIVE: collective.plan,
        Mode.CASCADE: cascade.plan,
        Mode.PLAN: steps.plan,
        Mode.SWARM: swarm.plan,
        Mode.PARALLEL: parallel.plan,
        Mode.RESEARCH: research.plan,
        Mode.CHAIN: chain.plan,
    }
)

# In this order: an outline is no answer to vote on, and a critic reads what came out of everything else.
OPTIONS: Final[tuple[Callable[[Draft, Bench], Draft], ...]] = (add_skeleton, add_vote, add_schema, add_reflection)

# Modes in which nothing happens at the same time.
ONE_BY_ONE: Final = (Mode.SINGLE, Mode.PLAN)


def make_plan(request: RunRequest, desk: Desk) -> Plan:
    """The plan for this request. Raises NoModel, InvalidParam or MissingParam."""
    request = chain.with_chain_options(request)
    _refuse_agents_side_by_side(request)
    draft = PLANNERS[request.mode](request, desk)
    # By the mode's own keys first: what options add to a node goes by that node's model.
    given = dict(request.node_models)
    own = {node.key for node in draft.nodes}
    draft = override_models(draft, {key: model for key, model in given.items() if key in own}, desk, must_exist=True)
    bench = Bench.of(request, desk)
    for add in OPTIONS:
        draft = add(draft, bench)
    later = {key: model for key, model in given.items() if key not in own}
    draft = override_models(draft, later, desk, must_exist=True)
    return finish(
        request.mode,
        draft.with_notes(_search_note(draft, request), _model_note(request), _account_note(request)),
        request,
    )


def _refuse_agents_side_by_side(request: RunRequest) -> None:
    """An agent changes files as it goes: two of them in one folder would undo each other's work."""
    if not request.driver:
        return
    if request.mode not in ONE_BY_ONE:
        modes = " or ".join(ONE_BY_ONE)
        raise InvalidParam(f"driver: an agent works alone in its folder; use mode {modes}, not {request.mode}.")
    if request.options.vote_count or request.options.skeleton:
        raise InvalidParam("driver: an agent works alone in its folder; leave out vote and skeleton.")


def _model_note(request: RunRequest) -> str:
    is_unheard = bool(request.driver and request.model)
    return f"{request.driver} works with the model that it is set to, not with {request.model}." if is_unheard else ""


def _account_note(request: RunRequest) -> str:
    if not request.driver:
        return ""
    return (
        f"{request.driver} pays from its own account: no cap here holds it, and what it does not tell is not counted."
    )


def _search_note(draft: Draft, request: RunRequest) -> str:
    if not request.options.web_search or any(node.uses_web_search for node in draft.nodes):
        return ""
    return "webSearch: no model of this plan is served by a provider that searches; it answers from what it knows."
