"""Making nodes: one function for each kind of work that modes and options are put together from. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from catalog.shapes import Budget
from runs.plans.desk import Ask, Chosen, Desk, RoleText
from runs.plans.sizes import LONG_PROMPT_TOKENS, output_limit, shorten
from runs.shapes import Feed, MergeStyle, ModelChoice, NodeKind, NodeSpec, Purpose, RoleRequest, RunRequest
from runs.texts.prompts import LETTERS
from runs.texts.transforms import Rule
from runs.texts.verdicts import Verdict
from runs.texts.wording import judge_prompt, merge_prompt, vote_prompt, work_prompt
from runs.tokens.estimate import text_tokens
from smartspawn.lib.errors import InvalidParam, NoModel

NEXT_TIER: Final[Mapping[Budget, Budget]] = {
    Budget.LOW: Budget.MEDIUM,
    Budget.MEDIUM: Budget.HIGH,
    Budget.HIGH: Budget.ANY,
    Budget.ANY: Budget.ANY,
}


@dataclass(frozen=True, slots=True)
class Bench:
    """A request with its desk: what making any node takes."""

    request: RunRequest
    desk: Desk
    role: RoleText

    @classmethod
    def of(cls, request: RunRequest, desk: Desk) -> Bench:
        """The bench for this request."""
        return cls(request, desk, desk.compose(request.role))

    def system_for(self, persona: str) -> str:
        """The role for a part of the work: the caller's, or where they named no persona, the part's own."""
        if not persona or self.request.role.persona:
            return self.role.system
        return self.desk.compose(_with_persona(self.request.role, persona)).system


def _with_persona(role: RoleRequest, persona: str) -> RoleRequest:
    return replace(role, persona=persona)


# --- choosing ------------------------------------------------------------------------------


def choose(bench: Bench, ask: Ask) -> Chosen:
    """Models for the ask: the one that was asked for by name, else chosen. Raises NoModel or InvalidParam."""
    if bench.request.driver:
        return Chosen((ModelChoice("", reason=f"the model that {bench.request.driver} is set to"),) * ask.count)
    if bench.request.model:
        return Chosen((named_model(bench.desk, bench.request.model),) * ask.count)
    chosen = bench.desk.choose(ask)
    if not chosen.models:
        raise NoModel(chosen.why_none or "There is no model for this.")
    return chosen


def named_model(desk: Desk, model_id: str, where: str = "model") -> ModelChoice:
    """The model that a caller named. Raises InvalidParam where it is unknown or nobody serves it."""
    model = desk.find_model(model_id)
    if model is None:
        raise InvalidParam(f"{where}: there is no model '{model_id[:200]}' in the catalogue or at a connection.")
    why = desk.why_unreachable(model_id)
    if why:
        raise InvalidParam(f"{where}: {why}")
    return replace(model, reason=model.reason or "asked for by name")


def ask_for(bench: Bench, task: str, **changes: Any) -> Ask:
    """The usual ask for a task of this request."""
    tokens = text_tokens(task) + text_tokens(bench.request.context)
    ask = Ask(
        task=task,
        budget=bench.request.budget,
        exclude=bench.request.exclude,
        prompt_tokens=tokens if tokens > LONG_PROMPT_TOKENS else 0,
    )
    return replace(ask, **changes)


# --- nodes ---------------------------------------------------------------------------------


def work_node(
    bench: Bench, key: str, task: str, model: ModelChoice, *, purpose: Purpose = Purpose.TASK, **changes: Any
) -> NodeSpec:
    """A model does a task, with role and background."""
    request = bench.request
    spec = NodeSpec(
        key=key,
        kind=NodeKind.HARNESS if request.driver else NodeKind.CALL,
        purpose=purpose,
        title=shorten(task),
        prompt=work_prompt(task, request.context),
        system=bench.role.system,
        model=model,
        max_output_tokens=output_limit(request, purpose, model),
        temperature=request.temperature,
        uses_web_search=request.options.web_search and bench.desk.can_ground(model.model_id),
        params=work_params(request),
    )
    return replace(spec, **changes)


def work_params(request: RunRequest) -> Mapping[str, object]:
    """What a working node carries beside its fields: a driver's name, and whether the limit is the caller's."""
    params: dict[str, object] = {"driver": request.driver} if request.driver else {}
    if request.max_output_tokens is not None:
        params["is_limit_given"] = True
    return params


def helper_node(
    bench: Bench, key: str, purpose: Purpose, title: str, prompt: str, model: ModelChoice, **changes: Any
) -> NodeSpec:
    """A model judges, merges or plans: by its own instructions, without the caller's role."""
    if not model.model_id and purpose in (Purpose.JUDGE, Purpose.CRITIC):
        raise NoModel(f"{title}: no model can be reached that could judge what the agent did.")
    is_agent = not model.model_id and bool(bench.request.driver)
    spec = NodeSpec(
        key=key,
        kind=NodeKind.HARNESS if is_agent else NodeKind.CALL,
        purpose=purpose,
        title=shorten(title, 200),
        prompt=prompt,
        model=model,
        max_output_tokens=output_limit(bench.request, purpose, model),
        params={"driver": bench.request.driver} if is_agent else {},
    )
    return replace(spec, **changes)


