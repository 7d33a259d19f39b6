"""Does a node that a language model answers: the places one after the other, each with its tries."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.utils import timezone

from runs.graph.live import Place
from runs.keeping.commit import NodeResult
from runs.keeping.events import EventKind
from runs.nodes.floor import Floor, NoMoney, NotGranted
from runs.nodes.sending import Asked, Sender, ask
from runs.places.lookup import Spot
from runs.providers.faults import CallFailed, FaultCode
from runs.shapes import ChatResult, FaultAction, Json, NodeInput, NodeStatus, Reading
from runs.texts.cleaning import clean_text
from runs.texts.prompts import build_request
from runs.texts.readings import is_worth_keeping, next_request, read_answer

FIRST_PAUSE_S: Final = 0.5  # before the second try at a place; doubled before each further one
LONGEST_PAUSE_S: Final = 30.0
LOOK_AT_BREAKER_EVERY_S: Final = 2.0
# Where one call in five is refused, ten thousand nodes lose none; the node's own time may end it sooner.
MOST_FREE_TRIES: Final = 12
# What is left of a node's time at its end brings no answer any more, and a call would be paid for all the same.
MOST_LOST_S: Final = 1.0
LOST_SHARE: Final = 0.05
LOOK_AT_CONNECTIONS: Final = "Look at the Connections page."


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no answer yet."""

    code: str
    message: str
    hint: str = ""
    stops_run: bool = False


@dataclass(frozen=True, slots=True)
class _Again:
    """The same place once more, after a wait."""

    asked: Asked
    pause_s: float = 0.0
    is_free: bool = False  # what went before cost nothing


@dataclass(slots=True)
class _Tries:
    """How often one place may still be tried."""

    paid: int
    free: int

    def allow(self, again: _Again) -> bool:
        """Count a try that went wrong; whether another may be made."""
        self.paid -= not again.is_free
        self.free -= 1
        return self.paid > 0 and self.free > 0


