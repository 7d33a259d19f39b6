"""Kickoffs: routed once when a task starts, and kept to for as long as it lasts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction
from django.utils import timezone

from catalog.queries import find_entry
from catalog.shapes import Category
from routing.classifier import classify
from routing.decisions import Basis, get_stored
from routing.features import extract
from routing.ground import Ground, choose_on, conclude, find_ground
from routing.models import DecisionOverride
from routing.route_plan import PlanRequest, RoutePlan, limits_in, plan_route
from routing.route_policy import RouteRules, Verdict, driver_of, judge, make_kickoff, providers_of
from routing.route_rules import current_rules
from routing.sessions import Lock, find_lock, override_locks, session_scope, take_lock, touch
from routing.shapes import Choice, Features, Limits, RankedCandidate, RouteAnswer, RouteRequest, TaskRequest
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import Conflict, InvalidParam

RUNNERS_UP: Final = 3
_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class _Start:
    """A task at its start: what is asked, what is known, what the rules say."""

    request: RouteRequest
    actor: Actor
    ground: Ground
    rules: RouteRules
    features: Features
    verdict: Verdict

    @property
    def wanted(self) -> PlanRequest:
        """What a plan has to heed beside the rules."""
        asked = self.request
        return PlanRequest(self.features, self.ground.limits, asked.drivers, asked.budget, asked.exclude)

    @property
    def task_sha256(self) -> str:
        """What tells this task from another one."""
        return hashlib.sha256(self.request.task.encode()).hexdigest()

    def choose(self, features: Features, limits: Limits, preference: int | None) -> Choice:
        """The choice of this moment."""
        return choose_on(self.ground, features, limits, preference)


def route(*, request: RouteRequest, actor: Actor) -> RouteAnswer:
    """Who does this task.

    A session keeps its model while its task lasts, and for related work that is not harder; harder work
    gets its own tier, easier work inherits the session's. Raises NoModel, saying which filter removed
    what, and InvalidParam for a driver that there is not.
    """
    start = _begin(request, actor)
    if not request.session_id:
        return _conclude(start, _plan(start, _inherited(start, None)), _inherited(start, None))
    for _ in range(_TRIES):
        answer = _route_in_session(start)
        if answer is not None:
            return answer
    raise Conflict("This session is being changed by too many at once. Ask again.")


def override_route(*, decision_id: str, model_id: str, driver: str = "", why: str = "", actor: Actor) -> int:
    """Record that a person took another model than was decided, and keep the session to it.

    Returns how many sessions now keep to it. Raises NotFound for a decision that is nobody's concern
    here, InvalidParam for a model that is not in the catalogue, or a driver that there is not.
    """
    row = get_stored(decision_id, actor=actor)
    entry = find_entry(model_id)
    if entry is None:
        raise InvalidParam(f"No model '{model_id[:200]}' in the catalogue.")
    if row.kind == "route":
        driver = _driver_for(entry.provider, driver, str(row.outcome.get("driver", "")), actor)
    with transaction.atomic():
        DecisionOverride.objects.create(
            decision=row,
            model_id=model_id,
            driver=driver,
            why=why,
            by=actor.label,
            user_id=actor.user_id,
            at=timezone.now(),
        )
        return override_locks(str(row.pk), driver=driver, model_id=model_id)


def _driver_for(provider: str, named: str, former: str, actor: Actor) -> str:
    """Who runs the model that a person took: whom they name, else who was chosen before if that one can."""
    rules = current_rules(find_ground(actor).mark)
    if named:
        _check_driver(named, rules)
        return named
    reached = providers_of([former], rules) if former in rules.drivers else frozenset({""})
    return former if not reached or provider in reached else driver_of(provider, tuple(rules.drivers), rules)


def _check_driver(name: str, rules: RouteRules) -> None:
    if name not in rules.drivers:
        raise InvalidParam(f"No driver '{name[:40]}'. Use any of: {', '.join(rules.drivers)}")


def _begin(request: RouteRequest, actor: Actor) -> _Start:
    ground = find_ground(actor)
    rules = current_rules(ground.mark)
    for name in request.drivers:
        _check_driver(name, rules)
    kickoff_tags = tuple(dict.fromkeys(word.lower() for word in request.stack))
    features = _as_work(extract(TaskRequest(request.task, context_tags=kickoff_tags), classify))
    verdict = judge(make_kickoff(features.classification, request.files, request.stack), rules)
    return _Start(request, actor, ground, rules, features, verdict)


def _as_work(features: Features) -> Features:
    """A kickoff is work on code unless it says otherwise; how cheap it may be, the tier decides."""
    if features.category in {Category.GENERAL, Category.FAST_CHEAP}:
        return replace(features, category=Category.CODING)
    return features


# --- in a session --------------------------------------------------------------------------------


def _route_in_session(start: _Start) -> RouteAnswer | None:
    """The session's model, or a new one that it is locked to; None when somebody else was faster."""
    scope, session_id = session_scope(start.actor), start.request.session_id
    seen = find_lock(scope, session_id)
    kept = _keep(start, seen) if seen else None
    if kept is not None:
        touch(scope, session_id)
        return kept
    inherited = _inherited(start, seen)
    plan = _plan(start, inherited)
    answers: list[RouteAnswer] = []

    def make() -> Lock:
        answer = _conclude(start, plan, inherited)
        answers.append(answer)
        return Lock(answer.tier, answer.driver, answer.candidate.model_id, answer.decision_id, start.task_sha256)

    taken = take_lock(scope=scope, session_id=session_id, seen=seen, make=make)
    return answers[0] if taken else None


