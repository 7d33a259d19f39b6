"""The names that a chat may ask for: ways to choose, modes, and every model that can be reached and is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from catalog.queries import find_current_snapshot
from catalog.shapes import Budget, Category, Entry
from routing.adjustments import find_mark
from routing.permitted import why_refused
from routing.route_rules import current_rules
from runs.chat.makers_names import find_by_makers_name
from runs.chat.names import AUTOMATIC, MODES, POLICY, ModelUnknown, read_name
from runs.chat.shapes import ByName
from runs.connections.held import current_places
from runs.places.endpoints import reachable_models
from runs.providers.known import Reach
from smartspawn.access.shapes import Actor

_OURS: Final = "smartspawn"
_UNDATED: Final = datetime(2025, 1, 1, tzinfo=UTC)  # clients expect a date of each model


def list_models(actor: Actor, *, is_simulated: bool = False) -> list[dict[str, Any]]:
    """What GET /v1/models shows, in the words of both protocols at once."""
    named = [_ours(name, title) for name, title in _ways()]
    return [*named, *_reached(actor, is_simulated=is_simulated)]


def find_model(name: str, actor: Actor, *, is_simulated: bool = False) -> dict[str, Any]:
    """One of them. Raises ModelUnknown."""
    listed = {model["id"]: model for model in list_models(actor, is_simulated=is_simulated)}
    for wanted in (name, name.removeprefix("openrouter/"), find_by_makers_name(name)):
        if wanted in listed:
            return listed[wanted]
    if not isinstance(read_name(name), ByName):  # "auto:coding:low" is understood, though not listed
        return _ours(name, name)
    raise ModelUnknown(f"'{name[:80]}' cannot be had here. GET /v1/models lists what can.", param="model")


def _ways() -> Iterator[tuple[str, str]]:
    yield AUTOMATIC, "The best model at hand"
    for category in Category:
        yield f"{AUTOMATIC}:{category.value}", f"The best at hand for {category.value}"
    for budget in Budget:
        yield f"{AUTOMATIC}:{budget.value}", f"The best at hand at {budget.value} price"
    for tier in current_rules(find_mark()).tiers:
        yield f"{POLICY}:{tier.name}", f"As tier {tier.name} of the route policy says"
    for mode in MODES:
        yield mode.value, f"A {mode.value} run of several models"


def _reached(actor: Actor, *, is_simulated: bool) -> Iterator[dict[str, Any]]:
    reachable = reachable_models(is_simulated=is_simulated)
    snapshot = find_current_snapshot()
    known = {entry.facts.model_id: entry for entry in snapshot.entries} if snapshot else {}
    for model_id, entry in known.items():
        if (reachable is None or model_id in reachable) and not why_refused(model_id, actor):
            yield _of_catalogue(entry)
    for model_id in sorted(_own_names(is_simulated=is_simulated) - known.keys()):
        if not why_refused(model_id, actor):
            yield _model(model_id, model_id, "local", _UNDATED)


def _own_names(*, is_simulated: bool) -> set[str]:
    """What local servers and other places list under names of their own."""
    places = [place for place in current_places() if place.is_usable and place.is_simulator == is_simulated]
    return {name for place in places if place.provider.reach is Reach.LISTED for name in place.listed or {}}


def _of_catalogue(entry: Entry) -> dict[str, Any]:
    facts = entry.facts
    model = _model(facts.model_id, facts.name, entry.provider, facts.created_at or _UNDATED)
    return model | {"context_length": facts.context_length_tokens, "max_output_tokens": facts.max_output_tokens}


def _ours(name: str, title: str) -> dict[str, Any]:
    return _model(name, title, _OURS, _UNDATED)


def _model(model_id: str, title: str, owner: str, at: datetime) -> dict[str, Any]:
    return {
        "id": model_id,
        "object": "model",
        "type": "model",
        "created": int(at.timestamp()),
        "created_at": at.isoformat(),
        "owned_by": owner,
        "display_name": title,
    }
