"""Fields that take what they say and nothing near it: a text is no number, a number no text, true no one."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from routing.inputs import clean_text
from smartspawn.lib.errors import InvalidParam

MAX_MODEL_CHARS: Final = 200
# Ids of the catalogue, and names that local servers give: "llama3.2:3b", "accounts/x/models/y".
_MODEL: Final = re.compile(r"~?[A-Za-z0-9._:@+-]+(/[A-Za-z0-9._:@+-]+){0,3}")
_DEEPEST: Final = 40


class Text(serializers.CharField):
    """A text; what is no text is refused, control characters too."""

    default_error_messages = {"invalid": "This must be a text."}

    def __init__(self, *, longest: int, **options: Any) -> None:
        self.longest = longest
        options.setdefault("required", False)
        options.setdefault("allow_blank", True)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return _cleaned(data, self.longest)


class ModelName(Text):
    """A model's id, without the prefix that some clients put in front."""

    def __init__(self, **options: Any) -> None:
        super().__init__(longest=MAX_MODEL_CHARS + len("openrouter/"), **options)

    def to_internal_value(self, data: Any) -> str:
        return read_model(super().to_internal_value(data))


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class Texts(serializers.Field[tuple[str, ...], Any, Any, Any]):
    """A list of texts; one pass, so that ten thousand of them are read in some milliseconds."""

    default_error_messages = {
        "not_a_list": "This must be a list of texts.",
        "blank": "Item {place} is empty.",
        "not_a_text": "Item {place} is no text.",
        "too_many": "There are {count} items; at most {most} are taken.",
    }

    def __init__(self, *, most: int, longest: int, **options: Any) -> None:
        self.most, self.longest = most, longest
        options.setdefault("required", False)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> tuple[str, ...]:
        if not isinstance(data, list | tuple):
            self.fail("not_a_list")
        if len(data) > self.most:
            self.fail("too_many", count=len(data), most=self.most)
        return tuple(self._item(place, item) for place, item in enumerate(data, 1))

    def _item(self, place: int, item: Any) -> str:
        if not isinstance(item, str):
            self.fail("not_a_text", place=place)
        text = _cleaned(item, self.longest)
        if not text:
            self.fail("blank", place=place)
        return text

    def to_representation(self, value: tuple[str, ...]) -> list[str]:
        return list(value)


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class Words(Texts):
    """Short words, as a list or separated by commas."""

    def to_internal_value(self, data: Any) -> tuple[str, ...]:
        items = [item for item in data.split(",") if item.strip()] if isinstance(data, str) else data
        return super().to_internal_value(items)


class Switch(serializers.BooleanField):
    """True or false as JSON or a form says it."""


class Whole(serializers.IntegerField):
    """A whole number; true is none."""

    default_error_messages = {"invalid": "This must be a whole number."}

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or (isinstance(data, float) and not data.is_integer()):
            self.fail("invalid")
        return super().to_internal_value(int(data) if isinstance(data, float) else data)


class Number(serializers.FloatField):
    """A number; true is none, and neither is what is not finite."""

    default_error_messages = {"invalid": "This must be a number."}

    def to_internal_value(self, data: Any) -> float:
        number = None if isinstance(data, bool) else super().to_internal_value(data)
        if number is None or number != number or number in (float("inf"), float("-inf")):
            self.fail("invalid")
        return number


@extend_schema_field({"type": "object", "additionalProperties": {}})
class JsonDocument(serializers.Field[Mapping[str, Any], Any, Any, Any]):
    """A JSON object of bounded size and depth; a text that holds one is read."""

    default_error_messages = {
        "not_an_object": "This must be a JSON object.",
        "too_long": "This has more than {most} characters.",
        "too_deep": "This is nested too deeply.",
    }

    def __init__(self, *, longest: int, **options: Any) -> None:
        self.longest = longest
        options.setdefault("required", False)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> Mapping[str, Any]:
        if isinstance(data, str):
            data = self._parsed(data)
        if not isinstance(data, dict):
            self.fail("not_an_object")
        if _depth(data) > _DEEPEST:
            self.fail("too_deep")
        try:
            text = json.dumps(data, allow_nan=False)
        except (TypeError, ValueError):
            self.fail("not_an_object")
        if len(text) > self.longest:
            self.fail("too_long", most=self.longest)
        return data

    def _parsed(self, text: str) -> Any:
        if len(text) > self.longest:
            self.fail("too_long", most=self.longest)
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            self.fail("not_an_object")

    def to_representation(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        return value


class StrictSerializer(serializers.Serializer[Any]):
    """A group of fields that refuses names it does not know: a mistyped limit must not be no limit."""

    default_error_messages = {"invalid": "This must be an object."}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = next((name for name in data if name not in self.fields), None)
            if unknown is not None:
                raise serializers.ValidationError({str(unknown)[:60]: self._unknown(str(unknown))})
        return super().to_internal_value(data)

    def _unknown(self, name: str) -> str:
        lower = {str(known).lower(): known for known in self.fields}
        near = difflib.get_close_matches(name.lower(), lower, n=1)
        return f"There is no such field. Did you mean {lower[near[0]]}?" if near else "There is no such field."


def read_model(name: str) -> str:
    """The model's id as the catalogue or a local server has it. Raises a ValidationError."""
    name = name.removeprefix("openrouter/")
    if name and not _MODEL.fullmatch(name):
        raise serializers.ValidationError(f"'{name[:80]}' is not a model id such as anthropic/claude-opus-4.6")
    return name


def _cleaned(text: str, longest: int) -> str:
    try:
        return clean_text(text, "The text", longest)
    except InvalidParam as fault:
        raise serializers.ValidationError(fault.message) from fault


def _depth(value: object) -> int:
    """How deeply lists and objects are nested, counted by hand: a hostile depth must not exhaust the stack."""
    deepest, layer = 0, [value]
    while layer and deepest <= _DEEPEST:
        inner: list[object] = []
        for item in layer:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        deepest += 1
        layer = inner
    return deepest
