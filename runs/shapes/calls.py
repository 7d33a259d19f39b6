"""Calls of models: where they go, what is asked, what comes back and what it took."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from runs.shapes.words import JsonObject


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens in buckets that do not overlap; their sum is the provider's total."""

    fresh_input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0  # without reasoning
    reasoning_tokens: int = 0
    search_count: int = 0  # web searches that the provider made and bills apart; no tokens
    is_estimated: bool = False  # the provider gave no count, or the call was cut off

    @property
    def input_tokens(self) -> int:
        return self.fresh_input_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def completion_tokens(self) -> int:
        return self.output_tokens + self.reasoning_tokens

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.completion_tokens


class CallStatus(StrEnum):
    """How a call to a provider ended."""

    OK = "ok"
    FAILED = "failed"
    CANCELED = "canceled"
    UNCERTAIN = "uncertain"  # a crash fell between the call and its record: nobody here knows whether it was billed


class Protocol(StrEnum):
    """The languages in which providers are spoken to."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place that serves a model: connection, address, and the model's name there. Holds no secret."""

    connection: str  # "openrouter", "anthropic", "ollama-2": the key of the connection
    provider: str  # "openrouter", "anthropic", ...
    protocol: Protocol
    base_url: str
    wire_model: str  # the model's name at this place
    model_id: str  # the model's id in the catalogue; for a local model its own name
    is_simulated: bool = False
    allows_private: bool = False  # an admin allowed this connection to reach private addresses
    prompt_usd_per_mtok: Decimal | None = None
    completion_usd_per_mtok: Decimal | None = None
    cache_read_usd_per_mtok: Decimal | None = None
    cache_write_usd_per_mtok: Decimal | None = None
    price_source: str = ""  # "catalogue revision 41", "connection", "flat assumption"


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call of a model; messages, tools and formats as OpenAI's chat completions write them."""

    messages: tuple[JsonObject, ...]
    max_output_tokens: int
    temperature: float | None = None
    tools: tuple[JsonObject, ...] = ()
    tool_choice: object = None
    response_format: JsonObject | None = None
    uses_web_search: bool = False
    timeout_s: float = 180.0  # the whole call
    idempotency_key: str = ""
    thinking: JsonObject | None = None  # as Anthropic's messages write it
    extra: JsonObject = field(default_factory=dict)  # handed on as it is where the protocol is the same


@dataclass(frozen=True, slots=True)
class Thought:
    """What a model thought before it went on, with what proves to its maker that it did."""

    text: str = ""
    signature: str = ""
    redacted: str = ""  # in place of the text, where the maker keeps it to itself


@dataclass(frozen=True, slots=True)
class ChatDelta:
    """A piece of an answer while it is being made."""

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[JsonObject, ...] = ()  # as OpenAI streams them
    finish_reason: str = ""
    thought: Thought | None = None  # the end of one: its signature, or the whole where it is redacted
    chances: tuple[JsonObject, ...] = ()  # of its tokens, as OpenAI tells them (logprobs)


@dataclass(frozen=True, slots=True)
class Citation:
    """A source that a provider says an answer rests on."""

    url: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class ChatResult:
    """A whole answer with what it took."""

    text: str
    usage: Usage
    finish_reason: str = "stop"  # stop, length, tool_calls, content_filter
    reasoning: str = ""
    tool_calls: tuple[JsonObject, ...] = ()
    citations: tuple[Citation, ...] = ()
    chances: tuple[JsonObject, ...] = ()  # of its tokens, as OpenAI tells them (logprobs)
    thoughts: tuple[Thought, ...] = ()  # the reasoning in its blocks, where it can be shown to its maker again
    reported_cost_usd: Decimal | None = None
    served_model: str = ""  # as the provider names it
    served_provider: str = ""
    request_id: str = ""
    first_token_ms: float | None = None
    duration_ms: float = 0.0


class FaultAction(StrEnum):
    """What to do about a failed call."""

    RETRY = "retry"  # the same place again, after a wait
    NEXT_ENDPOINT = "next_endpoint"  # another place or model may do it
    STOP_RUN = "stop_run"  # every further call would fail too: a revoked key, no credit anywhere
    ASK_PERSON = "ask_person"  # only a person can mend it
    FAIL_NODE = "fail_node"  # this request is wrong and stays wrong
