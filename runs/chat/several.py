"""Several answers to one chat (``n``): as many calls side by side, all with leave before the first is sent.

Only some providers give several answers to one call, and none says in a stream what each of them cost. Calls of their
own work everywhere; the prompt is paid for with each of them, as far as the provider's cache does not know it.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count

from runs.chat.calling import ChatCalls, ChatFailed, Desk
from runs.chat.prepared import Chat
from runs.chat.shapes import Outcome
from runs.shapes import ChatDelta, Usage

OnPiece = Callable[[int, ChatDelta], None]


class SeveralCalls:
    """The calls of one chat that asks for several answers; ``on_piece`` gets each piece with its answer's number."""

    def __init__(self, chat: Chat, desk: Desk, on_piece: OnPiece) -> None:
        granted = asyncio.Barrier(chat.ask.choice_count)
        self._calls = [
            ChatCalls(_part(chat, number), desk, partial(on_piece, number), when_granted=granted.wait)
            for number in range(chat.ask.choice_count)
        ]

    @property
    def outcome(self) -> Outcome:
        """What is known by now; the first answer's model stands for all."""
        return self._calls[0].outcome

    async def run(self) -> Outcome:
        """All answers. Raises ChatFailed as soon as one of them fails: the others are broken off and booked."""
        tasks = [asyncio.ensure_future(calls.run()) for calls in self._calls]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        spent_nano_usd = sum(calls.spent_nano_usd for calls in self._calls)
        outcomes = [item for item in ended if isinstance(item, Outcome)]
        if len(outcomes) == len(tasks):
            return _together(outcomes, spent_nano_usd)
        fault = next(item for item in ended if isinstance(item, Exception))
        if isinstance(fault, ChatFailed):
            raise ChatFailed(fault.failure, replace(fault.outcome, cost_nano_usd=spent_nano_usd))
        raise fault


def _part(chat: Chat, number: int) -> Chat:
    """The chat for one of the answers: calls of its own, the choice written down once."""
    if number == 0:
        return chat
    extra = dict(chat.ask.extra)
    if isinstance(seed := extra.get("seed"), int):
        extra["seed"] = seed + number  # the same one would give the same answer again
    ask = replace(chat.ask, extra=extra)
    return replace(chat, ask=ask, chat_id=uuid.uuid5(chat.chat_id, f"answer {number}"), writes=())


def _together(outcomes: Sequence[Outcome], spent_nano_usd: int) -> Outcome:
    first, results = outcomes[0], [item.result for item in outcomes if item.result is not None]
    strangers = [
        f"Answer {number} is by {outcome.model_id}."
        for number, outcome in zip(count(1), outcomes, strict=False)
        if outcome.model_id != first.model_id
    ]
    return replace(
        first,
        reason=" ".join([first.reason, *strangers]),
        cost_nano_usd=spent_nano_usd,
        result=replace(results[0], usage=_sum_of([result.usage for result in results])),
        other_results=tuple(results[1:]),
        attempt_count=max(outcome.attempt_count for outcome in outcomes),
    )


def _sum_of(usages: Sequence[Usage]) -> Usage:
    return Usage(
        fresh_input_tokens=sum(usage.fresh_input_tokens for usage in usages),
        cache_read_tokens=sum(usage.cache_read_tokens for usage in usages),
        cache_write_tokens=sum(usage.cache_write_tokens for usage in usages),
        output_tokens=sum(usage.output_tokens for usage in usages),
        reasoning_tokens=sum(usage.reasoning_tokens for usage in usages),
        search_count=sum(usage.search_count for usage in usages),
        is_estimated=any(usage.is_estimated for usage in usages),
    )