class NodeCalls:
    """The calls of one node, until one of them gives an answer."""

    def __init__(self, floor: Floor, place: Place, inputs: Sequence[NodeInput]) -> None:
        self._floor = floor
        self._place = place
        self._spec = place.spec  # with the model that is being tried
        self._inputs = inputs
        self._sender = Sender(floor, place)
        self._problem = Problem("no_model", "No model was chosen for this node.")
        self._cut_off: tuple[Spot, ChatResult, Reading] | None = None  # better than nothing
        self._last_spot: Spot | None = None

    async def run(self) -> NodeResult:
        """How the node ended. Raises NoMoney and Claimed."""
        spec = self._place.spec
        choices = [choice for choice in (spec.model, *spec.fallbacks) if choice is not None]
        for choice in choices:
            self._spec = spec if choice is spec.model else replace(spec, model=choice)
            asked = ask(build_request(self._spec, self._inputs))
            found = await self._floor.places.find(choice, asked.prompt_tokens)
            if found.problem and not found.spots:
                self._problem = Problem(found.code, found.problem, LOOK_AT_CONNECTIONS)
            for number, spot in enumerate(found.spots, start=1):
                is_last = choice is choices[-1] and number == len(found.spots)
                result = await self._try_spot(spot, asked, is_last=is_last)
                if result is not None:
                    return result
        return self._without_answer()

    # --- one place --------------------------------------------------------------------------

    async def _try_spot(self, spot: Spot, asked: Asked, *, is_last: bool) -> NodeResult | None:
        """The node's end, or None where the next place may help."""
        if not await self._is_admitted(spot, is_last=is_last):
            return None
        self._tell_of_change(spot)
        # Refusals that pass and cost nothing are no reason to lose a node that has nowhere else to go.
        tries = _Tries(self._spec.max_attempts, MOST_FREE_TRIES if is_last else self._spec.max_attempts)
        while True:
            step = await self._try_once(spot, asked, is_last=is_last)
            if not isinstance(step, _Again):
                return step
            if not tries.allow(step) or not await self._pause(step.pause_s):
                return None
            if not await self._is_admitted(spot, is_last=is_last):
                return None
            asked = step.asked

    async def _try_once(self, spot: Spot, asked: Asked, *, is_last: bool) -> NodeResult | _Again | None:
        """The node's end, or how to go on here; None where only the next place may help."""
        left_s = self._sender.left_s
        if left_s <= min(MOST_LOST_S, self._sender.timeout_s * LOST_SHARE):
            return self._without_answer()
        limit_s = left_s if is_last else left_s / 2  # while there are other places to try, this one may use half
        try:
            answer = await self._sender.send(spot, asked, limit_s)
        except NoMoney:
            if self._cut_off is None:
                raise
            return self._without_answer()  # for a longer one the money is gone
        except NotGranted as refusal:
            self._problem = Problem(str(refusal.details.get("code", "")).lower(), refusal.message)
            return None
        except CallFailed as failure:
            await self._floor.places.note_fault(spot, failure.fault)
            step = self._heed_fault(failure, asked)
            # Who was not done in so much time will not be in half of it.
            used_up = failure.fault.code is FaultCode.TIMED_OUT and left_s - self._sender.left_s >= limit_s
            return None if used_up and isinstance(step, _Again) else step
        await self._floor.places.note_success(spot)
        reading = read_answer(self._spec, answer)
        if not reading.problem:
            return self._answered(spot, answer, reading)
        return self._heed_unusable(spot, asked, answer, reading)

    @property
    def _patience_s(self) -> float:
        """How long a pause at the last place may be: within the node's own time, which runs from its first call."""
        if self._sender.started_at is not None:
            return self._sender.left_s
        return max(self._sender.left_s, self._floor.facts.outage_patience_s)

    async def _is_admitted(self, spot: Spot, *, is_last: bool) -> bool:
        """Whether a call may go there; at the last place a pause is waited out as far as there is time for it."""
        waited_s = 0.0
        while (wait_s := await self._floor.places.wait_s(spot)) > 0:
            if not waited_s and self._last_spot is None:
                where = f"{spot.choice.model_id} at {spot.endpoint.connection}"
                message = f"{where} kept failing and is left alone for {wait_s:.0f} s."
                self._problem = Problem("breaker_open", message, LOOK_AT_CONNECTIONS)
            if not is_last or waited_s + wait_s > self._patience_s:
                return False
            # Others may find out sooner that it works again.
            if not waited_s:
                self._tell_of_wait(spot, wait_s)
            pause_s = min(wait_s, LOOK_AT_BREAKER_EVERY_S)
            with self._floor.resting():
                await asyncio.sleep(pause_s)
            waited_s += pause_s
        return True

    def _tell_of_wait(self, spot: Spot, wait_s: float) -> None:
        message = f"{spot.endpoint.connection} kept failing: waits until it may be asked again, {wait_s:.0f} s at most."
        data = {"code": "breaker_open", "attempt": self._place.attempt, "waitMs": round(wait_s * 1000)}
        self._floor.tell(EventKind.NODE_RETRYING, self._place, message, data)

    def _heed_fault(self, failure: CallFailed, asked: Asked) -> NodeResult | _Again | None:
        fault = failure.fault
        stops_run = fault.action is FaultAction.STOP_RUN
        message = clean_text(fault.message)
        self._problem = Problem(fault.code.value, message, fault.hint, stops_run=stops_run)
        if fault.action is FaultAction.FAIL_NODE:
            return self._without_answer()
        if fault.action is not FaultAction.RETRY:
            return None  # the breaker keeps others from a place that only a person can mend
        pause_s = _pause_s(self._place.attempt, fault.retry_after_s)
        return _Again(asked, pause_s, is_free=not failure.may_be_billed)

    def _heed_unusable(self, spot: Spot, asked: Asked, answer: ChatResult, reading: Reading) -> _Again | None:
        """Note why an answer cannot be used; how to ask the same model again, if that may help."""
        message = f"The answer of {spot.choice.model_id} is {reading.problem}."
        self._problem = Problem("unusable_answer", message)
        if is_worth_keeping(reading):
            self._problem = Problem("cut_off", message, "Allow more output tokens.")
            self._cut_off = (spot, answer, reading)
        again = next_request(self._spec, asked.request, reading)
        return None if again is None else _Again(ask(again))

    async def _pause(self, pause_s: float) -> bool:
        """Wait without a slot; False when there is no time for it."""
        if pause_s >= self._sender.left_s:
            return False
        problem = self._problem
        data = {"code": problem.code, "attempt": self._place.attempt, "waitMs": round(pause_s * 1000)}
        self._floor.tell(EventKind.NODE_RETRYING, self._place, problem.message, data)
        if pause_s > 0:
            with self._floor.resting():
                await asyncio.sleep(pause_s)
        return True

    def _tell_of_change(self, spot: Spot) -> None:
        """Say that another place goes on."""
        former, self._last_spot = self._last_spot, spot
        if former is not None:
            data = {
                "code": self._problem.code,
                "fromModel": former.choice.model_id,
                "fromConnection": former.endpoint.connection,
                "model": spot.choice.model_id,
                "connection": spot.endpoint.connection,
            }
            message = f"{spot.choice.model_id} at {spot.endpoint.connection} goes on: {self._problem.message}"
            self._floor.tell(EventKind.NODE_FALLBACK, self._place, message, data)

    # --- the end ----------------------------------------------------------------------------

    def _answered(self, spot: Spot, answer: ChatResult, reading: Reading) -> NodeResult:
        return replace(
            self._result(NodeStatus.COMPLETED, spot),
            output=reading.output,
            score=reading.score,
            data=_data(answer, reading),
            served_model=answer.served_model,
            finish_reason=answer.finish_reason,
            first_token_ms=answer.first_token_ms,
        )

    def _without_answer(self) -> NodeResult:
        """The node failed, unless there is a text that was cut off: that is better than none, and marked."""
        if self._cut_off is None:
            result = replace(self._result(NodeStatus.FAILED, self._last_spot), stops_run=self._problem.stops_run)
        else:
            result = replace(self._answered(*self._cut_off), is_partial=True)
        problem, message = self._problem, self._problem.message
        if problem.code == FaultCode.TIMED_OUT:  # the last place had only what the others left
            message = f"{message}, and the {self._sender.timeout_s:g} s that this part may take are over"
        return replace(result, error=message, error_code=problem.code, hint=problem.hint)

    def _result(self, status: NodeStatus, spot: Spot | None) -> NodeResult:
        started_at, tally = self._sender.started_at, self._sender.tally
        return NodeResult(
            node_id=self._place.node_id,
            key=self._place.key,
            status=status,
            started_at=started_at,
            model_id=spot.choice.model_id if spot else "",
            connection=spot.endpoint.connection if spot else "",
            usage=tally.usage,
            cost_nano_usd=tally.cost_nano_usd,
            is_cost_uncertain=tally.is_uncertain,
            duration_ms=(timezone.now() - started_at).total_seconds() * 1000 if started_at else None,
        )


def _data(answer: ChatResult, reading: Reading) -> Json:
    """The structured reading; where the answer names its sources, those beside it."""
    if not answer.citations:
        return reading.data
    sources: Json = [{"url": citation.url, "title": citation.title} for citation in answer.citations]
    found = dict(reading.data) if isinstance(reading.data, dict) else {}
    return {**found, "citations": sources}


def _pause_s(attempt: int, asked_s: float | None) -> float:
    """How long to wait: as the provider asks, else longer each time, and not in step with others."""
    if asked_s is not None:
        return asked_s
    longest_s = min(FIRST_PAUSE_S * 2.0 ** (max(attempt, 1) - 1), LONGEST_PAUSE_S)
    return longest_s * random.uniform(0.5, 1.0)  # noqa: S311  no secret
