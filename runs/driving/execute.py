"""Drives one run: starts each node the moment its own inputs are there, and brings the run to its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Final, TypeVar

from django.db import Error as DatabaseFault
from django.utils import timezone

from runs.driving.ending import Stop, end_run
from runs.driving.loading import LoadedRun
from runs.driving.sharing import COME_WITHIN, see_help
from runs.driving.telling import tell_end, tell_ending
from runs.driving.tracing import tell_of_node_end, told_of_node, told_of_run
from runs.graph.live import Move, Place
from runs.graph.slots import Slots, count_ahead
from runs.graph.suspects import is_suspect, most_at_once, most_suspect_first
from runs.keeping.claims import HEARTBEAT_S, Lease, LeaseLost, extend_lease, give_up_lease, is_cancel_requested
from runs.keeping.commit import Group, NodeResult, Written, write_group
from runs.keeping.events import EventKind, NewEvent
from runs.keeping.writer import Claimed, GroupWriter
from runs.nodes.floor import BUDGET_EXHAUSTED, BUDGET_LOW, Floor
from runs.nodes.outside import Outside
from runs.nodes.purse import Purse
from runs.nodes.work import do_node, without_result
from runs.places.lookup import Places
from runs.shapes import NodeStatus
from smartspawn import tracing

LOG = logging.getLogger(__name__)
# How often a driver that has nothing to write looks whether the run is still wanted.
LOOK_EVERY_S: Final = 0.5
T = TypeVar("T")


class Driver:
    """Drives one run that it holds the lease of."""

    def __init__(self, lease: Lease, loaded: LoadedRun, outside: Outside, *, writes: Executor, reads: Executor) -> None:
        self._lease = lease
        self._elsewhere: set[str] = set()  # nodes that other processes work on
        self._is_shared = False
        self._has_suspects = any(is_suspect(place) for place in loaded.graph.places.values())
        self._whole_slot_count = loaded.slot_count
        self._graph = loaded.graph
        self._deadline_at = loaded.deadline_at
        self._writes, self._reads = writes, reads
        self._writer = GroupWriter(
            self._write,
            self._on_written,
            has_drafts=loaded.facts.keeps_drafts,
            patience=count_ahead(loaded.slot_count) // 2,
        )
        self._floor = Floor(
            loaded.facts,
            outside,
            Places(reads, is_simulated=loaded.facts.is_simulated),
            slots=Slots(loaded.slot_count),
            purse=Purse(loaded.money, loaded.share),
            writer=self._writer,
        )
        self._floor.on_rest = self._start_nodes
        self._floor.slots.on_full = self._begin_ahead
        self._floor.is_closing_node = self._graph.is_closing_node
        self._ready: deque[str] = deque()
        self._is_ahead = False  # nodes get their leave before a slot is free
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._is_over = asyncio.Event()
        self._is_starting = True
        self._stop = _stop_at_once(loaded)
        self._stop_words = ""
        self._fault: BaseException | None = None
        self._written_at_s = time.monotonic()
        self._trace = tracing.current()  # what nodes are traced below

    def stop(self, stop: Stop, words: str = "") -> None:
        """End the run before its time, or hand it over; the first word counts."""
        if self._stop is None:
            self._stop, self._stop_words = stop, words
        self._is_over.set()

    async def drive(self) -> None:
        """Bring the run to its end, or give it up so that another can. Raises LeaseLost and database faults."""
        facts = self._floor.facts
        parent = tracing.parent_noted(facts.traceparent)
        with tracing.span(f"run {facts.payer.mode}", told_of_run(facts), parent=parent) as span:
            self._trace = tracing.current()
            await self._drive()
            if self._stop is not None:
                span.fail(self._stop.value)

    async def _drive(self) -> None:
        writing = asyncio.ensure_future(self._writer.run())
        looking = asyncio.ensure_future(self._look())
        for task in (writing, looking):
            task.add_done_callback(self._on_helper_done)
        try:
            if self._stop is None:
                self._heed(most_suspect_first(self._graph.first_moves(), self._graph.places))
                self._check_over()
            else:
                self._is_over.set()
            await self._is_over.wait()
        except asyncio.CancelledError:
            self.stop(Stop.HANDED_OVER)
        # From here on every connection is closed and every call settled before the run is let go of.
        self._is_starting = False
        await _cancel((*self._tasks.values(), looking))
        self._writer.close()
        await asyncio.wait((writing,))
        if self._fault is not None:
            await self._book_what_is_left()
            raise self._fault
        await self._close()

    # --- nodes ------------------------------------------------------------------------------

    def _heed(self, moves: Iterable[Move]) -> None:
        """Take the nodes' next steps."""
        for move in moves:
            place = self._graph.places[move.key]
            if place.is_started or place.status.is_final:
                continue
            if not move.is_ready:
                self._end_unstarted(place, NodeStatus.SKIPPED, move.reason, move.code)
            elif self._graph.is_closing and not self._graph.is_closing_node(move.key):
                self._leave_out(place)
            else:
                place.is_started = True
                self._ready.append(move.key)
        self._start_nodes()

    def _start_nodes(self) -> None:
        """Start what is ready, as far as there is room."""
        slots = self._floor.slots.count
        ahead = count_ahead(slots) if self._is_ahead else 0
        room = slots + ahead + self._floor.resting_count - len(self._tasks)
        while self._ready and room > 0 and self._is_starting and self._stop is None:
            key = self._ready.popleft()
            place = self._graph.places[key]
            if key in self._elsewhere or place.status.is_final:
                continue
            if not self._may_join(place):
                self._ready.appendleft(key)
                return
            self._tasks[key] = asyncio.ensure_future(self._do(place))
            room -= 1

    def _begin_ahead(self) -> None:
        """All slots are taken: time to prepare what comes next. Before, it would only hold up the first calls."""
        if not self._is_ahead:
            self._is_ahead = True
            asyncio.get_running_loop().call_soon(self._start_nodes)

    def _may_join(self, place: Place) -> bool:
        """Whether the node may be begun beside those at work, should one of them be what kills drivers."""
        if not self._has_suspects:
            return True
        company = [place, *(self._graph.places[key] for key in self._tasks)]
        self._has_suspects = any(map(is_suspect, company))  # they come first: after them there are no more
        return len(self._tasks) < most_at_once(company, self._floor.slots.count) or not self._has_suspects

    async def _do(self, place: Place) -> None:
        try:
            with tracing.span(f"node {place.key}", told_of_node(place), parent=self._trace) as span:
                result = await do_node(self._floor, place, self._graph.inputs(place.key))
                tell_of_node_end(span, result)
        except asyncio.CancelledError:
            self._is_starting = False  # nodes are stopped one and all
            raise
        except Claimed:
            self._leave_to_another(place)
        except (LeaseLost, DatabaseFault) as fault:
            self._fail(fault)
        else:
            self._hand_in(place, result)
        finally:
            self._tasks.pop(place.key, None)
            self._start_nodes()

    def _hand_in(self, place: Place, result: NodeResult) -> None:
        """Have a result written; only then do others see it."""
        self._writer.group.results.append(result)
        self._writer.group.events.append(tell_end(result, place.spec.title))
        if self._is_awaited(place):
            self._writer.hurry()
        else:
            self._writer.stir()

    def _is_awaited(self, place: Place) -> bool:
        """Whether others can begin, or the run can end, once the node's end stands."""
        is_last = not self._ready and len(self._tasks) <= 1
        return is_last or bool(place.spec.expands) or self._graph.has_waiting_dependents(place.key)

    def _end_unstarted(self, place: Place, status: NodeStatus, reason: str, code: str) -> None:
        place.is_started = True
        self._hand_in(place, without_result(place, status, reason, code))

    # --- what was written -------------------------------------------------------------------

    async def _write(self, group: Group) -> Written:
        written = await self._off_loop(self._writes, partial(write_group, self._lease, group))
        self._written_at_s = time.monotonic()
        return written

    def _on_written(self, group: Group, written: Written) -> None:
        for result in group.results:
            if result.node_id in written.strangers:
                self._leave_to_another(self._graph.places[result.key])
            else:
                self._take_in(result, written.grown_ids.get(result.key, ()))
        if written.is_cancel_requested:
            self.stop(Stop.CANCELED)
        if self._floor.purse.is_low and not self._graph.is_closing:
            self._begin_closing()
        self._check_over()

    def _take_in(self, result: NodeResult, grown_ids: Sequence[int] = ()) -> None:
        """A result stands: others may build on it."""
        place = self._graph.places[result.key]
        place.score, place.data, place.is_partial = result.score, result.data, result.is_partial
        place.model_id = result.model_id or place.model_id
        place.error, place.error_code = result.error, result.error_code
        place.cost_nano_usd = result.cost_nano_usd
        if self._graph.has_waiting_dependents(place.key) or place.key == self._graph.final:
            place.output = result.output
        moves = []
        if result.growth is not None:
            moves += self._graph.grow(result.growth, grown_ids)
            self._floor.purse.share.follow(self._graph.places)
            data = {"nodes": [spec.key for spec in result.growth.nodes]}
            self._floor.tell(EventKind.PLAN_GROWN, place, f"{len(result.growth.nodes)} nodes more", data)
        moves += self._graph.end(place.key, result.status)
        self._floor.purse.share.take_in(place.key, result.output)
        if result.error_code in (BUDGET_LOW, BUDGET_EXHAUSTED) and not self._graph.is_closing:
            self._begin_closing()
        if result.stops_run:
            self.stop(Stop.STOPPED, result.error)
        self._heed(moves)

    def _check_over(self) -> None:
        if self._graph.open_count == 0 or self._stop is not None:
            self._is_over.set()

    # --- other processes that help ----------------------------------------------------------

    def share(self, helper_count: int) -> None:
        """Leave their part of the calls to so many helpers."""
        self._is_shared = True
        self._floor.resize(-(-self._whole_slot_count // (1 + helper_count)))

    def _leave_to_another(self, place: Place) -> None:
        """Another process works on the node: whoever leads waits for its end, a helper forgets it."""
        if self._lease.is_help:
            self._graph.drop(place.key)
            self._check_over()
        else:
            self._elsewhere.add(place.key)

    async def _look_at_helpers(self, *, is_late: bool) -> None:
        """Take in what helpers have finished, leave them what they work on, take over what they left."""
        graph, asked = self._graph, {*self._ready, *self._elsewhere}
        ids = [graph.places[key].node_id for key in asked]
        needs_output = any(graph.has_waiting_dependents(key) for key in asked)
        seen = await self._off_loop(self._reads, partial(see_help, self._lease, ids, needs_output=needs_output))
        self._floor.purse.spent_nano_usd = seen.spent_nano_usd
        still = asked & {*self._ready, *self._elsewhere}  # what we have begun meanwhile is ours
        held = {key for key in still if graph.places[key].node_id in seen.held_ids}
        ended = [result for result in seen.results if result.key in still]
        free = self._elsewhere - held - {result.key for result in ended}
        self._elsewhere = held
        self._ready.extend(sorted(free))
        for result in ended:
            self._take_in(result)
        if is_late and not seen.held_ids:
            self._floor.resize(self._whole_slot_count)  # nobody came, or nobody is left
        self._start_nodes()
        self._check_over()

    # --- money runs low ---------------------------------------------------------------------

    def _begin_closing(self) -> None:
        """Start nothing new but what brings the answers together."""
        self._graph.is_closing = True
        message = "Most of the budget is used: nothing new starts but what brings the answers together."
        self._writer.group.events.append(NewEvent(EventKind.RUN_BUDGET_LOW, message=message))
        ready, self._ready = self._ready, deque[str]()
        for key in ready:
            if self._graph.is_closing_node(key):
                self._ready.append(key)
            else:
                self._leave_out(self._graph.places[key])
        for place in self._graph.waiting():
            if not self._graph.is_closing_node(place.key):
                self._leave_out(place)

    def _leave_out(self, place: Place) -> None:
        reason = "Not begun: most of the run's budget was used."
        self._end_unstarted(place, NodeStatus.CANCELED, reason, BUDGET_LOW)

    # --- looking after the run --------------------------------------------------------------

    async def _look(self) -> None:
        """Keep the lease, and see in time that the run is to end."""
        began_s = beat_at_s = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            now_s = time.monotonic()
            if now_s - beat_at_s >= HEARTBEAT_S:
                beat_at_s = now_s
                if not await self._off_loop(self._reads, partial(extend_lease, self._lease)):
                    raise LeaseLost(f"run {self._lease.run_id} is driven by another")
            is_told = now_s - self._written_at_s < LOOK_EVERY_S  # by the last write
            if not is_told and await self._off_loop(self._reads, partial(is_cancel_requested, self._lease)):
                self.stop(Stop.CANCELED)
            if timezone.now() >= self._deadline_at:
                self.stop(Stop.TIMED_OUT)
            if self._is_shared or self._elsewhere:
                await self._look_at_helpers(is_late=now_s - began_s > COME_WITHIN.total_seconds())

    def _on_helper_done(self, task: asyncio.Future[None]) -> None:
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._fail(fault)

    def _fail(self, fault: BaseException) -> None:
        """What keeps this driver from going on; the rows stay good for the next one."""
        self._fault = self._fault or fault
        self._is_over.set()

    # --- the end ----------------------------------------------------------------------------

    async def _book_what_is_left(self) -> None:
        """Settle the calls that ended after the run was lost to another driver."""
        if isinstance(self._fault, LeaseLost) and not self._writer.group.is_empty:
            with contextlib.suppress(LeaseLost):  # raised anew, after the money is booked
                await self._write(self._writer.group)

    async def _close(self) -> None:
        """End the run, or let go of it."""
        if self._lease.is_help or (self._stop is Stop.HANDED_OVER and self._graph.open_count):
            await self._off_loop(self._writes, partial(give_up_lease, self._lease))
            return
        stop = self._stop if self._graph.open_count else None
        ending = await self._off_loop(
            self._writes, partial(end_run, self._lease.run_id, self._graph, stop, self._stop_words)
        )
        group = Group(ending=ending)
        for place in self._graph.places.values():
            if not place.status.is_final:
                result = without_result(place, NodeStatus.CANCELED, "The run ended first.", ending.stop_reason)
                group.results.append(result)
                group.events.append(tell_end(result, place.spec.title))
        group.events.append(tell_ending(ending))
        await self._write(group)

    async def _off_loop(self, pool: Executor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, work)


def _stop_at_once(loaded: LoadedRun) -> Stop | None:
    """Why a run that goes on is to end before anything is done."""
    if loaded.is_cancel_requested:
        return Stop.CANCELED
    return Stop.TIMED_OUT if timezone.now() >= loaded.deadline_at else None


async def _cancel(tasks: Iterable[asyncio.Future[None]]) -> None:
    waiting = [task for task in tasks if not task.done()]
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
