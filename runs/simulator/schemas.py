"""A value that satisfies a JSON Schema, as plain as it can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

Schema = Mapping[str, object]

_DEEPEST: Final = 12
_FORMATS: Final[Mapping[str, str]] = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "simulated@example.org",
    "uri": "https://example.org/simulated",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


class Filler:
    """Fills one schema, with one text and one number wherever they are allowed."""

    def __init__(self, root: Schema, *, text: str, number: float) -> None:
        self._root, self._text, self._number = root, text, number
        self._by_type: Mapping[str, Callable[[Schema, int], object]] = {
            "object": self._fill_object,
            "array": self._fill_array,
            "string": self._fill_string,
            "number": self._fill_number,
            "integer": lambda schema, depth: int(self._fill_number(schema, depth)),
            "boolean": lambda _schema, _depth: True,
            "null": lambda _schema, _depth: None,
        }

    def fill(self, schema: object = None, depth: int = 0) -> object:
        """A value for a part of the schema, or for the whole."""
        part = _as_schema(self._root if schema is None else schema)
        if depth > _DEEPEST:
            return None
        if "const" in part:
            return part["const"]
        choices = part.get("enum")
        if isinstance(choices, list) and choices:
            return choices[0]
        whole = self._unfold(part)
        return self.fill(whole, depth + 1) if whole is not part else self._fill_by_type(part, depth)

    def _unfold(self, part: Schema) -> Schema:
        """The schema with a reference followed, or with the first of several alternatives taken up."""
        if "$ref" in part:
            return self._resolve(str(part["$ref"]))
        for word in ("anyOf", "oneOf", "allOf"):
            given = part.get(word)
            if isinstance(given, list) and given:
                taken = given if word == "allOf" else given[:1]
                rest = {name: value for name, value in part.items() if name != word}
                return _merge([rest, *(self._unfold(_as_schema(item)) for item in taken)])
        return part

    def _resolve(self, reference: str) -> Schema:
        found: object = self._root
        for step in reference.removeprefix("#").strip("/").split("/"):
            found = found.get(step) if isinstance(found, Mapping) and step else found
        return _as_schema(found)

    def _fill_by_type(self, part: Schema, depth: int) -> object:
        named = part.get("type")
        kind = next(iter(named), "string") if isinstance(named, list) else named
        guessed = "object" if "properties" in part else "array" if "items" in part else "string"
        return self._by_type.get(str(kind or guessed), self._fill_string)(part, depth)

    def _fill_object(self, part: Schema, depth: int) -> dict[str, object]:
        known = _as_schema(part.get("properties"))
        required = part.get("required")
        names = [*known, *(name for name in required if name not in known)] if isinstance(required, list) else [*known]
        return {str(name): self.fill(known.get(name, {}), depth + 1) for name in names}

    def _fill_array(self, part: Schema, depth: int) -> list[object]:
        least = part.get("minItems")
        count = least if isinstance(least, int) else 1
        return [self.fill(part.get("items", {}), depth + 1) for _ in range(min(count, 100))]

    def _fill_string(self, part: Schema, _depth: int) -> str:
        text = _FORMATS.get(str(part.get("format")), self._text)
        least, most = part.get("minLength"), part.get("maxLength")
        text = text.ljust(least, ".") if isinstance(least, int) else text
        return text[:most] if isinstance(most, int) else text

    def _fill_number(self, part: Schema, _depth: int) -> float:
        least, most = part.get("minimum"), part.get("maximum")
        number = max(self._number, least) if isinstance(least, int | float) else self._number
        return min(number, most) if isinstance(most, int | float) else number


def _as_schema(value: object) -> Schema:
    return value if isinstance(value, Mapping) else {}


def _merge(parts: list[Schema]) -> Schema:
    """Several schemas that must all hold, as one."""
    properties: dict[str, object] = {}
    required: list[object] = []
    merged: dict[str, object] = {}
    for part in parts:
        merged |= part
        properties |= _as_schema(part.get("properties"))
        wanted = part.get("required")
        required += wanted if isinstance(wanted, list) else []
    return merged | ({"properties": properties, "required": required} if properties else {})
