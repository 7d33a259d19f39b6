"""Makes single calls for a node: leave from the ledger, a free slot, the call itself, and its settlement."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final

from django.utils import timezone

from runs.graph.closing import LEAST_OUTPUT_TOKENS
from runs.graph.live import Place
from runs.keeping.claims import call_id
from runs.keeping.events import EventKind
from runs.ledger import estimate_tokens, quote_nano
from runs.money import format_usd, to_nano, to_usd
from runs.nodes.floor import Floor, NoMoney
from runs.nodes.settling import Tally, settle_answer, settle_failure, settle_stopped
from runs.places.lookup import Spot
from runs.providers.call import CallProgress
from runs.providers.faults import CallFailed
from runs.providers.pricing import GROUNDING_TOKENS, most_search_usd
from runs.shapes import CallQuote, CallStatus, ChatDelta, ChatRequest, ChatResult, Endpoint, Grant, Settlement
from runs.texts.cleaning import clean_text

DRAFT_EVERY_S: Final = 0.5
# A call that waits for a free slot keeps its leave; it must not expire before its turn.
LEAVE_MARGIN_S: Final = 60.0
# Others may spend what it was shortened to while it waits.
MOST_SHORTENINGS: Final = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """A request and how long its prompt is."""

    request: ChatRequest
    prompt_tokens: int


def ask(request: ChatRequest) -> Asked:
    """The request with its length."""
    return Asked(request, estimate_tokens(request.messages))


class Sender:
    """Makes a node's calls, and keeps its time and the sum of what they cost."""

    def __init__(self, floor: Floor, place: Place) -> None:
        self.tally = Tally(place.cost_nano_usd, is_uncertain=place.is_cost_uncertain)
        self.started_at: datetime | None = None
        self._floor = floor
        self._place = place
        self._deadline_s: float | None = None

    @property
    def timeout_s(self) -> float:
        """The node's whole time."""
        site_s = self._floor.facts.node_timeout_s
        own_s = self._place.spec.timeout_s
        return min(own_s, site_s) if own_s else site_s

    @property
    def left_s(self) -> float:
        """What is left of it; it runs from the first call, waiting for a slot does not count."""
        return self.timeout_s if self._deadline_s is None else self._deadline_s - time.monotonic()

    async def send(self, spot: Spot, asked: Asked, timeout_s: float) -> ChatResult:
        """The answer; the call is settled whatever becomes of it. Raises CallFailed, NoMoney, NotGranted, Claimed."""
        await self._floor.turns.take(is_retry=self._deadline_s is not None)
        try:
            answer = await self._send(spot, asked, timeout_s)
        finally:
            self._floor.turns.give()
        with contextlib.suppress(asyncio.CancelledError):  # what was answered and paid for is kept, also at a stop
            await self._floor.afterwards.pass_through()
        return answer

    async def _send(self, spot: Spot, asked: Asked, timeout_s: float) -> ChatResult:
        grant, quote, asked = await self._get_leave(spot, asked)
        try:
            await self._floor.slots.take(is_retry=self._deadline_s is not None)
        except asyncio.CancelledError:
            self._floor.release(grant)
            raise
        try:
            self._begin(spot)
            request = replace(asked.request, timeout_s=timeout_s, idempotency_key=str(quote.call_id))
            return await self._call(spot, request, grant)
        finally:
            self._floor.slots.give()

    async def _call(self, spot: Spot, request: ChatRequest, grant: Grant) -> ChatResult:
        progress = CallProgress()
        on_delta = _Draft(self._floor, self._place) if self._floor.facts.keeps_drafts else _unread
        try:
            answer = await self._floor.outside.call(
                grant, spot.endpoint, request, spot.secret, on_delta=on_delta, progress=progress
            )
        except CallFailed as failure:
            self._book(grant, settle_failure(grant, spot.endpoint, failure))
            raise
        except BaseException:
            self._book(grant, settle_stopped(grant, spot.endpoint, progress))
            raise
        self._book(grant, settle_answer(grant, spot.endpoint, answer))
        text = clean_text(answer.text)
        return answer if text is answer.text else replace(answer, text=text)

    async def _get_leave(self, spot: Spot, asked: Asked) -> tuple[Grant, CallQuote, Asked]:
        """Leave for the call. What brings the others' work together is rather asked for less than left out."""
        for _ in range(MOST_SHORTENINGS):
            try:
                return *await self._floor.get_leave(self._place, partial(self._quote, spot, asked)), asked
            except NoMoney as short:
                is_closing = bool(self._place.spec.depends_on) and self._floor.is_closing_node(self._place.key)
                limit = _affordable_tokens(spot.endpoint, asked, short.room_nano_usd) if is_closing else 0
                if not LEAST_OUTPUT_TOKENS <= limit < asked.request.max_output_tokens:
                    raise
                asked = replace(asked, request=replace(asked.request, max_output_tokens=limit))
                message = f"The money left allows an answer of {limit:,} tokens at most."
                self._floor.tell(EventKind.NODE_SHORTENED, self._place, message, {"maxOutputTokens": limit})
        return *await self._floor.get_leave(self._place, partial(self._quote, spot, asked)), asked

    def _book(self, grant: Grant, settlement: Settlement) -> None:
        """Settle a call; the node keeps the sum, also where it ends without an answer."""
        self._floor.settle(self.tally.add(settlement))
        self._place.cost_nano_usd = self.tally.cost_nano_usd
        self._place.is_cost_uncertain = self.tally.is_uncertain
        if settlement.status is CallStatus.UNCERTAIN:
            amount_usd = to_usd(settlement.cost_nano_usd)
            message = f"Nobody knows whether this call was billed: it is charged at ${amount_usd}, as set aside."
            data = {"attempt": self._place.attempt, "amountUsd": float(amount_usd)}
            self._floor.tell(EventKind.MONEY_UNCERTAIN, self._place, message, data)
        if settlement.cost_nano_usd > grant.amount_nano_usd:
            self._tell_of_overrun(grant, settlement)

    def _tell_of_overrun(self, grant: Grant, settlement: Settlement) -> None:
        """A call cost more than it had leave for: what a provider's own search adds to a prompt has no known end."""
        cost, aside = settlement.cost_nano_usd, grant.amount_nano_usd
        message = f"This call cost {format_usd(cost)}, and {format_usd(aside)} was set aside for it."
        data = {"attempt": self._place.attempt, "costUsd": float(to_usd(cost)), "setAsideUsd": float(to_usd(aside))}
        self._floor.tell(EventKind.MONEY_OVERRUN, self._place, message, data)

    def _quote(self, spot: Spot, asked: Asked, attempt: int) -> CallQuote:
        facts, share = self._floor.facts, self._floor.purse.share
        share.expect(self._place.key, asked.request.max_output_tokens)
        return CallQuote(
            call_id=call_id(facts.run_id, self._place.key, attempt),
            payer=facts.payer,
            endpoint=spot.endpoint,
            node_key=self._place.key,
            attempt=attempt,
            purpose=self._place.spec.purpose,
            amount_nano_usd=_most_nano(spot.endpoint, asked),
            expires_in_s=2 * self.timeout_s + LEAVE_MARGIN_S,
            kept_nano_usd=share.kept_nano(self._place.key),
            least_kept_nano_usd=share.least_kept_nano(self._place.key),
        )

    def _begin(self, spot: Spot) -> None:
        """The first call starts the node's clock."""
        if self._deadline_s is None:
            self._deadline_s = time.monotonic() + self.timeout_s
            self.started_at = timezone.now()
            where = {"model": spot.choice.model_id, "connection": spot.endpoint.connection}
            self._floor.note_start(self._place, where)


