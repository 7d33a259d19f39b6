"""The closed sets of words that more than one stage uses, and what JSON can say."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

# What JSON can say. Messages, tools and schemas travel as they came and are never looked into deeply.
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
JsonObject = Mapping[str, object]


class Mode(StrEnum):
    """How the work is cut into nodes; the first five are the ancestor's, the next three Swarm's."""

    SINGLE = "single"
    COLLECTIVE = "collective"
    CASCADE = "cascade"
    PLAN = "plan"
    SWARM = "swarm"
    PARALLEL = "parallel"
    RESEARCH = "research"
    CHAIN = "chain"


class RunStatus(StrEnum):
    """Where a run stands."""

    AWAITING_APPROVAL = "awaiting_approval"  # dearer than its owner lets pass without a word
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    BUDGET_EXHAUSTED = "budget_exhausted"  # ended with what there was; the partial result is kept

    @property
    def is_final(self) -> bool:
        return self not in (RunStatus.AWAITING_APPROVAL, RunStatus.QUEUED, RunStatus.RUNNING)


class NodeStatus(StrEnum):
    """Where a node stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"  # not needed, or what it needs did not come
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        return self not in (NodeStatus.QUEUED, NodeStatus.RUNNING)
