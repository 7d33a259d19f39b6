"""Doing a plan without engine and models: answers are scripted, everything else is the product's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from runs.graph.expansion import grow
from runs.graph.gates import Readiness, ready_state
from runs.shapes import ChatResult, NodeInput, NodeKind, NodeSpec, NodeStatus, Plan, Reading, Usage
from runs.texts.prompts import build_messages
from runs.texts.readings import read_answer
from runs.texts.transforms import apply_transform

FAIL = object()
Script = Mapping[str, object] | Callable[[NodeSpec, str], object]


class Played:
    """What became of each node of a plan."""

    def __init__(self, plan: Plan, script: Script) -> None:
        self.specs = {node.key: node for node in plan.nodes}
        self.final = plan.final
        self.script = script
        self.status: dict[str, NodeStatus] = dict.fromkeys(self.specs, NodeStatus.QUEUED)
        self.readings: dict[str, Reading] = {}
        self.called: list[str] = []
        self._run()

    @property
    def answer(self) -> str:
        return self.readings[self.final].output

    def inputs(self, key: str) -> list[NodeInput]:
        return [self._input(self.specs[item]) for item in self.specs[key].depends_on]

    def prompt(self, key: str) -> str:
        return "\n".join(str(message["content"]) for message in build_messages(self.specs[key], self.inputs(key)))

    def _run(self) -> None:
        while True:
            moved = False
            for key in [key for key, status in self.status.items() if status is NodeStatus.QUEUED]:
                state = ready_state(self.specs[key], self.inputs(key))
                if state in (Readiness.NOT_NEEDED, Readiness.UNREACHABLE):
                    self.status[key] = NodeStatus.SKIPPED
                elif state is Readiness.READY:
                    self._do(self.specs[key])
                else:
                    continue
                moved = True
            if not moved:
                break
        stuck = [key for key, status in self.status.items() if status is NodeStatus.QUEUED]
        assert not stuck, f"nobody can ever do {stuck}"

    def _do(self, spec: NodeSpec) -> None:
        if spec.kind is NodeKind.TRANSFORM:
            reading = apply_transform(spec, self.inputs(spec.key))
        else:
            self.called.append(spec.key)
            said = self._say(spec)
            reading = Reading("", problem="failed") if said is FAIL else self._read(spec, said)
        self.status[spec.key] = NodeStatus.FAILED if reading.problem else NodeStatus.COMPLETED
        self.readings[spec.key] = reading
        if spec.expands and not reading.problem:
            growth = grow(spec, reading.output)
            for node in growth.nodes:
                self.specs[node.key] = node
                self.status[node.key] = NodeStatus.QUEUED
            for key, depends_on in growth.depends_on.items():
                self.specs[key] = replace(self.specs[key], depends_on=depends_on)

    def _say(self, spec: NodeSpec) -> object:
        if callable(self.script):
            return self.script(spec, self.prompt(spec.key))
        return self.script.get(spec.key, f"output of {spec.key}")

    def _read(self, spec: NodeSpec, said: object) -> Reading:
        result = said if isinstance(said, ChatResult) else ChatResult(str(said), Usage())
        return read_answer(spec, result)

    def _input(self, spec: NodeSpec) -> NodeInput:
        reading = self.readings.get(spec.key, Reading(""))
        return NodeInput(spec.key, spec.title, self.status[spec.key], reading.output, reading.score, data=reading.data)


def play(plan: Plan, script: Script | None = None) -> Played:
    """The plan, done with these answers; a node without one says "output of KEY"."""
    return Played(plan, script or {})
