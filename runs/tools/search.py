"""Searching the web for a node: the site's search provider is asked, through the one door."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from runs.shapes import NodeInput, NodeSpec, Reading
from runs.tools.engines import (
    MOST_RESULTS,
    Asking,
    Engine,
    explain_refusal,
    find_engine,
    results_to_json,
    results_to_text,
    why_no_engine,
)
from smartspawn.lib.addresses import AddressRule
from smartspawn.lib.errors import Conflict, UpstreamFault, UpstreamRefused
from smartspawn.lib.http import Door, Patience

_PATIENCE: Final = Patience(total_s=20.0, body_bytes=4 * 1024 * 1024, attempts=2)
_DEFAULT_RESULTS: Final = 6


async def search(spec: NodeSpec, inputs: Sequence[NodeInput], *, door: Door) -> Reading:  # noqa: ARG001 - the tools' interface
    """What the search found, as text for models and as addresses for fetching; a problem where it found nothing.

    Raises Conflict where no search provider is set up, and UpstreamFault where it cannot be asked.
    """
    engine = find_engine()
    if engine is None:
        raise Conflict(why_no_engine())
    query = str(spec.params.get("query", "")).strip() or spec.title
    wanted = spec.params.get("count")
    count = min(wanted, MOST_RESULTS) if isinstance(wanted, int) and wanted > 0 else _DEFAULT_RESULTS
    results = engine.read(await _ask(engine, engine.ask(query, count), door), count)
    if not results:
        return Reading("", problem=f"the search for '{query[:100]}' found nothing")
    data: list[Any] = results_to_json(results)
    return Reading(results_to_text(results), data=data)


async def _ask(engine: Engine, asking: Asking, door: Door) -> Any:
    rule = AddressRule.PRIVATE_TOO if engine.allows_private else AddressRule.PUBLIC
    try:
        if asking.body is None:
            answer = await door.get(asking.url, headers=asking.headers, patience=_PATIENCE, rule=rule)
        else:
            body = json.dumps(asking.body).encode()
            answer = await door.send_json(asking.url, body, headers=asking.headers, patience=_PATIENCE, rule=rule)
        status = answer.status
    except UpstreamRefused as refusal:
        status = refusal.status
    if not 200 <= status < 300:
        raise UpstreamRefused(explain_refusal(engine.name, status), status=status)
    try:
        return json.loads(answer.body)
    except ValueError as fault:
        raise UpstreamFault(f"The search provider {engine.name} answered with something that is no JSON") from fault
