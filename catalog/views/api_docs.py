"""The reference of the HTTP API, drawn from its own schema."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from smartspawn.access.gates import requires_role
from smartspawn.access.shapes import Role

METHODS: Final = ("get", "post", "put", "patch", "delete")
UNTAGGED: Final = "other"


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    where: str  # "query", "path", "header"
    kind: str
    is_required: bool
    about: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    about: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one address, as the reference shows it."""

    anchor: str
    method: str
    path: str
    summary: str
    about: str
    needs: str
    parameters: tuple[Parameter, ...]
    body_fields: tuple[Parameter, ...]
    answers: tuple[Answer, ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    operations: tuple[Operation, ...]


@requires_role(Role.VIEWER)
@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """Every endpoint with its parameters, a call to copy, and its answers."""
    base_url = request.build_absolute_uri("/").rstrip("/")
    context = {"groups": list_groups(base_url), "base_url": base_url}
    return TemplateResponse(request, "catalog/api_docs.html", context)


@lru_cache(maxsize=8)
def list_groups(base_url: str) -> tuple[Group, ...]:
    """The operations of the schema by tag, in the schema's order; read once per process and address."""
    generator: Any = SchemaGenerator
    schema: Mapping[str, Any] = generator().get_schema(request=None, public=True)
    by_tag: dict[str, list[Operation]] = {}
    for path, method, operation in _operations(schema):
        tag = next(iter(operation.get("tags", ())), UNTAGGED)
        by_tag.setdefault(tag, []).append(_operation(schema, base_url, path, method, operation))
    return tuple(Group(name=tag, operations=tuple(operations)) for tag, operations in by_tag.items())


def _operations(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in schema.get("paths", {}).items():
        for method in METHODS:
            if method in methods:
                yield path, method, methods[method]


def _operation(
    schema: Mapping[str, Any], base_url: str, path: str, method: str, operation: Mapping[str, Any]
) -> Operation:
    summary, _, rest = operation.get("description", "").partition("\n")
    body = _body_schema(schema, operation)
    return Operation(
        anchor=operation.get("operationId", f"{method}-{path}"),
        method=method.upper(),
        path=path,
        summary=operation.get("summary") or summary or path,
        about=rest.strip() if not operation.get("summary") else operation.get("description", ""),
        needs=_needs(operation),
        parameters=tuple(_parameter(item) for item in operation.get("parameters", ())),
        body_fields=tuple(_body_fields(body)),
        answers=tuple(_answer(status, item) for status, item in operation.get("responses", {}).items()),
        curl=_curl(base_url, path, method, body, operation),
    )


def _needs(operation: Mapping[str, Any]) -> str:
    """What a caller must bring; an empty alternative means nothing."""
    security = operation.get("security")
    return "an API key or a session" if security and {} not in security else "nothing"


def _parameter(item: Mapping[str, Any]) -> Parameter:
    kind = item.get("schema", {})
    return Parameter(
        name=item["name"],
        where=item["in"],
        kind=_kind(kind),
        is_required=bool(item.get("required")),
        about=item.get("description") or kind.get("description", ""),
        choices=tuple(str(choice) for choice in kind.get("enum", ()) if choice not in ("", None)),
    )


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "anything")


def _body_schema(schema: Mapping[str, Any], operation: Mapping[str, Any]) -> Mapping[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    found: Mapping[str, Any] = content.get("application/json", {}).get("schema", {})
    if "$ref" in found:
        name = str(found["$ref"]).rsplit("/", 1)[-1]
        found = schema.get("components", {}).get("schemas", {}).get(name, {})
    return found


def _body_fields(body: Mapping[str, Any]) -> Iterator[Parameter]:
    required = set(body.get("required", ()))
    for name, kind in body.get("properties", {}).items():
        yield Parameter(
            name=name,
            where="body",
            kind=_kind(kind),
            is_required=name in required,
            about=kind.get("description", ""),
            choices=tuple(str(choice) for choice in kind.get("enum", ()) if choice not in ("", None)),
        )


def _answer(status: str, item: Mapping[str, Any]) -> Answer:
    return Answer(status=status, about=item.get("description", ""), media_type=next(iter(item.get("content", {})), ""))


def _curl(base_url: str, path: str, method: str, body: Mapping[str, Any], operation: Mapping[str, Any]) -> str:
    query = [
        f"{item['name']}={item.get('example') or '...'}"
        for item in operation.get("parameters", ())
        if item["in"] == "query" and item.get("required")
    ]
    url = f"{base_url}{path}" + (f"?{'&'.join(query)}" if query else "")
    words = ["curl", *(["-X", method.upper()] if method != "get" else []), shlex.quote(url)]
    if _needs(operation) != "nothing":
        words += ["-H", '"Authorization: Bearer $SMARTSPAWN_KEY"']
    if body.get("properties"):
        example = {name: kind.get("example", kind.get("default", "...")) for name, kind in body["properties"].items()}
        words += ["-H", "'Content-Type: application/json'", "-d", shlex.quote(json.dumps(example))]
    return " ".join(words)
