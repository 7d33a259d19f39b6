"""An OpenAPI schema as the reference page shows it: endpoints, parameters, a call to copy, answers."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Schema = Mapping[str, Any]

METHODS: Final = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that a caller may send."""

    name: str
    where: str  # "query", "path", "header", "body"
    kind: str
    is_required: bool
    about: str
    choices: tuple[str, ...]
    example: str = ""  # the schema's own


@dataclass(frozen=True, slots=True)
class Answer:
    """One status that the endpoint answers with."""

    status: str
    about: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one address."""

    anchor: str
    method: str
    path: str
    summary: str
    about: str
    needs: str
    parameters: tuple[Parameter, ...]
    answers: tuple[Answer, ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one tag."""

    name: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """What the schema does not say: where this site is, what to ask it for, and what each address needs."""

    base_url: str
    examples: Mapping[str, str]  # parameter name -> a value that gets an answer here
    needs: Callable[[str, str], str]  # method, path -> "" or what a caller must bring


def read_reference(schema: Schema, site: Site) -> tuple[Group, ...]:
    """The schema's operations by tag, in the schema's order."""
    by_tag: dict[str, list[Operation]] = {}
    for path, methods in schema.get("paths", {}).items():
        for method in METHODS:
            if method in methods:
                operation = methods[method]
                tag = next(iter(operation.get("tags", ())), "other")
                by_tag.setdefault(tag, []).append(_operation(schema, path, method, site))
    return tuple(Group(name=tag, operations=tuple(found)) for tag, found in by_tag.items())


def _operation(schema: Schema, path: str, method: str, site: Site) -> Operation:
    operation: Schema = schema["paths"][path][method]
    first_line, _, rest = operation.get("description", "").partition("\n")
    has_summary = bool(operation.get("summary"))
    parameters = (
        *(_parameter(item) for item in operation.get("parameters", ())),
        *_body_parameters(schema, operation),
    )
    return Operation(
        anchor=operation.get("operationId", f"{method}-{path}"),
        method=method.upper(),
        path=path,
        summary=operation["summary"] if has_summary else first_line or path,
        about=operation.get("description", "") if has_summary else rest.strip(),
        needs=site.needs(method, path),
        parameters=parameters,
        answers=tuple(
            Answer(status=status, about=item.get("description", ""))
            for status, item in operation.get("responses", {}).items()
        ),
        curl=_curl(path, method, parameters, site),
    )


def _parameter(item: Schema) -> Parameter:
    kind = item.get("schema", {})
    return Parameter(
        name=item["name"],
        where=item["in"],
        kind=_kind(kind),
        is_required=bool(item.get("required")),
        about=_without_choices(item.get("description") or kind.get("description", "")),
        choices=_choices(kind),
        example=next((str(example["value"]) for example in item.get("examples", {}).values()), ""),
    )


def _body_parameters(schema: Schema, operation: Schema) -> Iterator[Parameter]:
    body = _resolved(schema, operation.get("requestBody", {}).get("content", {}).get("application/json", {}))
    required = set(body.get("required", ()))
    for name, kind in body.get("properties", {}).items():
        yield Parameter(
            name=name,
            where="body",
            kind=_kind(kind),
            is_required=name in required,
            about=_without_choices(kind.get("description", "")),
            choices=_choices(kind),
        )


def _resolved(schema: Schema, content: Schema) -> Schema:
    """The body's schema; a reference leads to the component that it names."""
    body: Schema = content.get("schema", {})
    if "$ref" not in body:
        return body
    found: Schema = schema.get("components", {}).get("schemas", {}).get(_component(body), {})
    return found


def _component(kind: Schema) -> str:
    return str(kind["$ref"]).rsplit("/", 1)[-1]


def _kind(kind: Schema) -> str:
    if "$ref" in kind:
        return _component(kind)
    if kind.get("type") == "array":
        return f"list of {_kind(kind.get('items', {}))}"
    return str(kind.get("format") or kind.get("type") or "anything")


def _choices(kind: Schema) -> tuple[str, ...]:
    return tuple(str(choice) for choice in kind.get("enum", ()) if choice not in ("", None))


def _without_choices(about: str) -> str:
    """The description without the list of choices that the generator appends to it; they have their own place."""
    return about.partition("\n\n* `")[0].partition("\n* `")[0] if not about.startswith("* `") else ""


def _curl(template: str, method: str, parameters: tuple[Parameter, ...], site: Site) -> str:
    """A call that works as it stands, with what is required; for what only its owner has it names the kind."""
    path = template
    for item in parameters:
        if item.where == "path":
            path = path.replace(f"{{{item.name}}}", _example(item, site))
    needed = [parameter for parameter in parameters if parameter.is_required]
    query = "&".join(f"{item.name}={_example(item, site)}" for item in needed if item.where == "query")
    body = {item.name: _example(item, site) for item in needed if item.where == "body"}
    words = ["curl"]
    if method != "get":
        words += ["-X", method.upper()]
    words.append(shlex.quote(f"{site.base_url}{path}" + (f"?{query}" if query else "")))
    if site.needs(method, template):
        words += ["-H", '"Authorization: Bearer $SMARTSPAWN_KEY"']
    if body:
        words += ["-H", "'Content-Type: application/json'", "-d", shlex.quote(json.dumps(body))]
    return " ".join(words)


def _example(parameter: Parameter, site: Site) -> str:
    given = site.examples.get(parameter.name) or parameter.example
    return given or next(iter(parameter.choices), f"<{parameter.kind}>")
