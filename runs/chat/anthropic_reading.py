"""Anthropic's messages: what a body asks for, in OpenAI's words, which every provider here is spoken to from. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from runs.chat.names import read_name
from runs.chat.reading import (
    OWN_FIELD,
    Headers,
    read_body,
    read_count,
    read_model,
    read_number,
    read_object,
    read_objects,
    read_own,
    read_switch,
)
from runs.chat.shapes import ChatAsk, Face
from runs.chat.texts import REMINDER, name_of
from runs.providers.json_reading import dig, rows_at, text_at
from runs.providers.openai_messages import THOUGHTS_FIELD
from runs.shapes import JsonObject
from smartspawn.lib.errors import InvalidParam, MissingParam

_Message = dict[str, Any]
_CHOICES: Final[Mapping[str, str]] = {"auto": "auto", "any": "required", "none": "none"}
_ROLES: Final = ("user", "assistant", "system")
# What a client of Anthropic's writes to Anthropic above everything else; it is no word to a model.
_BILLING: Final = "x-anthropic-billing-header:"
# Claude Code tells its session within what it says of its user. What it puts above a talk changes when that is taken up
# again: the state of the repository, the date.
_SESSION: Final = re.compile(r'(?:"session_id":\s*"|_session_)([0-9a-f-]{36})')
# What of a mark on the cache every model's place knows; the rest goes with headers that are not sent on.
_MARK_FIELDS: Final = ("type", "ttl")
# A model's own thinking, which its maker alone can read, and wants back while tools are being used.
_THOUGHTS: Final = ("thinking", "redacted_thinking")


def read_messages(body: object, headers: Headers, *, needs_limit: bool = True) -> ChatAsk:
    """What the body asks for. Raises BadInput, and ModelUnknown for a name that says nothing."""
    given = read_body(body)
    own = read_own(given.get(OWN_FIELD), headers)
    name = read_model(given)
    limit = read_count(given, "max_tokens")
    if limit is None and needs_limit:
        raise MissingParam("max_tokens is required.", param="max_tokens")
    top_p = read_number(given, "top_p", most=1)
    extra: _Message = {} if top_p is None else {"top_p": top_p}
    extra |= {"stop": stops} if (stops := _stops(given)) else {}
    choice = read_object(given, "tool_choice") or {}
    extra |= {"parallel_tool_calls": False} if choice.get("disable_parallel_tool_use") is True else {}
    messages = tuple(_conversation(given))
    return ChatAsk(
        model=name,
        wish=read_name(name),
        messages=messages,
        max_output_tokens=limit,
        temperature=read_number(given, "temperature", most=1),
        tools=tuple(_tool(tool) for tool in read_objects(given, "tools")),
        tool_choice=_tool_choice(choice),
        response_format=_response_format(given),
        extra=extra,
        thinking=_thinking(given),
        is_streaming=read_switch(given, "stream"),
        session=own.session or _session(given, messages),
        budget=own.budget,
        is_simulated=own.is_simulated,
        face=Face.ANTHROPIC,
    )


def _session(given: Mapping[str, Any], messages: Sequence[JsonObject]) -> str:
    """The name of a conversation whose program tells its own for it; "" for others."""
    told = _SESSION.search(text_at(given, "metadata", "user_id"))
    return name_of(messages, key=told.group(1)) if told else ""


# --- messages ------------------------------------------------------------------------------


def _conversation(given: Mapping[str, Any]) -> Iterator[_Message]:
    """What stands above everything, then what is said in turn."""
    messages = read_objects(given, "messages")
    if not messages:
        raise MissingParam("messages is required.", param="messages")
    for place, message in enumerate(messages):
        if message.get("role") not in _ROLES:
            raise InvalidParam(f"messages.{place}.role: {' or '.join(_ROLES)}.")
    begun = _beginning(messages)
    yield from _system(given.get("system"), "system")
    for place, message in enumerate(messages[:begun]):
        if message["role"] == "system":
            yield from _system(message.get("content"), f"messages.{place}.content")
    said = [
        told
        for place, message in enumerate(messages)
        if place >= begun or message["role"] != "system"
        for told in _of_message(message, place)
    ]
    if not said:
        raise InvalidParam("messages: at least one of the user.", param="messages")
    yield from said


def _beginning(messages: Sequence[Mapping[str, Any]]) -> int:
    """How many messages there were before the model first spoke.

    Clients add words of the system to those; they join what stands above, which every place takes, and stay there.
    """
    roles = [message["role"] for message in messages]
    return roles.index("assistant") if "assistant" in roles else len(roles)


def _system(system: object, where: str) -> Iterator[_Message]:
    if isinstance(system, str) and system:
        yield {"role": "system", "content": system}
    elif isinstance(system, list):
        blocks = [_text(block) for block in system if isinstance(block, Mapping)]
        if told := [block for block in blocks if not block["text"].startswith(_BILLING)]:
            yield {"role": "system", "content": told}
    elif system:
        raise InvalidParam(f"{where}: text, or a list of text blocks.")


def _of_message(message: Mapping[str, Any], place: int) -> Iterator[_Message]:
    role, content = message["role"], message.get("content")
    if role == "system":
        yield from _reminder(content, place)
    elif isinstance(content, str):
        yield {"role": role, "content": content}
    elif isinstance(content, list) and all(isinstance(block, Mapping) for block in content):
        yield from _of_user(content, place) if role == "user" else _of_model(content, place)
    else:
        raise InvalidParam(f"messages.{place}.content: text, or a list of blocks.")


def _reminder(content: object, place: int) -> Iterator[_Message]:
    """The system's words in the middle of a talk: many models refuse them there, so the user's side says them.

    Put above everything instead, they would stand before what they answer, and each would have all that a provider
    keeps of the talk read anew.
    """
    for told in _system(content, f"messages.{place}.content"):
        words = told["content"] if isinstance(told["content"], list) else [{"type": "text", "text": told["content"]}]
        reminders = [part | {"text": f"<{REMINDER}>\n{part['text']}\n</{REMINDER}>"} for part in words]
        yield {"role": "user", "content": reminders}


def _of_user(blocks: Sequence[Mapping[str, Any]], place: int) -> Iterator[_Message]:
    """Results of tools are messages of their own, before what the user says beside them."""
    said: list[_Message] = []
    for block in blocks:
        if block.get("type") == "tool_result":
            words, pictures = _outcome(block, place)
            marked = [{"type": "text", "text": words} | mark] if (mark := _mark(block)) else words
            yield {"role": "tool", "tool_call_id": text_at(block, "tool_use_id"), "content": marked}
            said += pictures  # a result of a tool is text there; its pictures follow as the user's
        else:
            said.append(_part(block, place))
    if said:
        yield {"role": "user", "content": said}


def _of_model(blocks: Sequence[Mapping[str, Any]], place: int) -> Iterator[_Message]:
    uses = [block for block in blocks if block.get("type") == "tool_use"]
    told = [block for block in blocks if block.get("type") not in ("tool_use", *_THOUGHTS)]
    message: _Message = {"role": "assistant", "content": [_part(block, place) for block in told] or None}
    if thoughts := [block for block in blocks if block.get("type") in _THOUGHTS and _is_proven(block)]:
        message[THOUGHTS_FIELD] = thoughts
    if uses:
        message["tool_calls"] = [_call(block) for block in uses]
    if told or uses:
        yield message


def _is_proven(block: Mapping[str, Any]) -> bool:
    """Whether its maker would know it again: other makers' thoughts carry no signature."""
    return bool(text_at(block, "signature") or text_at(block, "data"))


