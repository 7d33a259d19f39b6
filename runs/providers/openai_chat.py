"""OpenAI's chat completions, and everybody who speaks like it; see ``dialects.py`` for where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from runs.providers.dialects import effort_of, find_dialect, takes_effort, takes_temperature
from runs.providers.fault_reading import refuse_error
from runs.providers.faults import cut_off, malformed
from runs.providers.json_reading import count_at, decimal_at, decode, dig, rows_at, text_at
from runs.providers.openai_messages import MARK_FIELD, THOUGHTS_FIELD
from runs.providers.usage import estimate_usage, read_openai_usage
from runs.providers.wire import ServerEvent, WireCall
from runs.shapes import ChatDelta, ChatRequest, ChatResult, Citation, Endpoint, JsonObject, Usage

_DONE: Final = "[DONE]"
# The dearest answers there are cost some hundred dollars; beyond this a bill is in another unit, or a lie.
MOST_USD_A_CALL: Final = Decimal(10_000)
_ENDINGS: Final[Mapping[str, str]] = {"function_call": "tool_calls", "eos": "stop", "max_tokens": "length"}
_encoder = msgspec.json.Encoder()


def build(endpoint: Endpoint, request: ChatRequest, secret: str, *, is_streaming: bool) -> WireCall:
    """The request in this protocol's words."""
    dialect = find_dialect(endpoint.provider)
    body: dict[str, object] = {**dialect.extra, **request.extra}
    body |= {
        "model": endpoint.wire_model,
        "messages": _told_messages(request.messages, takes_marks=dialect.takes_marks),
    }
    if (effort := effort_of(request.thinking)) and takes_effort(endpoint):
        body.setdefault("reasoning_effort", effort)
    body[dialect.limit_field] = request.max_output_tokens
    if request.temperature is not None and takes_temperature(endpoint):
        body["temperature"] = request.temperature
    if request.tools:
        body["tools"] = request.tools
        body |= {"tool_choice": request.tool_choice} if request.tool_choice is not None else {}
    if request.response_format:
        body["response_format"] = _response_format(request.response_format, takes_schemas=dialect.takes_schemas)
    if request.uses_web_search:
        body |= dialect.search
    if is_streaming:
        body["stream"] = True
        body |= {"stream_options": {"include_usage": True}} if dialect.asks_for_usage_in_streams else {}
    headers = {**dialect.headers, "Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {secret}"} if secret else {}
    headers |= {"Idempotency-Key": request.idempotency_key} if request.idempotency_key else {}
    return WireCall(f"{endpoint.base_url.rstrip('/')}/chat/completions", headers, _encoder.encode(body))


def read_whole(body: bytes, request: ChatRequest) -> ChatResult:
    """A whole answer; raises CallFailed if it is none."""
    answer = decode(body)
    _refuse_error(answer)
    message = dig(answer, "choices", 0, "message")
    if not isinstance(message, Mapping):
        raise malformed(answer, "choice")
    text, reasoning = _content(message), _reasoning(message)
    return ChatResult(
        text=text,
        usage=read_openai_usage(dig(answer, "usage")) or estimate_usage(request, text, reasoning),
        finish_reason=_ending(dig(answer, "choices", 0)),
        reasoning=reasoning,
        tool_calls=tuple(rows_at(message, "tool_calls")),
        chances=_chances(dig(answer, "choices", 0)),
        citations=_citations(message, answer),
        reported_cost_usd=_reported_cost(dig(answer, "usage")),
        served_model=text_at(answer, "model"),
        served_provider=text_at(answer, "provider"),
        request_id=text_at(answer, "id"),
    )


class Reader:
    """Puts an answer together from the events of its stream."""

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        self._texts: list[str] = []
        self._reasonings: list[str] = []
        self._calls: dict[int, dict[str, object]] = {}
        self._chances: list[JsonObject] = []
        self._citations: tuple[Citation, ...] = ()
        self._ending = ""
        self._is_done = False
        self._usage: Usage | None = None
        self._cost_usd: Decimal | None = None
        self._head: Mapping[str, object] = {}

    @property
    def is_complete(self) -> bool:
        """Whether the answer is whole, though its usage may still come."""
        return self._is_done or bool(self._ending)

    @property
    def is_ended(self) -> bool:
        """Whether the provider has said that nothing more comes."""
        return self._is_done

    def feed(self, event: ServerEvent) -> list[ChatDelta]:
        """What the event adds; raises CallFailed where it tells of an error."""
        if event.data == _DONE:
            self._is_done = True
            return []
        piece = decode(event.data)
        _refuse_error(piece)
        if not isinstance(piece, Mapping):
            return []
        self._note_head(piece)
        block = dig(piece, "usage") or dig(piece, "x_groq", "usage")
        if block:
            self._usage = read_openai_usage(block) or self._usage
            cost_usd = _reported_cost(block)
            self._cost_usd = self._cost_usd if cost_usd is None else cost_usd
        choice = dig(piece, "choices", 0)
        return [self._take(choice, piece)] if isinstance(choice, Mapping) else []

    def finish(self) -> ChatResult:
        """The whole answer; raises CallFailed if the stream ended before it did."""
        if not self.is_complete:
            raise cut_off()
        return self.partial()

    def partial(self) -> ChatResult:
        """What has come so far, its tokens estimated where the provider has not told them."""
        text, reasoning = "".join(self._texts), "".join(self._reasonings)
        calls = tuple(self._calls[place] for place in sorted(self._calls))
        return ChatResult(
            text=text,
            usage=self._usage or estimate_usage(self._request, text, reasoning, *(str(call) for call in calls)),
            finish_reason=self._ending or "stop",
            reasoning=reasoning,
            tool_calls=calls,
            chances=tuple(self._chances),
            citations=self._citations,
            reported_cost_usd=self._cost_usd,
            served_model=text_at(self._head, "model"),
            served_provider=text_at(self._head, "provider"),
            request_id=text_at(self._head, "id"),
        )

    def _note_head(self, piece: Mapping[str, object]) -> None:
        if not self._head.get("model"):
            self._head = {name: piece[name] for name in ("id", "model", "provider") if piece.get(name)}

    def _take(self, choice: Mapping[str, object], piece: Mapping[str, object]) -> ChatDelta:
        delta = choice.get("delta") or choice.get("message") or {}
        text, reasoning = _content(delta), _reasoning(delta)
        calls = tuple(rows_at(delta, "tool_calls"))
        self._texts.append(text)
        self._reasonings.append(reasoning)
        for call in calls:
            _join_call(self._calls, call)
        if dig(delta, "annotations") or "citations" in piece:
            self._citations = _citations(delta, piece) or self._citations
        ending = _ending(choice) if choice.get("finish_reason") else ""
        self._ending = ending or self._ending
        chances = _chances(choice)
        self._chances += chances
        return ChatDelta(text=text, reasoning=reasoning, tool_calls=calls, finish_reason=ending, chances=chances)