def judge_node(bench: Bench, key: str, watched: str, task: str, model: ModelChoice, **changes: Any) -> NodeSpec:
    """A judge scores what one node wrote."""
    spec = helper_node(bench, key, Purpose.JUDGE, "Judge", judge_prompt(_full(bench, task)), model)
    return replace(
        spec, depends_on=(watched,), feed=Feed.PREVIOUS, temperature=None, params={"verdict": Verdict.SCORE}, **changes
    )


def vote_node(bench: Bench, key: str, answers: Sequence[str], task: str, model: ModelChoice) -> NodeSpec:
    """A judge scores several answers; with fewer than two there is nothing to choose, and it is left out."""
    labels = LETTERS[: len(answers)]
    spec = helper_node(bench, key, Purpose.JUDGE, "Vote", vote_prompt(task, labels), model)
    return replace(
        spec,
        depends_on=tuple(answers),
        feed=Feed.CANDIDATES,
        least_inputs=min(2, len(answers)),
        params={"verdict": Verdict.VOTE, "labels": list(labels)},
    )


def choose_merger(bench: Bench, task: str, default: ModelChoice) -> Chosen:
    """Who merges: the model that was asked for, else the best one tier up with who stands in, else the given one."""
    request = bench.request
    if request.merge_model:
        return Chosen((named_model(bench.desk, request.merge_model, "merge.model"),))
    if request.model:
        return Chosen((named_model(bench.desk, request.model),))
    found = bench.desk.choose(ask_for(bench, task, budget=NEXT_TIER[request.budget]))
    return found if found.models else Chosen((default,))


def merge_node(
    bench: Bench, key: str, inputs: Sequence[str], prompt: str, chosen: Chosen, *, feed: Feed = Feed.CANDIDATES
) -> NodeSpec:
    """A model makes one answer out of several; neither a failed answer nor a place that is down sinks it."""
    spec = helper_node(bench, key, Purpose.MERGE, "Merged answer", prompt, chosen.models[0])
    return replace(
        spec,
        fallbacks=chosen.spares if spec.kind is NodeKind.CALL else (),
        system=bench.role.system,
        depends_on=tuple(inputs),
        feed=feed,
        least_inputs=1,
        params={**spec.params, **work_params(replace(bench.request, driver=""))},
    )


def answer_merge_prompt(bench: Bench, task: str, default: MergeStyle) -> str:
    """How answers to this task are merged, in the style that was asked for."""
    return merge_prompt(_full(bench, task), bench.request.merge_style or default)


def transform_node(
    key: str, rule: Rule, inputs: Sequence[str], title: str, *, purpose: Purpose = Purpose.MERGE, **params: object
) -> NodeSpec:
    """A rule works on texts: on as many as came, and it costs nothing."""
    return NodeSpec(
        key=key,
        kind=NodeKind.TRANSFORM,
        purpose=purpose,
        title=title,
        depends_on=tuple(inputs),
        least_inputs=1,
        max_output_tokens=0,
        max_attempts=1,
        params={"rule": rule.value, **params},
    )


def _full(bench: Bench, task: str) -> str:
    return work_prompt(task, bench.request.context)
