"""Token counts in each provider's words -> buckets that do not overlap and sum to the provider's total."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from runs.providers.json_reading import count_at, rows_at, text_at
from runs.shapes import ChatRequest, JsonObject, Usage

# English runs to four bytes a token, code and other languages to fewer; the middle is good enough for an estimate.
_BYTES_A_TOKEN: Final = 3.5
_TOKENS_A_MESSAGE: Final = 4  # role and separators
_TOKENS_A_PICTURE: Final = 1000


def read_openai_usage(block: object) -> Usage | None:
    """From OpenAI's block and its dialects; None if it holds no counts."""
    prompt, completion = count_at(block, "prompt_tokens"), count_at(block, "completion_tokens")
    if prompt is None or (completion is None and count_at(block, "total_tokens") is None):
        return None
    completion = completion or 0
    # Some leave reasoning out of the completion and count it in the total alone.
    hidden = max(0, (count_at(block, "total_tokens") or 0) - prompt - completion)
    completion += hidden
    reported = count_at(block, "completion_tokens_details", "reasoning_tokens") or 0
    reasoning = min(max(reported, hidden), completion)
    read = min(_first(block, _OPENAI_CACHE_READS), prompt)
    written = min(count_at(block, "prompt_tokens_details", "cache_write_tokens") or 0, prompt - read)
    return Usage(
        fresh_input_tokens=prompt - read - written,
        cache_read_tokens=read,
        cache_write_tokens=written,
        output_tokens=completion - reasoning,
        reasoning_tokens=reasoning,
    )


_OPENAI_CACHE_READS: Final = (
    ("prompt_tokens_details", "cached_tokens"),
    ("prompt_cache_hit_tokens",),  # DeepSeek
    ("num_cached_tokens",),  # Mistral
    ("cached_tokens",),  # Moonshot
)


def read_anthropic_usage(block: object) -> Usage | None:
    """From Anthropic's block, in which the cache's tokens stand beside the input's."""
    fresh, output = count_at(block, "input_tokens"), count_at(block, "output_tokens")
    if fresh is None or output is None:
        return None
    reasoning = min(count_at(block, "output_tokens_details", "thinking_tokens") or 0, output)
    return Usage(
        fresh_input_tokens=fresh,
        cache_read_tokens=count_at(block, "cache_read_input_tokens") or 0,
        cache_write_tokens=count_at(block, "cache_creation_input_tokens") or 0,
        output_tokens=output - reasoning,
        reasoning_tokens=reasoning,
        search_count=count_at(block, "server_tool_use", "web_search_requests") or 0,
    )


def read_gemini_usage(block: object) -> Usage | None:
    """From Gemini's block, in which thoughts and the results of tools stand beside prompt and answer."""
    prompt = count_at(block, "promptTokenCount")
    if prompt is None:
        return None
    tools = count_at(block, "toolUsePromptTokenCount") or 0
    output = count_at(block, "candidatesTokenCount") or 0
    reasoning = count_at(block, "thoughtsTokenCount") or 0
    hidden = max(0, (count_at(block, "totalTokenCount") or 0) - prompt - tools - output - reasoning)
    read = min(count_at(block, "cachedContentTokenCount") or 0, prompt)
    return Usage(
        fresh_input_tokens=prompt - read + tools,
        cache_read_tokens=read,
        output_tokens=output,
        reasoning_tokens=reasoning + hidden,
    )


def estimate_usage(request: ChatRequest, *texts: str) -> Usage:
    """What a call has probably taken that answered with these texts."""
    return Usage(
        fresh_input_tokens=sum(_message_tokens(message) for message in (*request.messages, *request.tools)),
        output_tokens=sum(estimate_tokens(text) for text in texts),
        is_estimated=True,
    )


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has."""
    return round(len(text.encode("utf-8", "replace")) / _BYTES_A_TOKEN + 0.49) if text else 0


def _message_tokens(message: JsonObject) -> int:
    if "function" in message:  # a tool
        return estimate_tokens(str(message["function"]))
    text = text_at(message, "content")
    parts = rows_at(message, "content")
    pictures = sum(part.get("type") == "image_url" for part in parts)
    texts: Iterable[str] = (text, *(text_at(part, "text") for part in parts))
    calls = str(message.get("tool_calls") or "")
    spoken = sum(estimate_tokens(words) for words in (*texts, calls))
    return _TOKENS_A_MESSAGE + spoken + pictures * _TOKENS_A_PICTURE


def _first(block: object, paths: tuple[tuple[str, ...], ...]) -> int:
    return next((count for path in paths if (count := count_at(block, *path)) is not None), 0)
