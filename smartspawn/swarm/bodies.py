"""What Swarm's clients send, in the words of this site's API. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from smartspawn.lib.errors import InvalidBody

Body = dict[str, Any]
# Where the daemon takes work, and the fields that it reads there; it ignores all others, and so do we.
# ``simulate`` is ours: it lets the way be tried without a provider.
_OURS: Final = frozenset({"simulate"})
FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "/parallel": frozenset({"prompts", "options"}) | _OURS,
    "/research": frozenset({"subjects", "topic"}) | _OURS,
    "/chain": frozenset({"name", "input", "stages", "reflect"}) | _OURS,
    "/chain/auto": frozenset({"task", "data", "depth", "perspectives", "stages", "reflect"}) | _OURS,
    "/chain/template": frozenset({"template", "task", "data", "input"}) | _OURS,
}


def read_json(raw: bytes) -> Body:
    """The object in a body, whatever content type it came with. Raises InvalidBody."""
    try:
        found = json.loads(raw or b"{}")
    except ValueError as fault:
        raise InvalidBody("The body is not JSON.") from fault
    if not isinstance(found, dict):
        raise InvalidBody("The body must be a JSON object.")
    return found


def translate(path: str, given: Mapping[str, Any]) -> Body:
    """The body for the same path below /api."""
    body = {name: value for name, value in given.items() if name in FIELDS[path]}
    options = body.pop("options", None)
    if isinstance(options, Mapping) and options.get("webSearch"):
        body["options"] = {"webSearch": True}
    return body


def is_empty_batch(path: str, given: Mapping[str, Any]) -> bool:
    """Whether nothing is asked: the daemon answers that at once, with no results."""
    return path == "/parallel" and given.get("prompts") == []
