"""What the pages of runs may carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.http import QueryDict

from catalog.shapes import Budget
from runs.inputs import RunInput
from runs.shapes import MergeStyle, Mode, RunRequest

MODE_WORDS: Final = {
    Mode.SINGLE: "One model does it.",
    Mode.COLLECTIVE: "Several models answer side by side, one merges what they say and names the best.",
    Mode.CASCADE: "A cheap model tries; a judge of another family decides whether a better one must follow.",
    Mode.PLAN: "The task is cut into steps; each step sees what came before.",
    Mode.SWARM: "The task is cut into parts that run side by side as far as they do not wait for each other.",
    Mode.PARALLEL: "One prompt a line, all answered by one model.",
    Mode.RESEARCH: "Each subject is looked up on the web and analysed, then all of it is brought together.",
    Mode.CHAIN: "Stages one after another, made for the task or taken from a template.",
}
BUDGET_CHOICES: Final = (
    (Budget.LOW, "low: up to $1 per M in"),
    (Budget.MEDIUM, "medium: up to $5"),
    (Budget.HIGH, "high: $2 to $20"),
    (Budget.ANY, "any known price"),
)
STYLE_CHOICES: Final = (("", "as the mode has it"), *((style.value, style.value) for style in MergeStyle))
DEPTH_CHOICES: Final = tuple((depth, depth) for depth in ("quick", "standard", "deep", "exhaustive"))
SWITCHES: Final = {
    "reflect": "a critic reads the answer and has it written again if need be",
    "skeleton": "outline first, then sections side by side",
    "webSearch": "models may search the web",
}
# What the fields are called on the page, for what is said of them elsewhere than beside them.
FIELD_WORDS: Final = {
    "task": "Task",
    "prompts": "Prompts",
    "subjects": "Subjects",
    "topic": "What to find out about each",
    "maxUsd": "Spend at most",
    "model": "Model",
    "driver": "Done by",
    "label": "Your name for it",
    "context": "Background",
    "collectiveCount": "How many models",
    "merge": "Merged answer",
    "judge": "Judge",
    "role": "Role",
    "options": "Options",
    "chain": "Chain",
    "nodeModels": "Another model",
}
_ROLE_WORDS: Final = ("persona", "domain", "format")
# Fields of the form that are fields of the request by the same name.
_PLAIN: Final = ("context", "model", "driver", "budget", "label", "maxUsd")
# Where the work itself is written, by mode; everywhere else it is the task.
_WORK: Final = {Mode.PARALLEL: ("prompts",), Mode.RESEARCH: ("subjects", "topic")}
# What only some modes show; another mode keeps it, so that nothing is lost on the way there and back.
_KEPT: Final = {"subjects": Mode.RESEARCH, "data": Mode.CHAIN}


@dataclass(frozen=True, slots=True)
class NewRunForm:
    """The form as it was filled in."""

    mode: Mode
    said: Mapping[str, str] = field(default_factory=dict)
    stack: tuple[str, ...] = ()
    guardrails: tuple[str, ...] = ()
    switches: frozenset[str] = frozenset()
    is_simulated: bool = False
    node_models: Mapping[str, str] = field(default_factory=dict)
    token: str = ""  # one form sent twice is one run

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked for yet."""
        return not any(self.said.get(name, "").strip() for name in work_fields(self.mode))

    @property
    def kept(self) -> dict[str, str]:
        """What was filled in that this mode does not show."""
        return {name: self.said[name] for name, mode in _KEPT.items() if mode is not self.mode and self.said.get(name)}

    def turned(self, mode: Mode) -> NewRunForm:
        """The same work in another mode; the models that were named for single nodes belong to the former plan."""
        here, there = work_fields(self.mode)[-1], work_fields(mode)[-1]
        work = {there: self.said.get(there) or self.said.get(here, "")}
        return replace(self, mode=mode, said={**self.said, **work}, node_models={})

    @property
    def has_wishes(self) -> bool:
        """Whether anything was filled in that is folded away."""
        names = ("context", "vote", *_ROLE_WORDS)
        return bool(self.switches or self.stack or self.guardrails or any(self.said.get(name) for name in names))

    def to_input(self) -> RunInput:
        """The form as the API would get it, not yet checked."""
        return RunInput(data=self._body())

    def _body(self) -> dict[str, Any]:
        said = self.said
        body: dict[str, Any] = {name: said[name].strip() for name in _PLAIN if said.get(name, "").strip()}
        body["mode"] = self.mode.value
        for name in ("task", "topic"):
            if name in work_fields(self.mode) and (words := said.get(name, "").strip()):
                body[name] = words
        if self.mode is Mode.PARALLEL:
            body["prompts"] = _lines(said.get("prompts", ""))
        if self.mode is Mode.RESEARCH:
            body["subjects"] = _lines(said.get("subjects", ""))
        if self.mode is Mode.CHAIN:
            body["chain"] = self._chain()
        if self.mode is Mode.COLLECTIVE and said.get("collectiveCount"):
            body["collectiveCount"] = said["collectiveCount"]
        body["merge"] = _filled({"style": said.get("mergeStyle"), "model": said.get("mergeModel")})
        body["judge"] = _filled({"model": said.get("judgeModel"), "threshold": said.get("judgeThreshold")})
        body["role"] = _filled({name: said.get(name) for name in _ROLE_WORDS}) | _filled(
            {"stack": list(self.stack), "guardrails": list(self.guardrails)}
        )
        body["options"] = {name: True for name in SWITCHES if name in self.switches} | _filled(
            {"vote": said.get("vote")}
        )
        body["simulate"] = self.is_simulated
        body["nodeModels"] = dict(self.node_models)
        return {name: value for name, value in body.items() if value not in ({}, None)}

    def _chain(self) -> dict[str, Any]:
        task = self.said.get("task", "").strip()
        if template := self.said.get("template"):
            return {"template": template, "data": self.said.get("data", ""), "task": task}
        return {"auto": _filled({"task": task, "data": self.said.get("data"), "depth": self.said.get("depth")})}


def work_fields(mode: Mode) -> tuple[str, ...]:
    """The fields that say what is to be done; the last of them takes over what another mode was asked."""
    return _WORK.get(mode, ("task",))


def read_new_run(sent: QueryDict) -> NewRunForm:
    """The form in what was sent; an unknown mode is taken for single."""
    mode = sent.get("mode", "")
    return NewRunForm(
        mode=Mode(mode) if mode in list(Mode) else Mode.SINGLE,
        said={name: str(sent[name]) for name in sent if not name.startswith("node:")},
        stack=_words(sent.get("stack", "")),
        guardrails=_words(sent.get("guardrails", "")),
        switches=frozenset(name for name in SWITCHES if sent.get(name)),
        is_simulated=bool(sent.get("simulate")),
        node_models={
            name.removeprefix("node:"): str(value).strip()
            for name, value in sent.items()
            if name.startswith("node:") and str(value).strip()
        },
        token=sent.get("token", ""),
    )


def refill(request: RunRequest) -> dict[str, str]:
    """A former request as the form's words, for asking again with changes."""
    chain = request.chain or {}
    return _filled(
        {
            "mode": request.mode.value,
            "task": request.task,
            "prompts": "\n".join(request.prompts),
            "subjects": "\n".join(request.subjects),
            "topic": request.topic,
            "context": request.context,
            "model": request.model,
            "driver": request.driver,
            "budget": request.budget.value,
            "label": request.label,
            "template": str(chain.get("template", "")),
            "persona": request.role.persona,
            "domain": request.role.domain,
            "format": request.role.format,
            "simulate": "on" if request.is_simulated else "",
        }
    )


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
