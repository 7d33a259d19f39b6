"""What a caller of the simulated provider wants, read from any of the three protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runs.providers.json_reading import count_at, dig, rows_at, text_at
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


_CHARS_A_TOKEN = 4
_NO_LIMIT_TOKENS = 1 << 30


def read_openai(body: object) -> Asked:
    """From the body of a chat completion."""
    messages = rows_at(body, "messages")
    limit = count_at(body, "max_completion_tokens") or count_at(body, "max_tokens")
    wanted, tools = dig(body, "tool_choice"), rows_at(body, "tools")
    name = text_at(wanted, "function", "name") or (
        text_at(tools, 0, "function", "name") if wanted == "required" else ""
    )
    parameters = [dig(tool, "function", "parameters") for tool in tools if text_at(tool, "function", "name") == name]
    texts = [_text_of(message.get("content")) for message in messages]
    return Asked(
        protocol=Protocol.OPENAI,
        model=text_at(body, "model"),
        prompt=texts[-1] if texts else "",
        input_tokens=_count(texts),
        most_tokens=limit or _NO_LIMIT_TOKENS,
        is_streaming=dig(body, "stream") is True,
        schema=_schema(dig(body, "response_format", "json_schema", "schema")),
        forced_tool=name,
        tool_schema=_schema(parameters[0]) if name and parameters else None,
    )


def read_anthropic(body: object) -> Asked:
    """From the body of a message."""
    texts = [_text_of(message.get("content")) for message in rows_at(body, "messages")]
    wanted, tools = dig(body, "tool_choice"), rows_at(body, "tools")
    name = text_at(wanted, "name") or (text_at(tools, 0, "name") if text_at(wanted, "type") == "any" else "")
    schemas = [dig(tool, "input_schema") for tool in tools if text_at(tool, "name") == name]
    return Asked(
        protocol=Protocol.ANTHROPIC,
        model=text_at(body, "model"),
        prompt=texts[-1] if texts else "",
        input_tokens=_count([_text_of(dig(body, "system")), *texts]),
        most_tokens=count_at(body, "max_tokens") or _NO_LIMIT_TOKENS,
        is_streaming=dig(body, "stream") is True,
        schema=_schema(dig(body, "output_config", "format", "schema")),
        forced_tool=name,
        tool_schema=_schema(schemas[0]) if name and schemas else None,
    )


def read_gemini(body: object, model: str, *, is_streaming: bool) -> Asked:
    """From the body of a generateContent call; model and streaming stand in its address."""
    texts = [_text_of(content.get("parts")) for content in rows_at(body, "contents")]
    config = dig(body, "generationConfig")
    calling = dig(body, "toolConfig", "functionCallingConfig")
    tools = [row for tool in rows_at(body, "tools") for row in rows_at(tool, "functionDeclarations")]
    allowed = text_at(calling, "allowedFunctionNames", 0) or text_at(tools, 0, "name")
    name = allowed if text_at(calling, "mode") == "ANY" else ""
    schemas = [dig(tool, "parametersJsonSchema") for tool in tools if text_at(tool, "name") == name]
    return Asked(
        protocol=Protocol.GEMINI,
        model=model,
        prompt=texts[-1] if texts else "",
        input_tokens=_count([_text_of(dig(body, "systemInstruction", "parts")), *texts]),
        most_tokens=count_at(config, "maxOutputTokens") or _NO_LIMIT_TOKENS,
        is_streaming=is_streaming,
        schema=_schema(dig(config, "responseJsonSchema")) or _schema(dig(config, "responseSchema")),
        forced_tool=name,
        tool_schema=_schema(schemas[0]) if name and schemas else None,
    )


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
