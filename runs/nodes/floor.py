"""Where the nodes of a run work: what they share, and through which all they do reaches the ledger and the rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from runs.graph.live import Place
from runs.graph.slots import Slots, count_ahead
from runs.keeping.events import EventKind, NewEvent
from runs.keeping.writer import GroupWriter
from runs.ledger import Refusal, RefusalCode
from runs.nodes.outside import Outside
from runs.nodes.purse import Purse
from runs.places.lookup import Places
from runs.shapes import CallQuote, Grant, Payer, Settlement
from smartspawn.lib.errors import SmartSpawnError
from smartspawn.lib.turnstile import Turnstile

BUDGET_LOW: Final = "budget_low"
BUDGET_EXHAUSTED: Final = "budget_exhausted"
# Money that other runs have set aside may come free; for so long a call waits for it.
MONEY_PATIENCE_S: Final = 30.0
# So many answers are worked on in one turn of the event loop once their calls are booked: where many come at once,
# turns are long and the calls that follow go first; in between turns are short and many.
AFTERWARDS_AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the nodes need to know of their run."""

    run_id: UUID
    payer: Payer
    is_simulated: bool
    node_timeout_s: float
    keeps_drafts: bool
    outage_patience_s: float = 0.0  # so long a node that has not begun waits at least for a place to work again
    traceparent: str = ""  # the trace that the run was asked for in


class NoMoney(SmartSpawnError):
    """The run's budget, or a cap that it counts in, lets no further call through."""

    code = "BUDGET_EXHAUSTED"

    def __init__(self, message: str, *, reason: str = BUDGET_EXHAUSTED, room_nano_usd: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.room_nano_usd = room_nano_usd  # what a smaller call could have


class NotGranted(SmartSpawnError):
    """The ledger gives no leave for this call, whatever money there is."""

    code = "CALL_REFUSED"


class Floor:
    """What the nodes of one run share."""

    def __init__(
        self, facts: RunFacts, outside: Outside, places: Places, *, slots: Slots, purse: Purse, writer: GroupWriter
    ) -> None:
        self.facts = facts
        self.outside = outside
        self.places = places
        self.slots = slots
        self.turns = Slots(slots.count + count_ahead(slots.count))  # to ask for leave: after an outage all come at once
        self.afterwards = Turnstile(AFTERWARDS_AT_ONCE)  # to work on an answer whose slot has gone to the next call
        self.purse = purse
        self.writer = writer
        self.resting_count = 0  # nodes that wait before a further attempt
        self.on_rest: Callable[[], None] = lambda: None
        self.is_closing_node: Callable[[str], bool] = lambda _key: False
        self._money_turn = asyncio.Lock()

    def resize(self, slot_count: int) -> None:
        """Have so many calls made at once from now on."""
        self.slots.resize(slot_count)
        self.turns.resize(slot_count + count_ahead(slot_count))

    # --- leave and money --------------------------------------------------------------------

    async def claim(self, place: Place) -> None:
        """Count an attempt of a node that costs nothing. Raises Claimed."""
        await self.writer.ask(place.node_id, None)
        place.attempt += 1

    async def get_leave(self, place: Place, make_quote: Callable[[int], CallQuote]) -> tuple[Grant, CallQuote]:
        """Leave for the node's next attempt; waits while only calls under way stand in the way.

        Raises NoMoney, NotGranted, and Claimed where another driver works on the node.
        """
        answer = await self._ask(place, make_quote)
        if answer is None:
            async with self._money_turn:  # one waits for money at a time, in the order of coming
                answer = await self._wait_for_money(place, make_quote)
        return answer

    async def _wait_for_money(self, place: Place, make_quote: Callable[[int], CallQuote]) -> tuple[Grant, CallQuote]:
        loop = asyncio.get_running_loop()
        alone_since = loop.time()
        while True:
            if self.purse.open_calls:
                alone_since = loop.time()
            is_last_try = loop.time() - alone_since > MONEY_PATIENCE_S
            answer = await self._ask(place, make_quote, is_final=is_last_try)
            if answer is not None:
                return answer
            await self.purse.until_money_moves(1.0)

    async def _ask(
        self, place: Place, make_quote: Callable[[int], CallQuote], *, is_final: bool = False
    ) -> tuple[Grant, CallQuote] | None:
        """The leave; None where waiting may help."""
        self._check_budget(place)
        quote = make_quote(place.attempt + 1)
        answer = await self.writer.ask(place.node_id, quote, is_urgent=self.slots.is_short_of_takers)
        place.attempt += 1
        if isinstance(answer, Grant):
            self.purse.open_call()
            return answer, quote
        if answer is None:
            raise RuntimeError("a call was answered as if it cost nothing")
        self.purse.share.expect(place.key, 0)
        if answer.code is not RefusalCode.CAP_EXCEEDED:
            raise NotGranted(answer.message, code=answer.code.value)
        if is_final or not answer.fits_once_settled:
            raise NoMoney(answer.message, room_nano_usd=_room(answer, is_final=is_final))
        return None

    def _check_budget(self, place: Place) -> None:
        if self.purse.is_low and not self.is_closing_node(place.key):
            raise NoMoney("Most of the run's budget is used; what is left is kept for the end.", reason=BUDGET_LOW)

    def settle(self, settlement: Settlement) -> None:
        """Book what a call came to, with the next group."""
        self.purse.close_call(settlement.cost_nano_usd)
        self.writer.group.settlements.append(settlement)
        self.writer.stir()

    def release(self, grant: Grant) -> None:
        """Give back the leave of a call that was never sent."""
        self.purse.close_call(0)
        self.writer.group.released.append(grant.call_id)
        self.writer.stir()

    # --- what others may see ----------------------------------------------------------------

    def tell(self, kind: EventKind, place: Place, message: str, data: Mapping[str, object]) -> None:
        """Say that something happened."""
        self.writer.group.events.append(NewEvent(kind, place.key, message, data))
        self.writer.stir()

    def note_start(self, place: Place, data: Mapping[str, object]) -> None:
        """The node's work begins."""
        self.writer.group.started.append(place.node_id)
        self.tell(EventKind.NODE_STARTED, place, place.spec.title, data)

    def draft(self, place: Place, text: str) -> None:
        """Show what the node has written so far."""
        self.writer.group.drafts[place.node_id] = (place.attempt, text)
        self.writer.stir()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """While the block lasts, another node may start in this one's place."""
        self.resting_count += 1
        self.on_rest()
        try:
            yield
        finally:
            self.resting_count -= 1


def _room(refusal: Refusal, *, is_final: bool) -> int:
    """What the cap that stood in the way leaves, once others have settled; at the last try they have not."""
    held = refusal.reserved_nano_usd if is_final else 0
    return max(0, (refusal.cap_nano_usd or 0) - refusal.spent_nano_usd - refusal.kept_nano_usd - held)
