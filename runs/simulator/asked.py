"""What a caller of the simulated provider wants, read from any of the three protocols.

A tool is called where the caller says that it must be, and where the user writes on a line of its own "call the tool
NAME" or "call the tool NAME with {...}", so that what clients do with calls can be seen without a model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from runs.providers.json_reading import count_at, decode, dig, rows_at, text_at
from runs.shapes import Protocol


@dataclass(frozen=True, slots=True)
class Asked:
    """One call, in the words of none of them."""

    protocol: Protocol
    model: str
    prompt: str  # the last message: what is answered
    input_tokens: int
    most_tokens: int
    is_streaming: bool
    schema: Mapping[str, object] | None = None
    forced_tool: str = ""  # "": answer with text
    tool_schema: Mapping[str, object] | None = None
    tool_input: str = ""  # JSON; "": whatever fits the schema


_CALL: Final = re.compile(r"^call the tool ([\w-]+)(?: with (\{.*\}))?\.?\s*$", re.IGNORECASE | re.MULTILINE)
_CHARS_A_TOKEN = 4
_NO_LIMIT_TOKENS = 1 << 30


def read_openai(body: object) -> Asked:
    """From the body of a chat completion."""
    messages = rows_at(body, "messages")
    limit = count_at(body, "max_completion_tokens") or count_at(body, "max_tokens")
    wanted, functions = dig(body, "tool_choice"), [dig(tool, "function") for tool in rows_at(body, "tools")]
    texts = [_text_of(message.get("content")) for message in messages]
    prompt = texts[-1] if texts else ""
    said = prompt if wanted != "none" and text_at(messages, -1, "role") == "user" else ""
    tool = _choose_tool(
        {text_at(function, "name"): dig(function, "parameters") for function in functions},
        text_at(wanted, "function", "name"),
        said=said,
        must_call=wanted == "required",
    )
    return Asked(
        protocol=Protocol.OPENAI,
        model=text_at(body, "model"),
        prompt=prompt,
        input_tokens=_count(texts),
        most_tokens=limit or _NO_LIMIT_TOKENS,
        is_streaming=dig(body, "stream") is True,
        schema=_schema(dig(body, "response_format", "json_schema", "schema")),
        forced_tool=tool.name,
        tool_schema=tool.schema,
        tool_input=tool.given,
    )


def read_anthropic(body: object) -> Asked:
    """From the body of a message."""
    texts = [_text_of(message.get("content")) for message in rows_at(body, "messages")]
    wanted = dig(body, "tool_choice")
    prompt = texts[-1] if texts else ""
    tool = _choose_tool(
        {text_at(row, "name"): dig(row, "input_schema") for row in rows_at(body, "tools")},
        text_at(wanted, "name"),
        said="" if text_at(wanted, "type") == "none" else prompt,
        must_call=text_at(wanted, "type") == "any",
    )
    return Asked(
        protocol=Protocol.ANTHROPIC,
        model=text_at(body, "model"),
        prompt=prompt,
        input_tokens=_count([_text_of(dig(body, "system")), *texts]),
        most_tokens=count_at(body, "max_tokens") or _NO_LIMIT_TOKENS,
        is_streaming=dig(body, "stream") is True,
        schema=_schema(dig(body, "output_config", "format", "schema")),
        forced_tool=tool.name,
        tool_schema=tool.schema,
        tool_input=tool.given,
    )


def read_gemini(body: object, model: str, *, is_streaming: bool) -> Asked:
    """From the body of a generateContent call; model and streaming stand in its address."""
    texts = [_text_of(content.get("parts")) for content in rows_at(body, "contents")]
    config = dig(body, "generationConfig")
    calling = dig(body, "toolConfig", "functionCallingConfig")
    rows = [row for tool in rows_at(body, "tools") for row in rows_at(tool, "functionDeclarations")]
    prompt = texts[-1] if texts else ""
    tool = _choose_tool(
        {text_at(row, "name"): dig(row, "parametersJsonSchema") for row in rows},
        text_at(calling, "allowedFunctionNames", 0) if text_at(calling, "mode") == "ANY" else "",
        said="" if text_at(calling, "mode") == "NONE" else prompt,
        must_call=text_at(calling, "mode") == "ANY",
    )
    return Asked(
        protocol=Protocol.GEMINI,
        model=model,
        prompt=prompt,
        input_tokens=_count([_text_of(dig(body, "systemInstruction", "parts")), *texts]),
        most_tokens=count_at(config, "maxOutputTokens") or _NO_LIMIT_TOKENS,
        is_streaming=is_streaming,
        schema=_schema(dig(config, "responseJsonSchema")) or _schema(dig(config, "responseSchema")),
        forced_tool=tool.name,
        tool_schema=tool.schema,
        tool_input=tool.given,
    )


@dataclass(frozen=True, slots=True)
class _Tool:
    """The tool that is called; nothing where none is."""

    name: str = ""
    schema: Mapping[str, object] | None = None
    given: str = ""


def _choose_tool(schemas: Mapping[str, object], named: str, *, said: str, must_call: bool) -> _Tool:
    """The tool that the caller names, that the user writes of, or the first where any must be called."""
    written = _CALL.search(said)
    if not named and written and written.group(1) in schemas:
        name, given = written.group(1), written.group(2) or ""
        return _Tool(name, _schema(schemas[name]), given if isinstance(decode(given), Mapping) else "")
    name = named or (next(iter(schemas), "") if must_call else "")
    return _Tool(name, _schema(schemas.get(name))) if name else _Tool()


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    return (
        "\n".join(text_at(part, "text") for part in content if isinstance(part, Mapping))
        if isinstance(content, list)
        else ""
    )


def _count(texts: Sequence[str]) -> int:
    return max(1, sum(map(len, texts)) // _CHARS_A_TOKEN)


def _schema(value: object) -> Mapping[str, object] | None:
    return value if isinstance(value, Mapping) else None