def _most_nano(endpoint: Endpoint, asked: Asked) -> int:
    """What the call may cost: prompt, the longest answer, and a search with what it adds to the prompt.

    A fee for searches that nobody publishes is not set aside; the forecast says so.
    """
    limit = asked.request.max_output_tokens
    if not asked.request.uses_web_search:
        return quote_nano(endpoint, asked.prompt_tokens, limit)
    fee = most_search_usd(endpoint) or Decimal(0)
    return quote_nano(endpoint, asked.prompt_tokens + GROUNDING_TOKENS, limit) + to_nano(fee)


def _affordable_tokens(endpoint: Endpoint, asked: Asked, room_nano_usd: int) -> int:
    """How long an answer so much money pays for, beside the prompt."""
    unanswered = replace(asked, request=replace(asked.request, max_output_tokens=0))
    left_nano_usd = room_nano_usd - _most_nano(endpoint, unanswered)
    token_nano_usd = quote_nano(endpoint, 0, 1_000) / 1_000
    return int(left_nano_usd / token_nano_usd) if left_nano_usd > 0 and token_nano_usd else 0


def _unread(_delta: ChatDelta) -> None:
    """For nodes whose text nobody reads as it is written: they are streamed so that a part has a known price."""


class _Draft:
    """Hands on what a model has written so far, now and then."""

    def __init__(self, floor: Floor, place: Place) -> None:
        self._floor = floor
        self._place = place
        self._pieces: list[str] = []
        self._shown_at_s = time.monotonic()

    def __call__(self, delta: ChatDelta) -> None:
        self._pieces.append(delta.text)
        if time.monotonic() - self._shown_at_s >= DRAFT_EVERY_S:
            self._shown_at_s = time.monotonic()
            self._floor.draft(self._place, "".join(self._pieces))
