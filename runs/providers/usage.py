"""Token counts in each provider's words -> buckets that do not overlap and sum to the provider's total."""

from __future__ import annotations

from typing import Final

from runs.providers.json_reading import count_at
from runs.shapes import ChatRequest, Usage
from runs.tokens.estimate import estimate_tokens, text_tokens

_OPENAI_CACHE_READS: Final = (
    ("prompt_tokens_details", "cached_tokens"),
    ("prompt_cache_hit_tokens",),  # DeepSeek
    ("num_cached_tokens",),  # Mistral
    ("cached_tokens",),  # Moonshot
)


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
    """What a call has probably taken that answered with these texts; rather too much than too little."""
    return Usage(
        fresh_input_tokens=estimate_tokens(request.messages, request.tools),
        output_tokens=sum(map(text_tokens, texts)),
        is_estimated=True,
    )


def _first(block: object, paths: tuple[tuple[str, ...], ...]) -> int:
    return next((count for path in paths if (count := count_at(block, *path)) is not None), 0)
