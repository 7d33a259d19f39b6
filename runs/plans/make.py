"""From a request to its plan: the mode's own nodes, models set by hand, options, and the finish. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from runs.plans import cascade, collective, parallel, single
from runs.plans.desk import Desk
from runs.plans.draft import Planner
from runs.plans.finish import finish, override_models
from runs.shapes import Mode, Plan, RunRequest

PLANNERS: Final[Mapping[Mode, Planner]] = MappingProxyType(
    {
        Mode.SINGLE: single.plan,
        Mode.COLLECTIVE: collective.plan,
        Mode.CASCADE: cascade.plan,
        Mode.PARALLEL: parallel.plan,
    }
)


def make_plan(request: RunRequest, desk: Desk) -> Plan:
    """The plan for this request. Raises NoModel, InvalidParam or MissingParam."""
    draft = PLANNERS[request.mode](request, desk)
    # By the mode's own keys first: what options add to a node goes by that node's model.
    given = dict(request.node_models)
    own = {node.key for node in draft.nodes}
    draft = override_models(draft, {key: model for key, model in given.items() if key in own}, desk, must_exist=True)
    later = {key: model for key, model in given.items() if key not in own}
    draft = override_models(draft, later, desk, must_exist=True)
    return finish(request.mode, replace(draft, notes=tuple(note for note in draft.notes if note)), request)