def _thinking(given: Mapping[str, Any]) -> Mapping[str, Any] | None:
    thinking = read_object(given, "thinking")
    if thinking is None:
        return None
    if thinking.get("type") not in ("enabled", "adaptive", "disabled"):
        raise InvalidParam("thinking.type: enabled, adaptive or disabled.")
    read_count(thinking, "budget_tokens")
    effort = text_at(read_object(given, "output_config"), "effort")
    return {**thinking, "effort": effort} if effort else thinking


def _response_format(given: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The form that the answer is held to; clients wrote it into a field of its own before."""
    wanted = (read_object(given, "output_config") or {}).get("format") or read_object(given, "output_format")
    schema = dig(wanted, "schema")
    if text_at(wanted, "type") != "json_schema" or not isinstance(schema, Mapping):
        return None
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}


def _outcome(block: Mapping[str, Any], place: int) -> tuple[str, list[_Message]]:
    parts = [_part(row, place) for row in rows_at(block, "content")]
    words = text_at(block, "content") or "\n".join(part["text"] for part in parts if part["type"] == "text")
    if block.get("is_error") is True:
        words = f"Error: {words}"
    return words, [part for part in parts if part["type"] != "text"]


def _part(block: Mapping[str, Any], place: int) -> _Message:
    kind = block.get("type")
    if kind == "text":
        return _text(block)
    if kind == "image":
        return {"type": "image_url", "image_url": {"url": _address(block, place)}}
    if kind == "document":
        named = {"filename": text_at(block, "title") or "document"}
        return {"type": "file", "file": {**named, "file_data": _address(block, place)}}
    raise InvalidParam(f"messages.{place}.content: blocks of type {str(kind)[:40]!r} cannot be handed on.")


def _address(block: Mapping[str, Any], place: int) -> str:
    """The content as an address: its own, or the data itself."""
    data, url = text_at(block, "source", "data"), text_at(block, "source", "url")
    if data and text_at(block, "source", "type") == "base64":
        return f"data:{text_at(block, 'source', 'media_type')};base64,{data}"
    if url and block.get("type") == "image":
        return url
    raise InvalidParam(f"messages.{place}.content: {block.get('type')} without data in base64 or an address.")


def _text(block: Mapping[str, Any]) -> _Message:
    """A text, with the mark up to which the provider is to keep what it has read."""
    return {"type": "text", "text": text_at(block, "text")} | _mark(block)


def _mark(block: Mapping[str, Any]) -> _Message:
    mark = block.get("cache_control")
    if not isinstance(mark, Mapping):
        return {}
    return {"cache_control": {name: mark[name] for name in _MARK_FIELDS if name in mark}}


def _call(block: Mapping[str, Any]) -> _Message:
    arguments = json.dumps(block.get("input") or {}, ensure_ascii=False)
    return {
        "id": text_at(block, "id"),
        "type": "function",
        "function": {"name": text_at(block, "name"), "arguments": arguments},
    }


# --- tools ---------------------------------------------------------------------------------


def _tool(tool: Mapping[str, Any]) -> _Message:
    name = text_at(tool, "name")
    schema = tool.get("input_schema")
    if tool.get("type") not in (None, "custom") or not name or not isinstance(schema, Mapping):
        raise InvalidParam(
            f"tools: {str(tool.get('type') or name)[:60]!r} is no tool with a name and an input_schema; "
            "tools that Anthropic's servers run cannot be handed on."
        )
    words = text_at(tool, "description")
    return {
        "type": "function",
        "function": {"name": name, "parameters": schema} | ({"description": words} if words else {}),
    }


def _tool_choice(choice: Mapping[str, Any]) -> object:
    kind = choice.get("type")
    if kind == "tool":
        return {"type": "function", "function": {"name": text_at(choice, "name")}}
    return _CHOICES.get(kind) if isinstance(kind, str) else None


def _stops(given: Mapping[str, Any]) -> list[str]:
    stops = given.get("stop_sequences")
    if stops is None:
        return []
    if not isinstance(stops, list) or not all(isinstance(stop, str) for stop in stops):
        raise InvalidParam("stop_sequences: a list of texts.")
    return stops
