"""JSON Schemas that callers bring: whether one can be used, and whether a value satisfies it.

Nothing is ever fetched for a ``$ref``, and patterns that could keep a processor busy for ever are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

# A model that is told of more faults than this at once mends none of them.
MOST_ERRORS: Final = 12
_LONGEST_ERROR: Final = 300
_LONGEST_PATTERN: Final = 500
# A group that repeats and holds a repetition or a choice can take exponential time: (a+)+, (a|aa)*.
_REPEATED_GROUP: Final = re.compile(r"\([^()]*(?:[+*|]|\{\d*,\d*\})[^()]*\)\s*(?:[+*]|\{\d*,\d*\})")
# What OpenAI's structured outputs understand (its guide of 2025); a word beyond it is refused with status 400.
_STRICT_WORDS: Final = frozenset(
    {
        *("$schema", "$id", "$ref", "$defs", "definitions", "title", "description", "type", "enum", "const", "anyOf"),
        *("properties", "required", "additionalProperties", "items", "minItems", "maxItems", "pattern", "format"),
        *("multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    }
)
_NOTHING_FETCHED: Final[Registry[Any]] = Registry()


def check_schema(schema: Mapping[str, Any]) -> str:
    """Why the schema cannot be used, in one line; "" if it can."""
    try:
        validator_for(dict(schema), default=Draft202012Validator).check_schema(dict(schema))
    except SchemaError as fault:
        return f"This is no valid JSON Schema: {_place(fault)}{fault.message[:_LONGEST_ERROR]}"
    for pattern in _patterns(schema):
        problem = _pattern_problem(pattern)
        if problem:
            return problem
    foreign = next((ref for ref in _references(schema) if not ref.startswith("#")), "")
    return f"$ref '{foreign[:100]}' points outside the schema; nothing is fetched." if foreign else ""


def find_errors(schema: Mapping[str, Any], value: Any) -> tuple[str, ...]:
    """What the value lacks, place by place, as far as it is worth telling; empty if it satisfies the schema."""
    try:
        faults = sorted(
            _validator(msgspec.json.encode(schema)).iter_errors(value), key=lambda fault: list(map(str, fault.path))
        )
    except Unresolvable as fault:
        return (f"the schema refers to something that it does not hold: {str(fault)[:_LONGEST_ERROR]}",)
    told = tuple(f"{_place(fault)}{fault.message[:_LONGEST_ERROR]}" for fault in faults[:MOST_ERRORS])
    more = len(faults) - MOST_ERRORS
    return (*told, f"and {more} more") if more > 0 else told


def is_strict(schema: Mapping[str, Any]) -> bool:
    """Whether providers that enforce a schema while writing take this one in their strict form.

    Every object must name all its properties as required and allow no others, and only plain words may be used.
    """
    return all(_is_plain(item) and _is_closed(item) for item in _subschemas(schema))


def _is_plain(schema: Mapping[str, Any]) -> bool:
    return set(schema) <= _STRICT_WORDS


def _is_closed(schema: Mapping[str, Any]) -> bool:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return schema.get("type") != "object"
    return schema.get("additionalProperties") is False and set(schema.get("required", ())) == set(properties)


def _subschemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema and all those within it, without what only looks like one: names of properties, values of enums."""
    layer: list[Any] = [schema]
    while layer:
        item = layer.pop()
        if isinstance(item, Mapping):
            yield item
            layer.extend(inner for name in ("properties", "$defs", "definitions") for inner in _values(item.get(name)))
            layer.extend([item.get("items"), *(item.get("anyOf") or ())])


def _values(value: object) -> Iterable[Any]:
    return value.values() if isinstance(value, Mapping) else ()


@lru_cache(maxsize=64)
def _validator(encoded: bytes) -> Validator:
    schema = msgspec.json.decode(encoded)
    kind = validator_for(schema, default=Draft202012Validator)
    return kind(schema, registry=_NOTHING_FETCHED, format_checker=kind.FORMAT_CHECKER)


def _place(fault: SchemaError | ValidationError) -> str:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault.path)
    return f"at {path.lstrip('.')}: " if path else ""


def _pattern_problem(pattern: str) -> str:
    shown = pattern[:80]
    if len(pattern) > _LONGEST_PATTERN:
        return f"The pattern '{shown}...' has more than {_LONGEST_PATTERN} characters."
    try:
        re.compile(pattern)
    except re.error as fault:
        return f"The pattern '{shown}' cannot be read: {fault}"
    if _REPEATED_GROUP.search(_without_classes(pattern)):
        return f"The pattern '{shown}' repeats a group that can match in many ways; write it without nesting."
    return ""


def _without_classes(pattern: str) -> str:
    """The pattern without escapes and character classes, whose signs repeat nothing; inner groups are opened."""
    bare = re.sub(r"\\.", "x", pattern)
    bare = re.sub(r"\[\^?\]?[^\]]*\]", "x", bare)
    bare = re.sub(r"\(\?(?:[:=!>]|<[=!]|P<\w+>)", "(", bare)
    # A plain group that is not repeated itself is as good as its content: ((a+)b)* still shows its inner "+".
    while (opened := re.sub(r"\(([^()]*)\)(?![+*{?])", r"\1", bare)) != bare:
        bare = opened
    return bare


def _patterns(schema: Mapping[str, Any]) -> Iterator[str]:
    for item in _objects(schema):
        if isinstance(item.get("pattern"), str):
            yield item["pattern"]
        if isinstance(item.get("patternProperties"), dict):
            yield from item["patternProperties"]


def _references(schema: Mapping[str, Any]) -> Iterator[str]:
    for item in _objects(schema):
        for name in ("$ref", "$dynamicRef"):
            if isinstance(item.get(name), str):
                yield item[name]


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    """Every object in the schema, at any depth."""
    layer = [value]
    while layer:
        item = layer.pop()
        if isinstance(item, Mapping):
            yield item
            layer.extend(item.values())
        elif isinstance(item, list | tuple):
            layer.extend(item)
