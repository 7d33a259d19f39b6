"""How the providers that speak OpenAI's chat completions differ from one another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from runs.providers.json_reading import count_at, text_at
from runs.shapes import Endpoint, JsonObject, Protocol


@dataclass(frozen=True, slots=True)
class Dialect:
    """One provider's way; the standing is what most servers take."""

    limit_field: str = "max_tokens"
    asks_for_usage_in_streams: bool = True  # stream_options; the others tell it unasked
    takes_schemas: bool = True  # response_format json_schema; the others take json_object alone
    takes_marks: bool = False  # on parts of messages, up to which what was read is kept; others refuse the field
    search: Mapping[str, object] = field(default_factory=dict)  # what switches a web search on
    extra: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


_STANDING: Final = Dialect(takes_marks=True)
_DIALECTS: Final[Mapping[str, Dialect]] = {
    "openai": Dialect(limit_field="max_completion_tokens"),
    "openrouter": Dialect(
        takes_marks=True,
        search={"plugins": [{"id": "web"}]},
        extra={"usage": {"include": True}},  # the cost it bills, in every answer
        headers={"X-Title": "Smart Spawn"},
    ),
    "groq": Dialect(limit_field="max_completion_tokens"),
    "deepseek": Dialect(takes_schemas=False),
    "mistral": Dialect(asks_for_usage_in_streams=False),  # refuses fields it does not know
    "gemini-compatible": Dialect(),
    "together": Dialect(),
    "xai": Dialect(),
}
# OpenAI's models that think before they answer take no temperature but their own.
_FIXED_TEMPERATURE: Final = re.compile(r"(?:o\d|gpt-5(?!.*chat))")


# Budgets of thinking and the words that come nearest: agents ask for 4,000 to "think", 10,000 to "think hard".
_EFFORTS: Final = ((4_096, "low"), (16_384, "medium"))
_EFFORT_WORDS: Final = ("low", "medium", "high")  # further ones are understood by few


def find_dialect(provider: str) -> Dialect:
    """The dialect of a provider; whoever is not known speaks the standing one."""
    return _DIALECTS.get(provider, _STANDING)


def takes_temperature(endpoint: Endpoint) -> bool:
    """Whether the model at this place accepts a temperature."""
    return endpoint.provider != "openai" or not _FIXED_TEMPERATURE.match(endpoint.wire_model)


def takes_effort(endpoint: Endpoint) -> bool:
    """Whether the place takes a word on how hard to think, or at least passes over it; others refuse the field."""
    return endpoint.provider == "openrouter" or not takes_temperature(endpoint)


def effort_of(thinking: JsonObject | None) -> str:
    """How hard to think, in one word, for who was given a number of tokens to think with; "" where nothing is said."""
    if text_at(thinking, "type") not in ("enabled", "adaptive"):
        return ""
    if word := text_at(thinking, "effort"):
        return word if word in _EFFORT_WORDS else "high"
    budget_tokens = count_at(thinking, "budget_tokens")
    if budget_tokens is None:
        return "medium"
    return next((word for most, word in _EFFORTS if budget_tokens <= most), "high")


def can_search(endpoint: Endpoint) -> bool:
    """Whether the provider can look into the web for an answer made here; the simulator pretends to, as in all else."""
    if endpoint.is_simulated or endpoint.protocol is not Protocol.OPENAI:
        return True
    return bool(find_dialect(endpoint.provider).search)
