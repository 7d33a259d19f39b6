"""Who answers a chat: the model that its conversation keeps, else a choice among what can be reached now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from catalog.queries import find_entry
from catalog.shapes import Budget, Category
from routing.adjustments import find_mark
from routing.decide import recommend
from routing.decisions import writing_put_off
from routing.limits_merging import merge_limits
from routing.permitted import why_refused
from routing.policy import no_model_message
from routing.route_policy import RouteTier
from routing.route_rules import current_rules
from routing.shapes import Decision, Limits, RankedCandidate, TaskRequest
from runs.chat.conversations import Kept, find_kept, keep, scope_of
from runs.chat.makers_names import find_by_makers_name
from runs.chat.names import ModelUnknown
from runs.chat.shapes import Automatic, ByName, ByPolicy, ChatAsk
from runs.chat.texts import digest_of, name_of, needs_of, task_of
from runs.places.endpoints import find_endpoints, reachable_models, why_unreachable
from runs.shapes import ModelChoice
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import NoModel, NotAllowed

# Estimates err, and the answer needs room, too.
_ROOM_FACTOR: Final = 1.15
_ANSWER_ROOM_TOKENS: Final = 4_096
_SHORT_PROMPT_TOKENS: Final = 2_000  # fits every model that can be chosen
_MOST_SPARES: Final = 2


@dataclass(frozen=True, slots=True)
class Route:
    """The models for a chat: who answers, then who stands in."""

    choices: tuple[ModelChoice, ...]
    reason: str
    decision_id: str = ""
    category: str = ""
    session: str = ""
    find_spares: Callable[[], tuple[ModelChoice, ...]] = tuple  # for when all of these fail; may read the database
    writes: tuple[Callable[[], None], ...] = ()  # what is to be written down of the choice; nobody waits for it


def choose(ask: ChatAsk, actor: Actor, prompt_tokens: int) -> Route:
    """Who answers. Raises ModelUnknown, NoModel and NotAllowed, each saying what to do."""
    if isinstance(ask.wish, ByName):
        return _by_name(ask.wish.model_id, ask, actor)
    chooser = _Chooser(ask, actor, prompt_tokens)
    session = ask.session or name_of(ask.messages)
    digest = digest_of(scope_of(actor), ask.model, session, is_simulated=ask.is_simulated)
    kept = find_kept(digest)
    trouble = chooser.why_not_kept(kept) if kept else ""
    if kept and not trouble:
        return replace(chooser.go_on(kept), session=session)
    with writing_put_off() as writes:
        route = chooser.choose_anew(inherited=kept.category if kept else "")
    first = route.choices[0]
    chosen = Kept(first.model_id, route.category, route.reason, route.decision_id)
    found, write = keep(digest, chosen, actor=actor, instead_of=kept)
    if found.decision_id != chosen.decision_id or found.model_id != first.model_id:  # another request was faster
        return replace(chooser.go_on(found), session=session, writes=tuple(writes))
    reason = f"Chosen anew: {trouble} {route.reason}" if trouble else route.reason
    return replace(route, reason=reason, session=session, writes=(*writes, write))


def _by_name(name: str, ask: ChatAsk, actor: Actor) -> Route:
    """The model itself; older clients write ``openrouter/`` before its name, others its maker's own."""
    names = dict.fromkeys((name, name.removeprefix("openrouter/")))
    known = next((item for item in names if find_endpoints(item, is_simulated=ask.is_simulated)), "")
    known = known or next((item for item in names if find_entry(item)), "") or find_by_makers_name(name)
    if known and (refusal := why_refused(known, actor)):
        raise NotAllowed(f"{refusal} GET /v1/models lists what is.", param="model")
    if not known or not find_endpoints(known, is_simulated=ask.is_simulated):
        advice = "Or ask for auto; GET /v1/models lists what can be had."
        raise ModelUnknown(f"{why_unreachable(known or name, is_simulated=ask.is_simulated)} {advice}", param="model")
    return Route((_choice_of(known),), "asked for by name", session=ask.session)


