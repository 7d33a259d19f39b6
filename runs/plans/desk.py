"""What planning may ask: which models there are, how a task divides, what a role says. Pure shapes.

The functions are handed in, so that every mode can be planned in a test without catalogue or database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from catalog.shapes import Budget, Category
from routing.decompose.shapes import Steps, Swarm
from runs.shapes import ModelChoice, RoleRequest


@dataclass(frozen=True, slots=True)
class Ask:
    """A question for models: for which work, at which price, and which not."""

    task: str
    budget: Budget
    count: int = 1
    exclude: frozenset[str] = frozenset()  # model ids
    exclude_providers: frozenset[str] = frozenset()
    is_part: bool = False  # of a larger task: terse, and classified as such
    prompt_tokens: int = 0  # what must fit into the model's context, where that is much
    is_grounded: bool = False  # only models whose provider can search the web
    category: Category | None = None  # the kind of work, where the mode says it and not the words
    may_try_others: bool = False  # a model near the best may do this work, where the person lets others be tried


@dataclass(frozen=True, slots=True)
class Chosen:
    """The models for an ask, best first and of different providers as far as they reach, and who could stand in."""

    models: tuple[ModelChoice, ...]
    spares: tuple[ModelChoice, ...] = ()
    why_none: str = ""  # filter by filter, where there is no model


@dataclass(frozen=True, slots=True)
class RoleText:
    """A composed role, and what about it could not be done."""

    system: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that planning may ask."""

    choose: Callable[[Ask], Chosen]
    split: Callable[[str, Budget], Steps]
    swarm: Callable[[str, Budget], Swarm]
    compose: Callable[[RoleRequest], RoleText]
    find_model: Callable[[str], ModelChoice | None]
    why_unreachable: Callable[[str], str]  # of a model asked for by name: "" if a connection serves it
    can_ground: Callable[[str], bool]  # whether the model's provider can search the web for it
    can_search: bool = False  # a search provider is set up
    why_no_search: str = ""  # what a person has to do for that
    judges_aside: Mapping[str, str] = field(default_factory=dict)  # who agrees too little with who asks, and how little


def family_of(model_id: str) -> str:
    """Whose model it is: judges of the same family favour their own."""
    return model_id.split("/", 1)[0].lstrip("~").casefold()
