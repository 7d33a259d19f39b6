"""Schemas for answers that are often wanted, by name; each is closed, so that providers can enforce it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_TEXT: Final = {"type": "string"}


def _record(**properties: Any) -> dict[str, Any]:
    """An object with exactly these fields."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _words(*words: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


_MAYBE_TEXT: Final = {"type": ["string", "null"]}
_SURE: Final = {"type": "number", "minimum": 0, "maximum": 1, "description": "How sure, from 0 to 1."}

READY_SCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "entities": _record(
            entities=_list(
                _record(
                    name=_TEXT,
                    kind=_words("person", "organization", "place", "product", "event", "date", "amount", "other"),
                    mentions={"type": "integer", "minimum": 1},
                    context=_TEXT,
                )
            )
        ),
        "summary": _record(title=_TEXT, in_one_sentence=_TEXT, points=_list(_TEXT), open_questions=_list(_TEXT)),
        "comparison": _record(
            items=_list(_TEXT),
            criteria=_list(
                _record(criterion=_TEXT, values=_list(_record(item=_TEXT, value=_TEXT)), best=_MAYBE_TEXT, why=_TEXT)
            ),
            recommendation=_TEXT,
        ),
        "actions": _record(
            actions=_list(
                _record(action=_TEXT, owner=_MAYBE_TEXT, due=_MAYBE_TEXT, priority=_words("high", "medium", "low"))
            )
        ),
        "classification": _record(
            label=_TEXT, confidence=_SURE, reasons=_list(_TEXT), others=_list(_record(label=_TEXT, confidence=_SURE))
        ),
        "qa": _record(answer=_TEXT, confidence=_SURE, evidence=_list(_TEXT), cannot_be_answered={"type": "boolean"}),
    }
)
