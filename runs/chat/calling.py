"""Has a chat answered: one place after the other, until the first byte; each call granted and settled."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from django.db import Error as DatabaseFault

from runs.chat.failures import NO_DATABASE, NO_PLACE, explain_fault, explain_refusal
from runs.chat.prepare import output_limit
from runs.chat.prepared import Chat
from runs.chat.shapes import ChatAsk, Face, Failure, Outcome
from runs.chat.till import NotGranted, Till
from runs.ledger import RefusalCode, picture_excess, quote_nano
from runs.nodes.settling import settle_answer, settle_failure, settle_stopped
from runs.places.lookup import Places, Spot
from runs.providers.call import CallModel, CallProgress
from runs.providers.dialects import takes_effort
from runs.providers.faults import CallFailed, Fault
from runs.shapes import (
    CallQuote,
    ChatDelta,
    ChatRequest,
    ChatResult,
    Endpoint,
    FaultAction,
    Grant,
    JsonObject,
    Protocol,
    Purpose,
    Settlement,
)

# A leave outlives its call by this, so that it cannot expire under it.
LEAVE_MARGIN_S: Final = 60.0
# A provider that asks for a longer pause is not waited for: the client can do that itself.
LONGEST_PAUSE_S: Final = 5.0
_FIRST_PAUSE_S: Final = 0.5
_ROUNDS: Final = 2
_NODE_KEY: Final = "chat"
# What is said on how to answer, and refused by places whose models do not think.
_FOR_THINKERS: Final = ("reasoning_effort", "verbosity")

OnDelta = Callable[[ChatDelta], None]
WhenGranted = Callable[[], Awaitable[object]]
OffLoop = Callable[[Callable[[], tuple[Spot, ...]]], Awaitable[tuple[Spot, ...]]]


class ChatFailed(Exception):
    """The chat has no whole answer; carries what the client is told, and what it cost all the same."""

    def __init__(self, failure: Failure, outcome: Outcome) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Desk:
    """What calls go through."""

    call: CallModel
    till: Till
    places: Places
    off_loop: OffLoop


class ChatCalls:
    """The calls of one chat."""

    def __init__(self, chat: Chat, desk: Desk, on_delta: OnDelta, *, when_granted: WhenGranted | None = None) -> None:
        self.outcome = Outcome(
            model_id=chat.spots[0].choice.model_id,
            reason=chat.reason,
            decision_id=chat.decision_id,
            session=chat.session,
            is_simulated=chat.ask.is_simulated,
        )
        self._chat = chat
        self._desk = desk
        self._on_delta = on_delta
        self._when_granted = when_granted  # what the first call waits for once it has leave
        self._has_begun = False  # the client has got a piece: there is no other place any more
        self._attempt = 0
        self._deadline_s = time.monotonic() + chat.timeout_s
        self._failure = NO_PLACE
        self._pause_s: float | None = None  # after which another round may help
        self._shut: set[str] = set()  # connections of which nothing more is expected
        self.spent_nano_usd = 0

    async def run(self) -> Outcome:
        """The answer. Raises ChatFailed."""
        written = [self._desk.till.note(write) for write in self._chat.writes]
        try:
            return await self._run()
        except DatabaseFault as fault:
            raise self._failed(NO_DATABASE) from fault
        finally:
            if written:
                await asyncio.wait(written)  # who has the answer may ask for the decision

    async def _run(self) -> Outcome:
        spots = self._chat.spots
        for number in range(_ROUNDS):
            result = await self._try_all(spots)
            if result is None and number == 0:
                more = await self._desk.off_loop(self._chat.find_more)
                result = await self._try_all(more) if more else None
            if result is not None:
                return replace(self.outcome, result=result, cost_nano_usd=self.spent_nano_usd)
            if self._pause_s is None or self._pause_s > min(LONGEST_PAUSE_S, self._left_s):
                break
            await asyncio.sleep(self._pause_s)
        raise self._failed(self._failure)

    @property
    def _left_s(self) -> float:
        return self._deadline_s - time.monotonic()

    async def _try_all(self, spots: tuple[Spot, ...]) -> ChatResult | None:
        for number, spot in enumerate(spots, start=1):
            if self._left_s <= 0:
                break
            if spot.endpoint.connection in self._shut or not await self._is_admitted(spot):
                continue
            # While there are other places, this one may use half of the time.
            timeout_s = self._left_s if number == len(spots) else self._left_s / 2
            result = await self._try(spot, timeout_s)
            if result is not None:
                return result
        return None

    async def _is_admitted(self, spot: Spot) -> bool:
        wait_s = await self._desk.places.wait_s(spot)
        if wait_s > 0 and self._attempt == 0:
            where = f"{spot.choice.model_id} at {spot.endpoint.connection}"
            message = (
                f"{where} kept failing and is left alone for {wait_s:.0f} s. Ask again then, or for another model."
            )
            self._failure = Failure("BREAKER_OPEN", message, 503, wait_s)
        return wait_s <= 0

    async def _try(self, spot: Spot, timeout_s: float) -> ChatResult | None:
        """The answer of one place, None where another one may help. Raises ChatFailed."""
        self._attempt += 1
        try:
            grant = await self._desk.till.reserve(self._quote(spot, timeout_s))
        except NotGranted as error:
            self._failure = explain_refusal(error.refusal)
            if error.refusal.code is RefusalCode.MODEL_UNPRICED:
                return None
            raise self._failed(self._failure) from None
        self._note_place(spot)
        await self._wait_for_others(grant)
        try:
            result = await self._call(spot, grant, timeout_s)
        except CallFailed as failed:
            await self._desk.places.note_fault(spot, failed.fault)
            self._heed(failed.fault, spot)
            return None
        await self._desk.places.note_success(spot)
        return result

    async def _wait_for_others(self, grant: Grant) -> None:
        when_granted, self._when_granted = self._when_granted, None
        if when_granted is None:
            return
        try:
            await when_granted()
        except asyncio.CancelledError:
            self._desk.till.release(grant)
            raise

    async def _call(self, spot: Spot, grant: Grant, timeout_s: float) -> ChatResult:
        progress = CallProgress()
        try:
            result = await self._desk.call(
                grant,
                spot.endpoint,
                self._request(spot, grant, timeout_s),
                spot.secret,
                on_delta=self._pass_on,
                progress=progress,
            )
        except CallFailed as failed:
            self._book(settle_failure(grant, spot.endpoint, failed))
            raise
        except BaseException:
            self._book(settle_stopped(grant, spot.endpoint, progress))
            raise
        self._book(settle_answer(grant, spot.endpoint, result))
        return result

    def _heed(self, fault: Fault, spot: Spot) -> None:
        """Note what a failure means for what comes next. Raises ChatFailed where nothing does."""
        self._failure = explain_fault(fault)
        self._pause_s = None
        if self._has_begun or fault.action is FaultAction.FAIL_NODE:
            raise self._failed(self._failure) from None
        if fault.needs_person or fault.action in (FaultAction.STOP_RUN, FaultAction.ASK_PERSON):
            self._shut.add(spot.endpoint.connection)
        elif fault.action is FaultAction.RETRY:
            self._pause_s = _FIRST_PAUSE_S if fault.retry_after_s is None else fault.retry_after_s

    def _pass_on(self, delta: ChatDelta) -> None:
        if delta.text or delta.reasoning or delta.tool_calls or delta.thought:
            self._has_begun = self._chat.ask.is_streaming  # otherwise nothing has gone out
            self._on_delta(delta)

    def _note_place(self, spot: Spot) -> None:
        model_id, reason = spot.choice.model_id, self._chat.reason
        if model_id != self._chat.spots[0].choice.model_id:
            reason = f"{model_id} stands in: {self._failure.message} {reason}"
        self.outcome = replace(self.outcome, model_id=model_id, reason=reason, attempt_count=self._attempt)

    def _book(self, settlement: Settlement) -> None:
        self.spent_nano_usd += settlement.cost_nano_usd
        self._desk.till.settle(settlement)

    def _failed(self, failure: Failure) -> ChatFailed:
        return ChatFailed(failure, replace(self.outcome, cost_nano_usd=self.spent_nano_usd))

    # --- what is sent -----------------------------------------------------------------------

    def _request(self, spot: Spot, grant: Grant, timeout_s: float) -> ChatRequest:
        ask = self._chat.ask
        return ChatRequest(
            messages=ask.messages,
            max_output_tokens=output_limit(ask, spot.choice, self._chat.prompt_tokens),
            temperature=ask.temperature,
            tools=ask.tools,
            tool_choice=ask.tool_choice,
            response_format=ask.response_format,
            timeout_s=timeout_s,
            idempotency_key=str(grant.call_id),
            extra=_extra(ask, spot.endpoint),
            thinking=ask.thinking,
        )

    def _quote(self, spot: Spot, timeout_s: float) -> CallQuote:
        limit = output_limit(self._chat.ask, spot.choice, self._chat.prompt_tokens)
        prompt_tokens = self._chat.prompt_tokens - picture_excess(self._chat.ask.messages, spot.choice.model_id)
        return CallQuote(
            call_id=uuid.uuid5(self._chat.chat_id, str(self._attempt)),
            payer=self._chat.payer,
            endpoint=spot.endpoint,
            node_key=_NODE_KEY,
            attempt=self._attempt,
            purpose=Purpose.CHAT,
            amount_nano_usd=quote_nano(spot.endpoint, prompt_tokens, limit, writes_cache=True),
            expires_in_s=timeout_s + LEAVE_MARGIN_S,
        )


def _extra(ask: ChatAsk, endpoint: Endpoint) -> JsonObject:
    """What is handed on unread; agents that speak Responses say how hard to think whoever answers, so not to all."""
    is_refused = endpoint.protocol is Protocol.OPENAI and not takes_effort(endpoint)
    if ask.face is not Face.RESPONSES or not is_refused:
        return ask.extra
    return {name: value for name, value in ask.extra.items() if name not in _FOR_THINKERS}
