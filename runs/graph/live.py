"""A run's nodes in memory: which may start, which cannot any more, and what each is given. No I/O, no clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from runs.graph.gates import Readiness, explain_unreachable, ready_state
from runs.shapes import Json, NodeInput, NodeKind, NodeSpec, NodeStatus, PlanGrowth, Purpose

# What may still be done when a run's money runs low: bringing together what there is, and what costs nothing.
CLOSING_PURPOSES: Final = frozenset({Purpose.MERGE})
NOT_NEEDED: Final = "not_needed"
INPUT_MISSING: Final = "input_missing"


@dataclass(slots=True)
class Place:
    """A node as its driver knows it."""

    spec: NodeSpec
    node_id: int
    status: NodeStatus = NodeStatus.QUEUED
    attempt: int = 0
    lost_count: int = 0  # how often a driver died over it
    cost_nano_usd: int = 0  # of former attempts
    is_cost_uncertain: bool = False
    output: str | None = None  # None: not held in memory
    score: float | None = None
    model_id: str = ""
    data: Json = None
    is_started: bool = False  # by this driver
    is_partial: bool = False
    error: str = ""
    error_code: str = ""

    @property
    def key(self) -> str:
        return self.spec.key


@dataclass(frozen=True, slots=True)
class Move:
    """A waiting node's next step: it may start, or (with the reason) it never will."""

    key: str
    is_ready: bool
    reason: str = ""
    code: str = ""


@dataclass(slots=True)
class Graph:
    """The nodes of one run and who waits for whom."""

    final: str  # the key of the node whose output is the answer; "": those of all tasks are
    places: dict[str, Place] = field(default_factory=dict)
    is_closing: bool = False  # nothing but the closing nodes starts; they take what there is
    open_count: int = 0
    _dependents: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _open_inputs: dict[str, int] = field(default_factory=dict)  # how many a node still waits for

    def add(self, places: Sequence[Place]) -> None:
        """Take nodes in."""
        for place in places:
            self._forget(place.key)
            self.places[place.key] = place
            self.open_count += not place.status.is_final
            for key in place.spec.depends_on:
                self._dependents[key].append(place.key)
        for place in places:
            self._count_inputs(place)

    def first_moves(self) -> list[Move]:
        """What waiting nodes can do at once; for a run that begins or goes on."""
        return self._moves(key for key, place in self.places.items() if place.status is NodeStatus.QUEUED)

    def end(self, key: str, status: NodeStatus) -> list[Move]:
        """Note that a node has ended; what that means for those that wait for it."""
        place = self.places[key]
        if place.status.is_final:
            return []
        place.status = status
        self.open_count -= 1
        for dependent in self._dependents[key]:
            self._open_inputs[dependent] -= 1
        return self._moves(dependent for dependent in self._dependents[key] if self._is_concerned(dependent, place))

    def grow(self, growth: PlanGrowth, node_ids: Sequence[int]) -> list[Move]:
        """Take in what a finished node added to the plan."""
        self.add([self._grown(spec, node_id) for spec, node_id in zip(growth.nodes, node_ids, strict=True)])
        for key, depends_on in growth.depends_on.items():
            place = self.places[key]
            for former in place.spec.depends_on:
                self._dependents[former].remove(key)
            place.spec = replace(place.spec, depends_on=tuple(depends_on))
            for dependency in depends_on:
                self._dependents[dependency].append(key)
            self._count_inputs(place)
        return self._moves([*(spec.key for spec in growth.nodes), *growth.depends_on])

    def inputs(self, key: str) -> tuple[NodeInput, ...]:
        """What the node is given by those that it depends on."""
        return tuple(_input(self.places[dependency]) for dependency in self.places[key].spec.depends_on)

    def is_closing_node(self, key: str) -> bool:
        """Whether this node may start when money runs low."""
        spec = self.places[key].spec
        return key == self.final or spec.purpose in CLOSING_PURPOSES or spec.kind is NodeKind.TRANSFORM

    def has_waiting_dependents(self, key: str) -> bool:
        """Whether somebody will still read this node's output."""
        return any(not self.places[dependent].status.is_final for dependent in self._dependents[key])

    def keep(self, keys: Collection[str]) -> None:
        """Forget all other nodes, and who waits for whom: these wait for nothing."""
        self.places = {key: self.places[key] for key in keys}
        self.open_count = sum(not place.status.is_final for place in self.places.values())
        self._dependents.clear()

    def drop(self, key: str) -> None:
        """Forget a node that nobody waits for."""
        self.open_count -= not self.places.pop(key).status.is_final

    def waiting(self) -> list[Place]:
        """Nodes that have not begun."""
        return [place for place in self.places.values() if place.status is NodeStatus.QUEUED and not place.is_started]

    def with_status(self, status: NodeStatus) -> list[Place]:
        """The nodes that stand so."""
        return [place for place in self.places.values() if place.status is status]

    def _grown(self, spec: NodeSpec, node_id: int) -> Place:
        """A new place; where there was one of the key, its attempts and what they cost go on counting."""
        former = self.places.get(spec.key)
        if former is None:
            return Place(spec, node_id)
        cost, is_uncertain = former.cost_nano_usd, former.is_cost_uncertain
        return Place(spec, node_id, attempt=former.attempt, cost_nano_usd=cost, is_cost_uncertain=is_uncertain)

    def _forget(self, key: str) -> None:
        """Make room for a node that is added a second time, because what it grew from was done again."""
        former = self.places.pop(key, None)
        if former is not None:
            self.open_count -= not former.status.is_final
            for dependency in former.spec.depends_on:
                self._dependents[dependency].remove(key)

    def _count_inputs(self, place: Place) -> None:
        givers = [self.places[key] for key in place.spec.depends_on]
        self._open_inputs[place.key] = sum(not giver.status.is_final for giver in givers)

    def _is_concerned(self, key: str, ended: Place) -> bool:
        """Whether a node's turn can have changed: not while all goes well and it waits for more."""
        gate = self.places[key].spec.gate
        is_watched = gate is not None and gate.node == ended.key
        return is_watched or ended.status is not NodeStatus.COMPLETED or not self._open_inputs[key]

    def _moves(self, keys: Iterable[str]) -> list[Move]:
        waiting = [self.places[key] for key in keys]
        moves = [self._move(place) for place in waiting if place.status is NodeStatus.QUEUED and not place.is_started]
        return [move for move in moves if move is not None]

    def _move(self, place: Place) -> Move | None:
        spec, inputs = place.spec, self.inputs(place.key)
        if self.is_closing and self.is_closing_node(place.key):
            least = len(spec.depends_on) if spec.least_inputs is None else spec.least_inputs
            spec = replace(spec, least_inputs=min(1, least))
        state = ready_state(spec, inputs)
        if state is Readiness.NOT_NEEDED:
            return Move(place.key, is_ready=False, reason=f"{spec.title}: not needed.", code=NOT_NEEDED)
        if state is Readiness.UNREACHABLE:
            return Move(place.key, is_ready=False, reason=explain_unreachable(spec, inputs), code=INPUT_MISSING)
        return Move(place.key, is_ready=True) if state is Readiness.READY else None


def _input(place: Place) -> NodeInput:
    return NodeInput(
        key=place.key,
        title=place.spec.title,
        status=place.status,
        output=place.output or "",
        score=place.score,
        model_id=place.model_id,
        data=place.data,
    )