def _keep(start: _Start, lock: Lock) -> RouteAnswer | None:
    """The locked model as the answer; None where the task is a harder one, or the model may not be used now."""
    is_same_task = lock.task_sha256 == start.task_sha256
    is_harder = start.rules.height(start.verdict.tier) > start.rules.height(lock.tier)
    is_allowed = lock.driver in start.wanted.allowed(start.rules)
    if (is_harder and not is_same_task and not lock.is_overridden) or not is_allowed:
        return None
    choice = start.choose(start.features, limits_in(None, start.wanted, start.rules), None)
    candidate = next((item for item in choice.ranked if item.model_id == lock.model_id), None)
    if candidate is None:
        return None
    why = "a person chose it" if lock.is_overridden else "chosen when its task started"
    return replace(
        _answer(start, candidate, lock.driver, lock.tier, choice),
        rationale=f"The session keeps {candidate.name}: {why}. {_told(start)}",
        decision_id=lock.decision_id,
        is_locked=True,
        is_overridden=lock.is_overridden,
    )


def _inherited(start: _Start, lock: Lock | None) -> str:
    """The tier of related work, where it is higher than this task's own."""
    related = start.request.related_to
    scope = session_scope(start.actor)
    tiers = [item.tier for item in (lock, find_lock(scope, related) if related else None) if item]
    higher = [tier for tier in tiers if start.rules.height(tier) > start.rules.height(start.verdict.tier)]
    return max(higher, key=start.rules.height, default="")


# --- choosing ------------------------------------------------------------------------------------


def _plan(start: _Start, inherited: str) -> RoutePlan:
    return plan_route(start.wanted, start.verdict, start.rules, start.choose, inherited=inherited)


# --- answering -----------------------------------------------------------------------------------


def _conclude(start: _Start, plan: RoutePlan, inherited: str) -> RouteAnswer:
    """The plan as a stored decision and an answer."""
    choice, request = plan.choice, start.request
    answer = _answer(start, choice.ranked[0], plan.driver, plan.tier.name, plan.everybody)
    rationale = f"{_told(start)} Tier {plan.tier.name}: {_tier_reason(start, plan, inherited)}. "
    rationale += f"Driver {plan.driver}: {start.verdict.driver_rule}. {choice.reason}"
    basis = Basis(start.features, choice.limits, 1, choice.preference, start.actor.user_id)
    decision = conclude(
        "route",
        choice,
        (choice.ranked[0].model_id,),
        ground=start.ground,
        basis=basis,
        actor=start.actor,
        is_stored=True,
        rules_version=start.rules.version,
        details={
            "driver": plan.driver,
            "tier": plan.tier.name,
            "inherited_tier": inherited,
            "is_confirmation_required": start.verdict.is_confirmation_required,
            "rules": [start.verdict.tier_rule, start.verdict.driver_rule, start.verdict.confirmation_rule],
            "rule_tier": start.verdict.tier,
            "rule_drivers": list(start.verdict.drivers),
            "files": list(request.files),
            "stack": list(request.stack),
            "drivers": list(request.drivers),
            "asked_budget": request.budget or "",
            "session_id": request.session_id,
        },
    )
    return replace(answer, rationale=rationale, decision_id=decision.decision_id, inherited_tier=inherited)


def _answer(start: _Start, candidate: RankedCandidate, driver: str, tier: str, everybody: Choice) -> RouteAnswer:
    others = tuple(item for item in everybody.ranked if item.model_id != candidate.model_id)
    return RouteAnswer(
        driver=driver,
        candidate=candidate,
        tier=tier,
        rationale="",
        classification=start.features.classification,
        is_confirmation_required=start.verdict.is_confirmation_required,
        confirmation_reason=start.verdict.confirmation_rule,
        decision_id="",
        rules_version=start.rules.version,
        runners_up=others[:RUNNERS_UP],
        session_id=start.request.session_id,
    )


def _told(start: _Start) -> str:
    said = start.features.classification
    heads = (("", said.task_type), ("", said.complexity), (" risk", said.risk))
    words = (f"{label.value}{what} ({label.confidence_prob:.0%})" for what, label in heads if label.value)
    return f"{', '.join(words) or start.features.category}.".capitalize()


def _tier_reason(start: _Start, plan: RoutePlan, inherited: str) -> str:
    wanted = inherited or start.verdict.tier
    if plan.tier.name != wanted:
        return f"nothing is left in {wanted}"
    return "inherited from related work" if inherited else start.verdict.tier_rule
