"""Does one node, whatever its kind; nothing that goes wrong in it reaches beyond it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from django.db import Error as DatabaseFault
from django.utils import timezone

from runs.graph.expansion import grow
from runs.graph.live import Place
from runs.keeping.claims import LeaseLost
from runs.keeping.commit import NodeResult
from runs.keeping.writer import Claimed
from runs.nodes.agents import do_agent_node
from runs.nodes.calling import NodeCalls
from runs.nodes.floor import Floor, NoMoney
from runs.shapes import NodeInput, NodeKind, NodeStatus, Reading
from runs.texts.transforms import apply_transform
from smartspawn.lib.errors import SmartSpawnError

LOG = logging.getLogger(__name__)
INTERNAL: Final = "internal"
TIMED_OUT: Final = "timed_out"
NOTHING_USABLE: Final = "nothing_usable"


async def do_node(floor: Floor, place: Place, inputs: Sequence[NodeInput]) -> NodeResult:
    """How the node ended. Raises Claimed where another driver works on it, LeaseLost where that one has the run."""
    try:
        result = await _do(floor, place, inputs)
        if result.status is NodeStatus.COMPLETED and place.spec.expands:
            result = replace(result, growth=grow(place.spec, result.output or ""))
        return result
    except NoMoney as reason:
        return without_result(place, NodeStatus.CANCELED, reason.message, reason.reason)
    except (Claimed, LeaseLost, DatabaseFault):
        raise
    except SmartSpawnError as error:
        return without_result(place, NodeStatus.FAILED, error.message, error.code.lower())
    except Exception as error:  # one node in a run: whatever goes wrong in it must not end the others
        LOG.exception("node %s of run %s failed", place.key, floor.facts.run_id)
        return without_result(place, NodeStatus.FAILED, f"{type(error).__name__}: {error}", INTERNAL)


async def _do(floor: Floor, place: Place, inputs: Sequence[NodeInput]) -> NodeResult:
    if place.spec.kind is NodeKind.CALL:
        return await NodeCalls(floor, place, inputs).run()
    if place.spec.kind is NodeKind.HARNESS:
        return await do_agent_node(floor, place, inputs)
    await floor.claim(place)
    if place.spec.kind is NodeKind.TRANSFORM:
        return _result_of(place, timezone.now(), apply_transform(place.spec, inputs))
    return await _use_tool(floor, place, inputs)


async def _use_tool(floor: Floor, place: Place, inputs: Sequence[NodeInput]) -> NodeResult:
    """A search or a fetch: bounded in time, and in number by the run's slots."""
    run_tool = floor.outside.search if place.spec.kind is NodeKind.SEARCH else floor.outside.fetch
    await floor.slots.take()
    started_at = timezone.now()
    floor.note_start(place, {"kind": place.spec.kind})
    timeout_s = place.spec.timeout_s or floor.facts.node_timeout_s
    try:
        async with asyncio.timeout(timeout_s):
            reading = await run_tool(place.spec, inputs)
    except TimeoutError:
        error = f"{place.spec.title}: not done within {timeout_s:g} s."
        return replace(without_result(place, NodeStatus.FAILED, error, TIMED_OUT), started_at=started_at)
    finally:
        floor.slots.give()
    return _result_of(place, started_at, reading)


def _result_of(place: Place, started_at: datetime, reading: Reading) -> NodeResult:
    """What a transform or a tool brought; a problem is the node's failure."""
    if reading.problem:
        error = f"{place.spec.title}: {reading.problem}."
        return replace(without_result(place, NodeStatus.FAILED, error, NOTHING_USABLE), started_at=started_at)
    return NodeResult(
        node_id=place.node_id,
        key=place.key,
        status=NodeStatus.COMPLETED,
        started_at=started_at,
        output=reading.output,
        score=reading.score,
        data=reading.data,
        duration_ms=(timezone.now() - started_at).total_seconds() * 1000,
    )


def without_result(place: Place, status: NodeStatus, error: str, code: str) -> NodeResult:
    """The end of a node that brought nothing, whether it was begun or not; what was paid for it stays."""
    return NodeResult(
        node_id=place.node_id,
        key=place.key,
        status=status,
        model_id=place.model_id,
        cost_nano_usd=place.cost_nano_usd,
        is_cost_uncertain=place.is_cost_uncertain,
        error=error,
        error_code=code,
    )
