"""JSON Schemas of tools, made from the serializers that check the same fields for the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rest_framework import serializers

from runs.input_fields import JsonDocument, Texts

JsonSchema = dict[str, Any]
_TYPES: Final[tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], str], ...]] = (
    (serializers.BooleanField, "boolean"),
    (serializers.IntegerField, "integer"),
    (serializers.FloatField, "number"),
    (serializers.DecimalField, "number"),
    (serializers.DictField, "object"),
    (JsonDocument, "object"),
)


def schema_of(kind: type[serializers.Serializer[Any]], *, without: frozenset[str] = frozenset()) -> JsonSchema:
    """The object that this serializer reads; other fields are not allowed."""
    fields = {name: field for name, field in kind().fields.items() if name not in without}
    schema: JsonSchema = {
        "type": "object",
        "properties": {name: _field_schema(field) for name, field in fields.items()},
        "additionalProperties": False,
    }
    if required := [name for name, field in fields.items() if field.required]:
        schema["required"] = required
    return schema


def object_schema(properties: Mapping[str, JsonSchema], *required: str) -> JsonSchema:
    """An object with these fields and no others."""
    schema: JsonSchema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def _field_schema(field: serializers.Field[Any, Any, Any, Any]) -> JsonSchema:
    schema = _bare_schema(field)
    if field.help_text:
        schema["description"] = str(field.help_text)
    for name, keyword in (("min_value", "minimum"), ("max_value", "maximum"), ("max_length", "maxLength")):
        bound = getattr(field, name, None)
        if bound is not None and schema.get("type") != "array":
            schema[keyword] = float(bound) if schema["type"] == "number" else bound
    return schema


def _bare_schema(field: serializers.Field[Any, Any, Any, Any]) -> JsonSchema:
    if isinstance(field, serializers.Serializer):
        return schema_of(type(field))
    if isinstance(field, serializers.ChoiceField):
        return {"type": "string", "enum": [str(choice) for choice in field.choices]}
    if isinstance(field, Texts | serializers.ListField):
        return {"type": "array", "items": {"type": "string"}}
    return {"type": next((word for kind, word in _TYPES if isinstance(field, kind)), "string")}