# --- what both ways share ------------------------------------------------------------------


def _told_messages(messages: tuple[JsonObject, ...], *, takes_marks: bool) -> Sequence[JsonObject]:
    """The messages without what only Anthropic may be shown again, and without marks where a place refuses them."""
    told: Sequence[JsonObject] = messages
    if any(THOUGHTS_FIELD in message for message in told):
        told = [{name: value for name, value in message.items() if name != THOUGHTS_FIELD} for message in told]
    return told if takes_marks else [_unmarked(message) for message in told]


def _unmarked(message: JsonObject) -> JsonObject:
    parts = rows_at(message, "content")
    if not any(MARK_FIELD in part for part in parts):
        return message
    bare = [{name: value for name, value in part.items() if name != MARK_FIELD} for part in parts]
    return {**message, "content": bare}


def _response_format(wanted: JsonObject, *, takes_schemas: bool) -> JsonObject:
    is_schema = wanted.get("type") == "json_schema"
    return wanted if takes_schemas or not is_schema else {"type": "json_object"}


def _refuse_error(answer: object) -> None:
    """Raises CallFailed for an error that came with status 200; OpenRouter also puts one into a choice."""
    choice_error = dig(answer, "choices", 0, "error")
    refuse_error({"error": choice_error} if choice_error else answer)


def _content(message: object) -> str:
    """The text, also where it comes in parts; Mistral puts its thinking among them."""
    told = text_at(message, "content")
    return told or "".join(text_at(part, "text") for part in rows_at(message, "content"))


def _reasoning(message: object) -> str:
    told = text_at(message, "reasoning_content") or text_at(message, "reasoning")
    if told or text_at(message, "content"):
        return told
    thoughts = (row for part in rows_at(message, "content") for row in rows_at(part, "thinking"))
    return "".join(text_at(row, "text") for row in thoughts)


def _chances(choice: object) -> tuple[JsonObject, ...]:
    return tuple(rows_at(dig(choice, "logprobs"), "content"))


def _ending(choice: object) -> str:
    told = text_at(choice, "finish_reason")
    return _ENDINGS.get(told, told) or "stop"


def _citations(message: object, answer: object) -> tuple[Citation, ...]:
    named = [dig(row, "url_citation") for row in rows_at(message, "annotations")]
    plain = dig(answer, "citations")
    addresses = [url for url in plain if isinstance(url, str)] if isinstance(plain, list) else []
    found = {text_at(row, "url"): text_at(row, "title") for row in named} or dict.fromkeys(addresses, "")
    return tuple(Citation(url, title) for url, title in found.items() if url)


def _reported_cost(usage: object) -> Decimal | None:
    """What OpenRouter bills, with what the maker bills beside it where the caller's own key was used there.

    A bill that no call can come to is not believed.
    """
    cost = decimal_at(usage, "cost")
    upstream = decimal_at(usage, "cost_details", "upstream_inference_cost")
    is_own_key = dig(usage, "is_byok") is True
    bill = cost + upstream if cost is not None and upstream is not None and is_own_key else cost
    return None if bill is None or bill > MOST_USD_A_CALL else bill


def _join_call(calls: dict[int, dict[str, object]], piece: JsonObject) -> None:
    """A tool call comes in pieces: first its name, then its arguments bit by bit."""
    place = count_at(piece, "index")
    place = len(calls) if place is None else place
    held = calls.setdefault(place, {"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
    function = held["function"]
    held["id"] = text_at(piece, "id") or held["id"]
    if isinstance(function, dict):
        function["name"] = text_at(piece, "function", "name") or function["name"]
        function["arguments"] += text_at(piece, "function", "arguments")
