"""The use case of planning: a request on a desk that is furnished with catalogue, routing and connections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from catalog.queries import find_entry
from catalog.shapes import Budget, Entry
from routing.decide import recommend
from routing.decompose.decide import decompose, swarm
from routing.decompose.shapes import DecomposeRequest, Steps, Swarm
from routing.permitted import why_refused
from routing.policy import no_model_message
from routing.roles.compose import compose_role
from routing.roles.shapes import RoleRequest as ComposeRequest
from routing.shapes import Decision, Limits, RankedCandidate, TaskRequest
from runs.harness import enabled_harnesses
from runs.judges import judges_aside
from runs.places.endpoints import find_endpoints, reachable_models, why_unreachable
from runs.plans.desk import Ask, Chosen, Desk, RoleText
from runs.plans.make import make_plan
from runs.providers.dialects import can_search
from runs.providers.pricing import most_search_usd
from runs.shapes import ModelChoice, Plan, RoleRequest, RunRequest
from runs.tools.engines import find_engine, why_no_engine
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import InvalidParam

# A prompt that must fit needs room for its answer, too, and estimates err.
_ROOM_FACTOR = 1.15
_ANSWER_ROOM_TOKENS = 8_192
_MOST_SPARES = 2


def plan_run(*, request: RunRequest, actor: Actor, is_stored: bool = True) -> Plan:
    """What will be done, by which models that can be reached now.

    With ``is_stored`` False no decision is kept: for previews. Raises NoModel, InvalidParam or MissingParam.
    """
    _check_driver(request)
    # The simulator answers no task: decisions about its runs would teach nothing.
    return make_plan(request, furnish_desk(request, actor, is_stored=is_stored and not request.is_simulated))


def furnish_desk(request: RunRequest, actor: Actor, *, is_stored: bool = True) -> Desk:
    """The desk for this request and who asks."""
    chooser = _Chooser(request, actor, is_stored)
    engine = find_engine()
    return Desk(
        choose=chooser.choose,
        split=lambda task, budget: _decompose(request, actor, task, budget),
        swarm=lambda task, budget: _swarm(request, actor, task, budget),
        compose=_compose,
        find_model=chooser.find_model,
        why_unreachable=chooser.why_unreachable,
        can_ground=chooser.can_ground,
        can_search=engine is not None and not request.is_simulated,
        why_no_search="A simulated run reads nothing of the web." if request.is_simulated else why_no_engine(),
        judges_aside=judges_aside(actor.user_id),
    )


def _check_driver(request: RunRequest) -> None:
    """Raises InvalidParam for an agent that cannot be started here, or not for this run."""
    if not request.driver:
        return
    if request.is_simulated:
        raise InvalidParam("driver: a simulated run starts no agent.")
    known = {report.name: report for report in enabled_harnesses()}
    report = known.get(request.driver)
    if report is None:
        raise InvalidParam(f"driver: there is no agent '{request.driver}'; there are {', '.join(known)}.")
    if report.advice:
        raise InvalidParam(f"driver: {report.advice}")


# --- dividing and roles --------------------------------------------------------------------


def _decompose(request: RunRequest, actor: Actor, task: str, budget: Budget) -> Steps:
    # The parts' models are chosen below, among those that can be reached: only those choices are decisions.
    return decompose(request=_divide(request, task, budget), actor=actor, is_stored=False)


def _swarm(request: RunRequest, actor: Actor, task: str, budget: Budget) -> Swarm:
    return swarm(request=_divide(request, task, budget), actor=actor, is_stored=False)


def _divide(request: RunRequest, task: str, budget: Budget) -> DecomposeRequest:
    return DecomposeRequest(task=task, budget=budget, context_tags=request.context_tags)


def _compose(role: RoleRequest) -> RoleText:
    composed = compose_role(
        ComposeRequest(
            task="",
            persona=role.persona,
            stack=role.stack,
            domain=role.domain,
            output_format=role.format,
            guardrails=role.guardrails,
        )
    )
    return RoleText(composed.role_text, composed.warnings)


# --- models --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Chooser:
    """Choosing for one request, among what a connection serves at this moment."""

    request: RunRequest
    actor: Actor
    is_stored: bool

    def choose(self, ask: Ask) -> Chosen:
        """The models for the ask, each as a decision of its own that can be looked up."""
        reachable = reachable_models(is_simulated=self.request.is_simulated)
        if reachable is not None and not reachable:
            return Chosen((), why_none=_nothing_connected(is_simulated=self.request.is_simulated))
        decision = recommend(
            request=self._task(ask),
            actor=self.actor,
            is_stored=self.is_stored,
            kind="run",
            is_part=ask.is_part,
            within=Limits(allow_models=reachable or frozenset(), deny_providers=ask.exclude_providers),
        )
        ranked = {item.model_id: item for item in decision.choice.ranked}
        usable = [ranked[model_id] for model_id in decision.chosen if self._is_usable(ranked[model_id].model_id, ask)]
        if not usable and ask.is_grounded:
            usable = [item for item in decision.choice.ranked if self._is_usable(item.model_id, ask)][: ask.count]
        if not usable:
            return Chosen((), why_none=no_model_message(decision.choice))
        spares = self._spares(decision, ask, usable) if ask.count == 1 else ()
        first, *others = usable
        beside = (
            replace(self._choice(item, decision), reason=_why_beside(item, usable[:place], decision))
            for place, item in enumerate(others, 1)
        )
        return Chosen((self._choice(first, decision), *beside), spares)

    def find_model(self, model_id: str) -> ModelChoice | None:
        """The model of this name, from the catalogue or a connection's own list."""
        entry = find_entry(model_id)
        endpoints = find_endpoints(model_id, is_simulated=self.request.is_simulated)
        if entry is None and not endpoints:
            return None
        choice = _from_entry(entry) if entry else ModelChoice(model_id)
        return self._priced(choice)

    def why_unreachable(self, model_id: str) -> str:
        """Why the model cannot be had: the limits of who asks, or nobody serves it; "" where it can."""
        if refusal := why_refused(model_id, self.actor):
            return refusal
        if find_endpoints(model_id, is_simulated=self.request.is_simulated):
            return ""
        return why_unreachable(model_id, is_simulated=self.request.is_simulated)

    def can_ground(self, model_id: str) -> bool:
        """Whether the place that would serve the model can search the web for it."""
        endpoints = find_endpoints(model_id, is_simulated=self.request.is_simulated)
        return bool(endpoints) and can_search(endpoints[0])

    def _task(self, ask: Ask) -> TaskRequest:
        room = int(ask.prompt_tokens * _ROOM_FACTOR) + _ANSWER_ROOM_TOKENS if ask.prompt_tokens else None
        return TaskRequest(
            task=ask.task,
            budget=ask.budget,
            exclude=ask.exclude,
            context_tags=self.request.context_tags,
            min_context_tokens=room,
            preference=self.request.preference,
            count=ask.count,
            may_try_others=ask.may_try_others,
            category=ask.category,
        )

    def _is_usable(self, model_id: str, ask: Ask) -> bool:
        return not ask.is_grounded or self.can_ground(model_id)

    def _spares(self, decision: Decision, ask: Ask, taken: list[RankedCandidate]) -> tuple[ModelChoice, ...]:
        """Who stands in when the chosen one fails: the next best of other providers."""
        known = {item.provider for item in taken}
        spares: list[ModelChoice] = []
        for item in decision.choice.ranked:
            if len(spares) == _MOST_SPARES:
                break
            if item.provider not in known and self._is_usable(item.model_id, ask):
                known.add(item.provider)
                spares.append(replace(self._choice(item, decision), reason="stands in if the chosen model fails"))
        return tuple(spares)

    def _choice(self, item: RankedCandidate, decision: Decision) -> ModelChoice:
        entry = find_entry(item.model_id)
        choice = ModelChoice(
            model_id=item.model_id,
            reason=decision.choice.reason,
            category=decision.choice.features.category,
            score=item.score,
            prompt_usd_per_mtok=item.prompt_usd_per_mtok,
            completion_usd_per_mtok=item.completion_usd_per_mtok,
            context_length_tokens=item.context_length_tokens,
            max_output_tokens=entry.facts.max_output_tokens if entry else None,
            decision_id=decision.decision_id if self.is_stored else "",
        )
        return self._priced(choice)

    def _priced(self, choice: ModelChoice) -> ModelChoice:
        """The choice at the price of the place that will most likely serve it."""
        endpoint = next(iter(find_endpoints(choice.model_id, is_simulated=self.request.is_simulated)), None)
        if endpoint is None:
            return choice
        return replace(
            choice,
            prompt_usd_per_mtok=endpoint.prompt_usd_per_mtok,
            completion_usd_per_mtok=endpoint.completion_usd_per_mtok,
            most_search_usd=most_search_usd(endpoint),
        )


def _from_entry(entry: Entry) -> ModelChoice:
    facts = entry.facts
    return ModelChoice(
        model_id=facts.model_id,
        prompt_usd_per_mtok=facts.pricing.prompt_usd_per_mtok,
        completion_usd_per_mtok=facts.pricing.completion_usd_per_mtok,
        context_length_tokens=facts.context_length_tokens,
        max_output_tokens=facts.max_output_tokens,
    )


def _why_beside(item: RankedCandidate, before: Sequence[RankedCandidate], decision: Decision) -> str:
    """Why this model answers beside those that were taken before it: the decision's own reason is the leader's."""
    whose = "of another provider" if item.provider not in {other.provider for other in before} else "of those left"
    reason = f"{item.name} is the next best {whose} for {decision.choice.features.category}, with {item.score:.1f}"
    return f"{reason}; none of that is measured." if item.coverage_share == 0 else f"{reason}."


def _nothing_connected(*, is_simulated: bool) -> str:
    if is_simulated:
        return why_unreachable("", is_simulated=True)
    return "No connection serves any model yet. Add a key on the Connections page, or set one in the environment."
