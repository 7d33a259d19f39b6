"""The tools of the Responses protocol: as functions, which every provider here knows, and back again. Pure.

Its clients group tools into namespaces, have tools that take plain text, and tools that find further tools. A model
gets them all as functions with flat names; what it calls is told to the client as the tool that it offered.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from runs.chat.shapes import ClientTool, ToolKind
from runs.providers.json_reading import dig, rows_at, text_at
from runs.shapes import JsonObject
from smartspawn.lib.errors import InvalidParam

# The one field of a function that stands for a tool which takes plain text.
TEXT_FIELD: Final = "input"
_SEARCH: Final = ToolKind.TOOL_SEARCH.value
_WIRE_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_UNFIT: Final = re.compile(r"[^a-zA-Z0-9_-]")
_KEPT_CHARS: Final = 52
# Items of a conversation that bring tools along: those of an agent that loads them late, and what a search has found.
_BRINGING: Final = ("additional_tools", "tool_search_output")
# What OpenAI's servers would run, and an answer can do without.
_LEFT_OUT: Final[Mapping[str, str]] = {
    "web_search": "nothing is searched for an answer here; offer a function that searches",
    "web_search_preview": "nothing is searched for an answer here; offer a function that searches",
    "image_generation": "answers are text and calls of tools",
}
_CHOICES: Final = ("auto", "none", "required")


@dataclass(frozen=True, slots=True)
class Tools:
    """What a model is offered, and what its calls mean to the client."""

    wire: tuple[JsonObject, ...] = ()  # as chat completions write them
    by_wire_name: Mapping[str, ClientTool] | None = None
    left_out: tuple[str, ...] = ()
    given: tuple[JsonObject, ...] = ()  # those that count, as they came

    @property
    def client_tools(self) -> Mapping[str, ClientTool]:
        return self.by_wire_name or {}


def wire_name(name: str, namespace: str = "") -> str:
    """The name by which a model knows the tool: the same for every mention of it."""
    plain = f"{namespace}__{name}" if namespace else name
    if _WIRE_NAME.fullmatch(plain):
        return plain
    return f"{_UNFIT.sub('_', plain)[:_KEPT_CHARS]}_{hashlib.sha256(plain.encode()).hexdigest()[:8]}"


def read_tools(offered: Sequence[JsonObject], items: Iterable[JsonObject]) -> Tools:
    """The tools that are offered, and those that the conversation has brought along. Raises InvalidParam."""
    brought = [tool for item in items if item.get("type") in _BRINGING for tool in rows_at(item, "tools")]
    wire: dict[str, JsonObject] = {}
    known: dict[str, ClientTool] = {}
    left_out: dict[str, str] = {}
    counted: list[JsonObject] = []
    for tool in (*offered, *brought):
        if reason := _why_left_out(tool):
            left_out[text_at(tool, "type")] = reason
            continue
        counted.append(tool)
        for meant, function in _functions(tool):
            name = text_at(function, "function", "name")
            if known.setdefault(name, meant) != meant:
                raise InvalidParam(f"tools: two of them would be called {name!r} by a model.", param="tools")
            wire[name] = function  # one that was found twice is offered once
    reasons = tuple(f"{kind}: {reason}" for kind, reason in left_out.items())
    return Tools(tuple(wire.values()), known, reasons, tuple(counted))


def choose_tools(choice: object, tools: Tools) -> tuple[object, Tools]:
    """Which of them the model may or must call, in the words of chat completions. Raises InvalidParam."""
    if choice is None or choice in _CHOICES:
        return choice, tools
    if not isinstance(choice, Mapping):
        raise InvalidParam(f"tool_choice: {', '.join(_CHOICES)}, or an object.", param="tool_choice")
    if choice.get("type") == "allowed_tools":
        names = {_named(row, tools) for row in rows_at(choice, "tools")}
        mode = choice.get("mode") if choice.get("mode") in _CHOICES else "auto"
        if mode == "required" and not names:
            raise InvalidParam("tool_choice: requires a tool, and allows none.", param="tool_choice")
        return mode, replace(tools, wire=tuple(tool for tool in tools.wire if _name_of(tool) in names))
    return {"type": "function", "function": {"name": _named(choice, tools)}}, tools


def read_call(item: JsonObject, kind: ToolKind) -> JsonObject:
    """A call that stands in the conversation, as chat completions write it."""
    if kind is ToolKind.CUSTOM:
        arguments = json.dumps({TEXT_FIELD: text_at(item, "input")}, ensure_ascii=False)
    else:
        told = item.get("arguments")
        arguments = told if isinstance(told, str) else json.dumps(told or {}, ensure_ascii=False)
    name = _SEARCH if kind is ToolKind.TOOL_SEARCH else wire_name(text_at(item, "name"), text_at(item, "namespace"))
    return {
        "id": text_at(item, "call_id"),
        "type": "function",
        "function": {"name": name, "arguments": arguments or "{}"},
    }


def describe_found(item: JsonObject) -> str:
    """What a search has found, for the model that may call it from now on."""
    found = [function for tool in rows_at(item, "tools") for _, function in _functions(tool)]
    lines = [f"- {_name_of(tool)}: {text_at(tool, 'function', 'description')[:200]}" for tool in found]
    return "\n".join(["These tools can be called now:", *lines]) if lines else "No tool was found."


# --- one tool ------------------------------------------------------------------------------


def _why_left_out(tool: JsonObject) -> str:
    kind = text_at(tool, "type")
    if kind == _SEARCH and tool.get("execution") != "client":
        return "all tools are offered from the start"
    known = next((name for name in _LEFT_OUT if kind == name or kind.startswith(f"{name}_2")), "")  # dated ones, too
    return _LEFT_OUT.get(known, "")


def _functions(tool: JsonObject, namespace: str = "") -> Iterator[tuple[ClientTool, JsonObject]]:
    """The tool, or those of its namespace, with the function that stands for each."""
    kind = text_at(tool, "type")
    if kind == "namespace" and not namespace:
        for inner in rows_at(tool, "tools"):
            yield from _functions(inner, _checked_name(tool))
    elif kind == "function":
        yield _function(tool, namespace)
    elif kind == "custom":
        yield _of_text(tool, namespace)
    elif kind == _SEARCH and not namespace:
        meant = ClientTool(ToolKind.TOOL_SEARCH, _SEARCH)
        yield meant, _wire(_SEARCH, text_at(tool, "description"), dig(tool, "parameters"))
    else:
        raise InvalidParam(
            f"tools: one of type {kind[:60]!r} cannot be handed on. What a client runs itself can: function, custom, "
            "and namespaces of them.",
            param="tools",
        )


def _function(tool: JsonObject, namespace: str) -> tuple[ClientTool, JsonObject]:
    meant = ClientTool(ToolKind.FUNCTION, _checked_name(tool), namespace)
    name = wire_name(meant.name, namespace)
    made = _wire(name, text_at(tool, "description"), dig(tool, "parameters"), is_strict=tool.get("strict") is True)
    return meant, made


def _of_text(tool: JsonObject, namespace: str) -> tuple[ClientTool, JsonObject]:
    """A tool that takes plain text becomes a function of one field; its grammar is told in words."""
    meant = ClientTool(ToolKind.CUSTOM, _checked_name(tool), namespace)
    words = f"{text_at(tool, 'description')}\n\nThe whole text goes into the field {TEXT_FIELD!r}, just as it is."
    if grammar := text_at(tool, "format", "definition"):
        words += f" It must fit this grammar ({text_at(tool, 'format', 'syntax') or 'lark'}):\n{grammar}"
    field = {"type": "string", "description": "The text that the tool takes."}
    schema = {"type": "object", "properties": {TEXT_FIELD: field}, "required": [TEXT_FIELD]}
    return meant, _wire(wire_name(meant.name, namespace), words.strip(), {**schema, "additionalProperties": False})


def _wire(name: str, words: str, schema: object, *, is_strict: bool = False) -> JsonObject:
    function: dict[str, Any] = {"name": name}
    function |= {"description": words} if words else {}
    function["parameters"] = schema if isinstance(schema, Mapping) else {"type": "object", "properties": {}}
    return {"type": "function", "function": function | ({"strict": True} if is_strict else {})}


def _checked_name(tool: JsonObject) -> str:
    name = text_at(tool, "name")
    if not name:
        raise InvalidParam(f"tools: one of type {text_at(tool, 'type')[:60]!r} has no name.", param="tools")
    return name


def _named(choice: JsonObject, tools: Tools) -> str:
    """The name of the tool that a choice means. Raises InvalidParam where it was not offered."""
    kind = text_at(choice, "type")
    name = _SEARCH if kind == _SEARCH else wire_name(text_at(choice, "name"), text_at(choice, "namespace"))
    if kind not in list(ToolKind) or name not in tools.client_tools:
        raise InvalidParam(
            f"tool_choice: {(text_at(choice, 'name') or kind)[:60]!r} is not offered.", param="tool_choice"
        )
    return name


def _name_of(tool: JsonObject) -> str:
    return text_at(tool, "function", "name")
