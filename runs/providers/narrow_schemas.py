"""JSON Schemas for providers that can be held to some of it: what they refuse is left out, and checked here later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# What grammars of answers cannot express; the answer is checked against the whole schema when it is there.
_LEFT_OUT: Final = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "$schema",
        "default",
        "examples",
    }
)
_DEEPEST: Final = 24


class _CannotNarrow(ValueError):
    """The schema allows what no closed grammar does: names that it does not list, or itself within itself."""


def narrow_schema(schema: Mapping[str, object]) -> dict[str, object] | None:
    """The schema with every object closed; None where that would forbid what the schema allows."""
    try:
        return _narrow(schema, 0)
    except _CannotNarrow:
        return None


def _narrow(schema: Mapping[str, object], depth: int) -> dict[str, object]:
    if depth > _DEEPEST or "$ref" in schema or "patternProperties" in schema or schema.get("additionalProperties"):
        raise _CannotNarrow
    narrowed = {name: value for name, value in schema.items() if name not in _LEFT_OUT}
    for word in ("anyOf", "oneOf", "allOf"):
        if word in narrowed:
            # Only one of several is what a grammar gives anyway.
            narrowed["anyOf" if word == "oneOf" else word] = _narrow_all(narrowed.pop(word), depth)
    if isinstance(narrowed.get("items"), Mapping):
        narrowed["items"] = _narrow_part(narrowed["items"], depth)
    if narrowed.get("type") == "object" or "properties" in narrowed:
        parts = narrowed.get("properties")
        if not isinstance(parts, Mapping) or not parts:
            raise _CannotNarrow
        narrowed["properties"] = {name: _narrow_part(part, depth) for name, part in parts.items()}
        narrowed["additionalProperties"] = False
    return narrowed


def _narrow_all(parts: object, depth: int) -> list[dict[str, object]]:
    return [_narrow_part(part, depth) for part in parts] if isinstance(parts, list | tuple) else []


def _narrow_part(part: object, depth: int) -> dict[str, object]:
    if not isinstance(part, Mapping):
        raise _CannotNarrow
    return _narrow(part, depth + 1)
