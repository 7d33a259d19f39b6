"""Does a node that a command-line agent works on: one try, for an agent changes files as it goes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final

from django.conf import settings
from django.utils import timezone

from runs.graph.live import Place
from runs.harness.shapes import HarnessFailed, HarnessResult
from runs.keeping.claims import call_id
from runs.keeping.commit import NodeResult
from runs.money import to_nano
from runs.nodes.floor import Floor
from runs.shapes import (
    CallQuote,
    CallStatus,
    Endpoint,
    Grant,
    NodeInput,
    NodeStatus,
    Protocol,
    Settlement,
    Usage,
)
from runs.texts.prompts import build_messages

OWN_ACCOUNT: Final = "the agent's own account"
DRAFT_EVERY_S: Final = 0.5
_FREE: Final = Decimal(0)


async def do_agent_node(floor: Floor, place: Place, inputs: Sequence[NodeInput]) -> NodeResult:
    """How the agent's work ended. Raises NoMoney, NotGranted, Claimed."""
    name = str(place.spec.params.get("driver", ""))
    if floor.facts.is_simulated:
        return _failed(place, "A simulated run starts no agent.", "simulated", None)
    grant, _ = await floor.get_leave(place, partial(_quote, floor, place, name))
    try:
        await floor.slots.take()
    except BaseException:
        floor.release(grant)
        raise
    started_at = timezone.now()
    floor.note_start(place, {"driver": name})
    try:
        return await _work(floor, place, inputs, grant, started_at)
    finally:
        floor.slots.give()


async def _work(
    floor: Floor, place: Place, inputs: Sequence[NodeInput], grant: Grant, started_at: datetime
) -> NodeResult:
    spec, name = place.spec, str(place.spec.params.get("driver", ""))
    prompt = "\n\n".join(str(message["content"]) for message in build_messages(spec, inputs))
    try:
        done = await floor.outside.run_harness(
            name, prompt, folder=str(floor.facts.run_id), timeout_s=_limit_s(place), on_text=_Draft(floor, place)
        )
    except HarnessFailed as failure:
        _settle(floor, place, grant, failure.partial, CallStatus.FAILED)
        return _failed(place, failure.message, failure.code.lower(), started_at)
    except BaseException:
        _settle(floor, place, grant, None, CallStatus.CANCELED)
        raise
    _settle(floor, place, grant, done, CallStatus.OK)
    return NodeResult(
        node_id=place.node_id,
        key=place.key,
        status=NodeStatus.COMPLETED,
        started_at=started_at,
        output=done.text,
        is_partial=done.is_cut,
        model_id=spec.model.model_id if spec.model else name,
        served_model=done.served_model,
        connection=name,
        usage=done.usage or Usage(),
        cost_nano_usd=place.cost_nano_usd,
        is_cost_uncertain=place.is_cost_uncertain,
        duration_ms=done.duration_ms,
    )


def _limit_s(place: Place) -> float:
    """An agent takes many turns: it has a limit of its own, which a request may lower."""
    limit_s = float(settings.HARNESS_TIMEOUT_SECONDS)
    return min(place.spec.timeout_s or limit_s, limit_s)


def _quote(floor: Floor, place: Place, name: str, attempt: int) -> CallQuote:
    """Nothing is set aside: an agent pays from its own account and says afterwards what it took."""
    model_id = place.spec.model.model_id if place.spec.model else name
    endpoint = Endpoint(
        connection=name,
        provider=name,
        protocol=Protocol.OPENAI,
        base_url="",
        wire_model=name,
        model_id=model_id,
        prompt_usd_per_mtok=_FREE,
        completion_usd_per_mtok=_FREE,
        price_source=OWN_ACCOUNT,
    )
    return CallQuote(
        call_id=call_id(floor.facts.run_id, place.key, attempt),
        payer=replace(floor.facts.payer, driver=name),
        endpoint=endpoint,
        node_key=place.key,
        attempt=attempt,
        purpose=place.spec.purpose,
        amount_nano_usd=0,
        expires_in_s=2 * _limit_s(place),
    )


def _settle(floor: Floor, place: Place, grant: Grant, done: HarnessResult | None, status: CallStatus) -> None:
    reported = to_nano(done.cost_usd) if done and done.cost_usd is not None else None
    place.cost_nano_usd += reported or 0
    usage = (done.usage if done else None) or Usage(is_estimated=True)
    if reported is None:  # it took something, and did not say what: no figure of this line is to pass for measured
        place.is_cost_uncertain = True
        usage = replace(usage, is_estimated=True)
    floor.settle(
        Settlement(
            call_id=grant.call_id,
            status=status,
            usage=usage,
            cost_nano_usd=reported or 0,
            reported_nano_usd=reported,
            served_model=done.served_model if done else "",
            latency_ms=round(done.duration_ms) if done else None,
            error_code="" if status is CallStatus.OK else status.value,
        )
    )


def _failed(place: Place, error: str, code: str, started_at: datetime | None) -> NodeResult:
    return NodeResult(
        node_id=place.node_id,
        key=place.key,
        status=NodeStatus.FAILED,
        started_at=started_at,
        cost_nano_usd=place.cost_nano_usd,
        is_cost_uncertain=place.is_cost_uncertain,
        error=error,
        error_code=code,
    )


class _Draft:
    """Hands on what the agent has said so far, now and then."""

    def __init__(self, floor: Floor, place: Place) -> None:
        self._floor = floor
        self._place = place
        self._said: list[str] = []
        self._shown_at_s = time.monotonic()

    def __call__(self, text: str) -> None:
        self._said.append(text)
        if time.monotonic() - self._shown_at_s >= DRAFT_EVERY_S:
            self._shown_at_s = time.monotonic()
            self._floor.draft(self._place, "".join(self._said))