class _Chooser:
    """Choosing for one request, among what a connection serves at this moment."""

    def __init__(self, ask: ChatAsk, actor: Actor, prompt_tokens: int) -> None:
        self._ask = ask
        self._actor = actor
        self._needs = needs_of(ask.messages, has_tools=bool(ask.tools))
        self._room = None
        if prompt_tokens > _SHORT_PROMPT_TOKENS:
            self._room = int(prompt_tokens * _ROOM_FACTOR) + _ANSWER_ROOM_TOKENS
        self._reachable = reachable_models(is_simulated=ask.is_simulated)

    # --- kept -------------------------------------------------------------------------------

    def why_not_kept(self, kept: Kept) -> str:
        """Why the conversation cannot go on with its model; "" where it can."""
        model_id = kept.model_id
        if self._reachable is not None and model_id not in self._reachable:
            return f"{model_id} cannot be reached now."
        if not find_endpoints(model_id, is_simulated=self._ask.is_simulated):
            return f"{model_id} cannot be reached now."
        if refusal := why_refused(model_id, self._actor):
            return refusal
        return self._lack_of(model_id)

    def go_on(self, kept: Kept) -> Route:
        """The kept model; who stands in is looked for only when it fails."""
        choice = replace(_choice_of(kept.model_id), category=kept.category)
        reason = f"the conversation keeps its model: {kept.reason}"
        return Route((choice,), reason, kept.decision_id, kept.category, find_spares=lambda: self._spares_of(kept))

    def _spares_of(self, kept: Kept) -> tuple[ModelChoice, ...]:
        known = find_entry(kept.model_id)
        limits = Limits(deny_providers=frozenset({known.provider})) if known else Limits()
        for request, within in self._tasks(kept.category):
            decision = self._recommend((request, merge_limits((within, limits))), is_stored=False)
            if decision.chosen:
                return self._route(decision, (request, within)).choices[:_MOST_SPARES]
        return ()

    def _lack_of(self, model_id: str) -> str:
        entry = find_entry(model_id)
        if entry is None:
            return ""
        can = entry.capabilities
        lacks = [need for need in self._needs if not (can.vision if need == "vision" else can.function_calling)]
        if lacks:
            return f"{model_id} cannot do {' and '.join(lacks)}."
        context = entry.facts.context_length_tokens
        is_short = self._room is not None and context is not None and context < self._room
        return f"{model_id} takes {context} tokens, which is too few by now." if is_short else ""

    # --- new --------------------------------------------------------------------------------

    def choose_anew(self, inherited: str) -> Route:
        """The best of what can be reached; a conversation that had a category stays in it."""
        if self._reachable is not None and not self._reachable:
            raise NoModel(f"{_nothing_connected(is_simulated=self._ask.is_simulated)}", param="model")
        for task in self._tasks(inherited):
            decision = self._recommend(task)
            if decision.chosen:
                return self._route(decision, task)
        raise NoModel(f"{no_model_message(decision.choice)} Name a model, or widen what was asked for.", param="model")

    def _tasks(self, inherited: str) -> Iterable[tuple[TaskRequest, Limits]]:
        """What to ask for; where no price range was named and nothing is left in the usual one, at any price."""
        wish = self._ask.wish
        if isinstance(wish, ByPolicy):
            tier = _tier(wish.tier)
            within = Limits(allow_models=frozenset(tier.models), max_prompt_usd_per_mtok=tier.max_prompt_usd_per_mtok)
            yield self._task(inherited, tier.budget, tier.preference), within
            return
        assert isinstance(wish, Automatic)  # noqa: S101  by name and by mode never come here
        named = wish.budget or self._ask.budget
        category = wish.category.value if wish.category else inherited
        for budget in [named] if named else [Budget.MEDIUM, Budget.ANY]:
            yield self._task(category, budget, None), Limits()

    def _task(self, category: str, budget: Budget, preference: int | None) -> TaskRequest:
        words = task_of(self._ask.messages) or Category.GENERAL.value
        return TaskRequest(
            task=category or words,
            budget=budget,
            preference=preference,
            required_capabilities=self._needs,
            min_context_tokens=self._room,
        )

    def _recommend(self, asked: tuple[TaskRequest, Limits], *, is_stored: bool = True) -> Decision:
        request, within = asked
        reachable = Limits(allow_models=self._reachable or frozenset())
        return recommend(
            request=request,
            actor=self._actor,
            # The simulator answers no task: decisions about its chats would teach nothing.
            is_stored=is_stored and not self._ask.is_simulated,
            kind="chat",
            within=merge_limits((reachable, within)),
        )

    def _route(self, decision: Decision, asked: tuple[TaskRequest, Limits]) -> Route:
        ranked = {item.model_id: item for item in decision.choice.ranked}
        first = ranked[decision.chosen[0]]
        category = decision.choice.features.category
        others = _other_providers(first, decision.choice.ranked)
        choices = [_choice_of(item.model_id) for item in (first, *others)]
        asks_more = asked[0].budget == Budget.ANY and isinstance(self._ask.wish, Automatic)
        widened = asks_more and not (self._ask.wish.budget or self._ask.budget)  # type: ignore[union-attr]  # just checked
        note = "nothing is left in the medium price range; " if widened else ""
        decision_id = "" if self._ask.is_simulated else decision.decision_id
        named = tuple(replace(choice, category=category, decision_id=decision_id) for choice in choices)
        return Route(named, note + decision.choice.reason, decision_id, category)


def _other_providers(first: RankedCandidate, ranked: Iterable[RankedCandidate]) -> list[RankedCandidate]:
    """Who stands in: the next best, each of another provider."""
    known = {first.provider}
    spares: list[RankedCandidate] = []
    for item in ranked:
        if len(spares) < _MOST_SPARES and item.provider not in known:
            known.add(item.provider)
            spares.append(item)
    return spares


def _choice_of(model_id: str) -> ModelChoice:
    entry = find_entry(model_id)
    if entry is None or entry.facts.model_id != model_id:
        return ModelChoice(model_id)
    facts = entry.facts
    return ModelChoice(
        model_id, context_length_tokens=facts.context_length_tokens, max_output_tokens=facts.max_output_tokens
    )


def _tier(name: str) -> RouteTier:
    rules = current_rules(find_mark())
    tier = next((tier for tier in rules.tiers if tier.name == name), None)
    if tier is None:
        names = ", ".join(f"policy:{tier.name}" for tier in rules.tiers)
        raise ModelUnknown(f"The route policy has no tier '{name[:80]}'. It has {names}.", param="model")
    return tier


def _nothing_connected(*, is_simulated: bool) -> str:
    if is_simulated:
        return why_unreachable("", is_simulated=True)
    return "No connection serves any model yet. Add a key on the Connections page, or set one in the environment."
