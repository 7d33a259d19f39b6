"""From an ask to a chat that may begin: chosen, placed, with its payer. Runs in a thread of Django's."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Final

from django.conf import settings

from runs.chat.choosing import choose
from runs.chat.prepared import Chat
from runs.chat.shapes import ChatAsk, Face
from runs.ledger import estimate_tokens
from runs.places.lookup import Spot, look_up
from runs.shapes import ModelChoice, Payer, Protocol
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import NoModel

MODE: Final = "chat"
# Of an answer whose length nobody bounded: long enough for nearly all, and what is set aside for it stays bearable.
STANDING_OUTPUT_TOKENS: Final = 16_384
# Agents that speak Responses name no bound, think within it, and give up where an answer is cut.
AGENTS_OUTPUT_TOKENS: Final = 32_768
_LEAST_OUTPUT_TOKENS: Final = 256


def prepare_chat(ask: ChatAsk, actor: Actor) -> Chat:
    """The chat. Raises ModelUnknown, NoModel and NotAllowed."""
    prompt_tokens = estimate_tokens(ask.messages, ask.tools)
    route = choose(ask, actor, prompt_tokens)
    spots, problems = _look_up(route.choices, ask, prompt_tokens)
    if not spots and not problems:
        names = ", ".join(choice.model_id for choice in route.choices)
        raise NoModel(f"Nobody who serves {names} tells the chances of tokens. Leave logprobs out.", param="logprobs")
    if not spots:
        raise NoModel(f"{' '.join(problems)} GET /v1/models lists what can be had.", param="model")

    def find_more() -> tuple[Spot, ...]:
        return _look_up(route.find_spares(), ask, prompt_tokens)[0]

    return Chat(
        chat_id=uuid.uuid4(),
        ask=ask,
        spots=spots,
        payer=Payer(
            user_id=actor.user_id,
            key_id=actor.key_id,
            mode=MODE,
            category=route.category,
            decision_id=route.decision_id,
        ),
        prompt_tokens=prompt_tokens,
        reason=route.reason,
        session=route.session,
        timeout_s=settings.CHAT_TIMEOUT_SECONDS,
        find_more=find_more,
        writes=route.writes,
    )


def output_limit(ask: ChatAsk, choice: ModelChoice, prompt_tokens: int) -> int:
    """How long the answer may be: as asked, as far as the model can, with room for the prompt."""
    standing = AGENTS_OUTPUT_TOKENS if ask.face is Face.RESPONSES else STANDING_OUTPUT_TOKENS
    wanted = ask.max_output_tokens or standing
    most = wanted if choice.max_output_tokens is None else min(wanted, choice.max_output_tokens)
    if ask.max_output_tokens is None and choice.context_length_tokens is not None:
        most = min(most, max(choice.context_length_tokens - prompt_tokens, _LEAST_OUTPUT_TOKENS))
    return most


def _tells_enough(spot: Spot, ask: ChatAsk) -> bool:
    """Whether the place has words for what is asked of the answer beside its text."""
    return spot.endpoint.protocol is Protocol.OPENAI or not ask.extra.get("logprobs")


def _look_up(
    choices: Iterable[ModelChoice], ask: ChatAsk, prompt_tokens: int
) -> tuple[tuple[Spot, ...], tuple[str, ...]]:
    found = [look_up(choice, prompt_tokens, is_simulated=ask.is_simulated) for choice in choices]
    spots = tuple(spot for item in found for spot in item.spots if _tells_enough(spot, ask))
    return spots, tuple(item.problem for item in found if item.problem)
