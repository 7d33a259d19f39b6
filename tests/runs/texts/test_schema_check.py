"""Schemas that callers bring: usable ones pass, hostile ones do not, and nothing is fetched."""

from __future__ import annotations

import time

import pytest

from runs.texts.schema_check import check_schema, find_errors, is_strict


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"type": "integer"}}},
        {"type": "string", "pattern": r"^\d{3}-[a-z+*(]+$"},
        {"type": "string", "pattern": r"(ab|cd)-(x+y)z?"},
        {"type": "array", "items": {"enum": [1, "a", None]}},
    ],
)
def test_a_usable_schema_passes(schema: dict):
    assert check_schema(schema) == ""


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "strng"}, "no valid JSON Schema: at type"),
        ({"properties": {"a": {"minimum": "1"}}}, "at properties.a.minimum"),
        ({"pattern": "(a+)+$"}, "repeats a group"),
        ({"pattern": "(a|aa)*b"}, "repeats a group"),
        ({"pattern": "((x+)y)*"}, "repeats a group"),
        ({"pattern": "(?:a*)*"}, "repeats a group"),
        ({"pattern": "(a{1,9}){2,}"}, "repeats a group"),
        ({"patternProperties": {"(a+)+": {}}}, "repeats a group"),
        ({"pattern": "(unclosed"}, "is not a 'regex'"),
        ({"pattern": "a" * 501}, "more than 500"),
        ({"$ref": "https://evil.example/schema"}, "points outside"),
        ({"items": [{"$ref": "file:///etc/passwd"}]}, ""),
    ],
)
def test_an_unusable_schema_is_refused_with_the_reason(schema: dict, why: str):
    problem = check_schema(schema)
    assert problem
    assert why in problem


def test_a_reference_that_leads_nowhere_is_an_error_and_no_crash():
    assert "refers to something" in find_errors({"$ref": "#/$defs/missing"}, 1)[0]


def test_nothing_is_fetched_even_if_a_foreign_reference_came_through(monkeypatch: pytest.MonkeyPatch):
    asked: list[object] = []
    monkeypatch.setattr("urllib.request.urlopen", lambda *request, **_options: asked.append(request))
    assert "refers to something" in find_errors({"$ref": "http://127.0.0.1:9/schema"}, 1)[0]
    assert asked == []


def test_errors_name_their_place_and_are_bounded():
    schema = {"type": "array", "items": {"type": "integer"}}
    errors = find_errors(schema, ["x"] * 50)
    assert errors[0] == "at [0]: 'x' is not of type 'integer'"
    assert errors[-1] == "and 38 more"
    assert len(errors) == 13


def test_formats_and_numbers_are_really_checked():
    assert find_errors({"type": "string", "format": "date"}, "2026-13-01")
    assert not find_errors({"type": "string", "format": "date"}, "2026-12-01")
    assert find_errors({"type": "integer"}, True)


def test_a_large_answer_is_checked_in_good_time():
    schema = {"type": "array", "items": {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}}
    started = time.perf_counter()
    assert not find_errors(schema, [{"a": number} for number in range(5_000)])
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": False}, True),
        ({"type": "object", "properties": {"a": {}}, "required": ["a"]}, False),
        ({"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a"], "additionalProperties": False}, False),
        (
            {
                "type": "object",
                "properties": {"a": {"properties": {"b": {}}}},
                "required": ["a"],
                "additionalProperties": False,
            },
            False,
        ),
    ],
)
def test_strictness_is_what_providers_mean_by_it(schema: dict, expected: bool):
    assert is_strict(schema) is expected


def test_words_that_providers_refuse_are_not_sent_strictly():
    def closed(**inner: object) -> dict:
        properties = {"type": inner, "oneOf": {"type": "string"}}  # names of properties are free
        return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}

    assert is_strict(closed(type="string", enum=["not", "allOf"]))
    assert not is_strict(closed(type="string", minLength=3))
    assert not is_strict(closed(oneOf=[{"type": "string"}]))
    assert not is_strict(closed(type="array", items={"type": "object", "properties": {"a": {}}}))
    assert not is_strict({"type": "object"})
