"""Tools for choosing: the same use cases and payloads as below /api."""

from __future__ import annotations

from typing import Any

from catalog import presenters as catalog_presenters
from catalog import queries
from catalog.inputs import MAX_COMPARED, MIN_COMPARED, read_compared_ids
from routing import presenters
from routing.decide import pick, recommend, route
from routing.decompose.decide import decompose, swarm
from routing.decompose.inputs import SwarmInput, read_decompose
from routing.decompose.presenters import steps_payload, swarm_payload
from routing.inputs import PickInput, RecommendInput, read_pick, read_recommend
from routing.route_inputs import RouteInput, read_route
from smartspawn.access.shapes import Actor, Scope
from smartspawn.lib.errors import NotFound
from smartspawn.mcp.schemas import object_schema, schema_of
from smartspawn.mcp.shapes import Arguments, McpTool


def _pick(actor: Actor, given: Arguments) -> dict[str, Any]:
    return presenters.pick_payload(pick(request=read_pick(given), actor=actor))


def _recommend(actor: Actor, given: Arguments) -> dict[str, Any]:
    wanted = read_recommend(given)
    return presenters.recommend_payload(recommend(request=wanted, actor=actor), wanted.task)


def _route(actor: Actor, given: Arguments) -> dict[str, Any]:
    return presenters.route_payload(route(request=read_route(given), actor=actor))


def _decompose(actor: Actor, given: Arguments) -> dict[str, Any]:
    wanted = read_decompose({name: value for name, value in given.items() if name != "parallel"})
    if given.get("parallel"):
        return swarm_payload(swarm(request=wanted, actor=actor))
    return steps_payload(decompose(request=wanted, actor=actor))


def _compare(_actor: Actor, given: Arguments) -> dict[str, Any]:
    ids = read_compared_ids(",".join(given.get("models") or ()))
    found = {model_id: queries.find_entry(model_id) for model_id in ids}
    if not any(found.values()):
        raise NotFound(f"None of these models is in the catalogue: {', '.join(ids)}")
    return {
        "models": [catalog_presenters.compare_payload(entry) for key in ids if (entry := found[key])],
        "missing": [key for key in ids if not found[key]],
    }


_MODELS = {
    "type": "array",
    "items": {"type": "string"},
    "minItems": MIN_COMPARED,
    "maxItems": MAX_COMPARED,
    "description": "Model ids such as anthropic/claude-opus-4.6.",
}
_PARALLEL = {"type": "boolean", "description": "As a graph of parts in waves; otherwise as steps in order."}
_DECOMPOSE = schema_of(SwarmInput)
_DECOMPOSE["properties"]["parallel"] = _PARALLEL

CHOOSING_TOOLS = (
    McpTool(
        "smartspawn_pick",
        "Pick a model",
        "The one language model for a task within a budget, with the reasons and the runners-up.",
        schema_of(PickInput),
        Scope.CATALOG_READ,
        _pick,
        is_open=True,
    ),
    McpTool(
        "smartspawn_recommend",
        "Recommend models",
        "The best few models for a task, of different providers.",
        schema_of(RecommendInput),
        Scope.CATALOG_READ,
        _recommend,
        is_open=True,
    ),
    McpTool(
        "smartspawn_compare",
        "Compare models",
        "Scores, prices and capabilities of some models side by side.",
        object_schema({"models": _MODELS}, "models"),
        Scope.CATALOG_READ,
        _compare,
        is_open=True,
    ),
    McpTool(
        "smartspawn_route",
        "Route a task",
        "Which driver and model take a task, decided once when it starts, and whether a person must confirm first. "
        "A driver is a program of yours, such as claude or codex: name in drivers those that you have.",
        schema_of(RouteInput),
        Scope.CATALOG_READ,
        _route,
        is_open=True,
    ),
    McpTool(
        "smartspawn_decompose",
        "Take a task apart",
        "The steps or parallel parts of a task, a model for each.",
        _DECOMPOSE,
        Scope.CATALOG_READ,
        _decompose,
        is_open=True,
    ),
)
