"""Schemas for providers that can be held to some of it."""

from __future__ import annotations

from typing import Any

import pytest

from runs.providers.narrow_schemas import narrow_schema


def test_objects_are_closed_all_the_way_down_and_limits_left_out() -> None:
    schema: dict[str, Any] = {
        "$schema": "x",
        "type": "object",
        "required": ["list"],
        "properties": {
            "list": {
                "type": "array",
                "minItems": 2,
                "items": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}},
            },
            "either": {"oneOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]},
            "word": {"enum": ["a", "b"], "description": "one"},
        },
    }
    inner = {"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": False}
    assert narrow_schema(schema) == {
        "type": "object",
        "required": ["list"],
        "properties": {
            "list": {"type": "array", "items": inner},
            "either": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "word": {"enum": ["a", "b"], "description": "one"},
        },
        "additionalProperties": False,
    }
    assert "minItems" in schema["properties"]["list"]  # the given one is as it was


@pytest.mark.parametrize(
    "part",
    [
        {"type": "object"},
        {"type": "object", "properties": {}},
        {"type": "object", "properties": {"a": {}}, "additionalProperties": True},
        {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "string"}},
        {"type": "object", "properties": {"a": {}}, "patternProperties": {"x": {}}},
        {"$ref": "#/$defs/a"},
        {"anyOf": [{"type": "object"}]},
        {"anyOf": [True]},
        {"type": "array", "items": {"type": "object"}},
    ],
)
def test_what_allows_names_that_it_does_not_list_cannot_be_closed(part: dict[str, Any]) -> None:
    assert narrow_schema(part) is None
    assert narrow_schema({"type": "object", "properties": {"part": part}}) is None


def test_a_schema_without_end_is_given_up() -> None:
    endless: dict[str, Any] = {"type": "array"}
    endless["items"] = endless
    assert narrow_schema(endless) is None
