"""What the pages of runs may carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    "simulate": "simulate: no provider is asked, nothing is spent",
}
_OPTION_SWITCHES: Final = ("reflect", "skeleton", "webSearch")
_ROLE_WORDS: Final = ("persona", "domain", "format")
# Fields of the form that are fields of the request by the same name.
_PLAIN: Final = ("task", "topic", "context", "model", "budget", "label", "maxUsd")


@dataclass(frozen=True, slots=True)
class NewRunForm:
    """The form as it was filled in."""

    mode: Mode
    said: Mapping[str, str] = field(default_factory=dict)
    stack: tuple[str, ...] = ()
    guardrails: tuple[str, ...] = ()
    switches: frozenset[str] = frozenset()
    node_models: Mapping[str, str] = field(default_factory=dict)
    token: str = ""  # one form sent twice is one run

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked for yet."""
        return not any(self.said.get(name, "").strip() for name in ("task", "prompts", "subjects", "topic"))

    @property
    def has_wishes(self) -> bool:
        """Whether anything but the work was filled in."""
        names = ("model", "label", "maxUsd", "context", "vote", "mergeStyle", "mergeModel", "judgeModel", *_ROLE_WORDS)
        return bool(self.switches or self.stack or self.guardrails or any(self.said.get(name) for name in names))

    def to_input(self) -> RunInput:
        """The form as the API would get it, not yet checked."""
        return RunInput(data=self._body())

    def _body(self) -> dict[str, Any]:
        said = self.said
        body: dict[str, Any] = {name: said[name].strip() for name in _PLAIN if said.get(name, "").strip()}
        body["mode"] = self.mode.value
        if self.mode is Mode.PARALLEL:
            body.pop("task", None)
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
        body["options"] = {name: True for name in _OPTION_SWITCHES if name in self.switches} | _filled(
            {"vote": said.get("vote")}
        )
        body["simulate"] = "simulate" in self.switches
        body["nodeModels"] = dict(self.node_models)
        return {name: value for name, value in body.items() if value not in ({}, None)}

    def _chain(self) -> dict[str, Any]:
        task = self.said.get("task", "").strip()
        if template := self.said.get("template"):
            return {"template": template, "data": self.said.get("data", ""), "task": task}
        return {"auto": _filled({"task": task, "data": self.said.get("data"), "depth": self.said.get("depth")})}


def read_new_run(sent: QueryDict) -> NewRunForm:
    """The form in what was sent; an unknown mode is taken for single."""
    mode = sent.get("mode", "")
    return NewRunForm(
        mode=Mode(mode) if mode in list(Mode) else Mode.SINGLE,
        said={name: str(sent[name]) for name in sent if not name.startswith("node:")},
        stack=_words(sent.get("stack", "")),
        guardrails=_words(sent.get("guardrails", "")),
        switches=frozenset(name for name in SWITCHES if sent.get(name)),
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
