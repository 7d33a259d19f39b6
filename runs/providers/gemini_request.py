"""A request in the words of Gemini's generateContent."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from runs.providers.dialects import effort_of
from runs.providers.json_reading import decode, dig, text_at
from runs.providers.openai_messages import Blob, Link, Part, Said, Text, ToolOutcome, ToolUse, read_conversation
from runs.providers.wire import WireCall
from runs.shapes import ChatRequest, Endpoint, JsonObject, Thought

_CHOICES: Final[Mapping[str, str]] = {"auto": "AUTO", "required": "ANY", "none": "NONE"}
# What OpenAI calls it -> what Gemini calls it.
_EXTRA: Final[Mapping[str, str]] = {
    "top_p": "topP",
    "top_k": "topK",
    "seed": "seed",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}
# How hard to think: tokens up to Gemini 2.5, a level from Gemini 3 on, which knows only two for all its models.
_MOST_TOKENS: Final = 24_576
_LEAST_PRO_TOKENS: Final = 128  # those named pro cannot do without thinking, and refuse fewer
_BUDGETS_TOKENS: Final[Mapping[str, int]] = {"none": 0, "minimal": 512, "low": 1024, "medium": 8192}
_LEVELS: Final[Mapping[str, str]] = {"none": "low", "minimal": "low", "low": "low", "medium": "high"}
# The words of other makers for more than that: as hard as can be said here.
_HARDEST: Final = ("high", "xhigh", "max")
# Earlier ones, and models of other names that are served beside them, refuse the field.
_THINKING: Final = re.compile(r"gemini-(?!1|2\.0)")
_encoder = msgspec.json.Encoder()


def build(endpoint: Endpoint, request: ChatRequest, secret: str, *, is_streaming: bool) -> WireCall:
    """The request in this protocol's words; raises CallFailed for what it has no words for.

    The key goes into a header: an address ends up in logs. Where there are tools of the caller, the search is left
    out, and where there is a search, the schema: the models refuse them together.
    """
    conversation = read_conversation(request.messages)
    body: dict[str, object] = {
        "contents": [
            {"role": "model" if turn.is_model else "user", "parts": _parts(turn.parts)} for turn in conversation.turns
        ],
        "generationConfig": _config(request) | _thinking(endpoint, request),
    }
    if conversation.system:
        body["systemInstruction"] = {"parts": [{"text": part.text} for part in conversation.system]}
    if request.tools:
        body["tools"] = [{"functionDeclarations": [_declaration(tool) for tool in request.tools]}]
        body |= _tool_config(request.tool_choice)
    elif request.uses_web_search:
        body["tools"] = [{"googleSearch": {}}]
    model = quote(endpoint.wire_model.removeprefix("models/"), safe="/")
    method = "streamGenerateContent?alt=sse" if is_streaming else "generateContent"
    headers = {"x-goog-api-key": secret, "Content-Type": "application/json"}
    headers |= {"Idempotency-Key": request.idempotency_key} if request.idempotency_key else {}
    return WireCall(f"{endpoint.base_url.rstrip('/')}/models/{model}:{method}", headers, _encoder.encode(body))


def _config(request: ChatRequest) -> dict[str, object]:
    config: dict[str, object] = {"maxOutputTokens": request.max_output_tokens}
    if request.temperature is not None:
        config["temperature"] = request.temperature
    config |= {theirs: request.extra[ours] for ours, theirs in _EXTRA.items() if request.extra.get(ours) is not None}
    stop = request.extra.get("stop")
    if stop:
        config["stopSequences"] = [stop] if isinstance(stop, str) else stop
    wants_json = text_at(request.response_format, "type") in ("json_schema", "json_object")
    if wants_json and not request.uses_web_search and not request.tools:
        config["responseMimeType"] = "application/json"
        schema = dig(request.response_format, "json_schema", "schema")
        config |= {"responseJsonSchema": schema} if schema else {}
    return config


def _thinking(endpoint: Endpoint, request: ChatRequest) -> dict[str, object]:
    """How hard to think, which clients say in one word, or as Anthropic's do by a number of tokens."""
    effort = text_at(request.extra, "reasoning_effort") or effort_of(request.thinking)
    model = endpoint.wire_model.removeprefix("models/")
    if effort not in (*_LEVELS, *_HARDEST) or not _THINKING.match(model):
        return {}
    if not model.startswith("gemini-2"):
        return {"thinkingConfig": {"thinkingLevel": _LEVELS.get(effort, "high")}}
    least_tokens = _LEAST_PRO_TOKENS if "-pro" in model else 0
    return {"thinkingConfig": {"thinkingBudget": max(_BUDGETS_TOKENS.get(effort, _MOST_TOKENS), least_tokens)}}


def _declaration(tool: JsonObject) -> JsonObject:
    described: dict[str, object] = {"name": text_at(tool, "function", "name")}
    words, parameters = text_at(tool, "function", "description"), dig(tool, "function", "parameters")
    described |= {"description": words} if words else {}
    return described | ({"parametersJsonSchema": parameters} if parameters else {})


def _tool_config(wanted: object) -> dict[str, object]:
    name = text_at(wanted, "function", "name")
    if name:
        return {"toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [name]}}}
    mode = _CHOICES.get(wanted) if isinstance(wanted, str) else None
    return {"toolConfig": {"functionCallingConfig": {"mode": mode}}} if mode else {}


def _parts(parts: Sequence[Part]) -> list[dict[str, object]]:
    """All but what another maker's model thought."""
    return [_part(part) for part in parts if not isinstance(part, Thought)]


def _part(part: Said) -> dict[str, object]:
    match part:
        case Text(text):
            return {"text": text}
        case Blob(media_type, data):
            return {"inlineData": {"mimeType": media_type, "data": data}}
        case Link(url):
            media_type = mimetypes.guess_type(urlsplit(url).path)[0] or "image/jpeg"
            return {"fileData": {"fileUri": url, "mimeType": media_type}}
        case ToolUse(_, name, arguments, signature):
            call: dict[str, object] = {"functionCall": {"name": name, "args": arguments}}
            return call | ({"thoughtSignature": signature} if signature else {})
        case ToolOutcome(_, name, text):
            outcome = decode(text)
            response = outcome if isinstance(outcome, Mapping) else {"result": text}
            return {"functionResponse": {"name": name, "response": response}}
