"""Token counts as each provider tells them, what they mean, and the dollars worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from runs.shapes import Protocol

OPENAI, ANTHROPIC, GEMINI = Protocol.OPENAI, Protocol.ANTHROPIC, Protocol.GEMINI


@dataclass(frozen=True)
class Golden:
    """One provider's block, what it means, and what it costs at these dollars a million tokens."""

    name: str
    protocol: Protocol
    block: dict[str, Any]
    buckets: tuple[int, int, int, int, int]  # fresh, cache read, cache write, output, reasoning
    total: int  # as the provider counts it
    usd: str  # by hand
    prices: dict[str, str] = field(default_factory=dict)


USUAL = {"prompt": "2", "completion": "10"}
GOLDEN = [
    # 1000 x 2 + 200 x 10 = 4000 millionths of a dollar
    Golden(
        "openai",
        OPENAI,
        {
            "prompt_tokens": 1000,
            "completion_tokens": 200,
            "total_tokens": 1200,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        (1000, 0, 0, 200, 0),
        1200,
        "0.004",
    ),
    # gpt-5: 1,024 of 2,006 from the cache at a tenth: 982 x 1.25 + 1024 x 0.125 + 300 x 10 = 4355.5 millionths
    Golden(
        "openai, cached",
        OPENAI,
        {
            "prompt_tokens": 2006,
            "completion_tokens": 300,
            "total_tokens": 2306,
            "prompt_tokens_details": {"cached_tokens": 1024},
        },
        (982, 1024, 0, 300, 0),
        2306,
        "0.0043555",
        {"prompt": "1.25", "completion": "10", "read": "0.125"},
    ),
    # reasoning is part of the completion and costs the same: 75 x 1.1 + 1186 x 4.4 = 82.5 + 5218.4 millionths
    Golden(
        "openai, reasoning",
        OPENAI,
        {
            "prompt_tokens": 75,
            "completion_tokens": 1186,
            "total_tokens": 1261,
            "completion_tokens_details": {"reasoning_tokens": 1024},
        },
        (75, 0, 0, 162, 1024),
        1261,
        "0.0053009",
        {"prompt": "1.1", "completion": "4.4"},
    ),
    # xAI counts reasoning beside the completion: 32 x 3 + (9 + 246) x 15 = 96 + 3825 millionths
    Golden(
        "xai, reasoning on top",
        OPENAI,
        {
            "prompt_tokens": 32,
            "completion_tokens": 9,
            "total_tokens": 287,
            "prompt_tokens_details": {"text_tokens": 32, "cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 246},
        },
        (32, 0, 0, 9, 246),
        287,
        "0.003921",
        {"prompt": "3", "completion": "15"},
    ),
    # Gemini's compatible endpoint hides its thoughts in the total: 10 x 0.3 + (5 + 85) x 2.5 = 3 + 225 millionths
    Golden(
        "gemini-compatible, thoughts in the total alone",
        OPENAI,
        {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 100},
        (10, 0, 0, 5, 85),
        100,
        "0.000228",
        {"prompt": "0.3", "completion": "2.5"},
    ),
    # DeepSeek: 64 hits at 0.028, 36 misses at 0.28, 50 x 0.42 = 1.792 + 10.08 + 21 = 32.872 millionths
    Golden(
        "deepseek, cache hits",
        OPENAI,
        {
            "prompt_tokens": 100,
            "completion_tokens": 50,
            "total_tokens": 150,
            "prompt_cache_hit_tokens": 64,
            "prompt_cache_miss_tokens": 36,
            "completion_tokens_details": {"reasoning_tokens": 20},
        },
        (36, 64, 0, 30, 20),
        150,
        "0.000032872",
        {"prompt": "0.28", "completion": "0.42", "read": "0.028"},
    ),
    # OpenRouter on Anthropic: 5000 written at 3.75, 1000 read at 0.3, 100 fresh at 3, 400 x 15:
    # 18750 + 300 + 300 + 6000 = 25350 millionths
    Golden(
        "openrouter, cache written and read",
        OPENAI,
        {
            "prompt_tokens": 6100,
            "completion_tokens": 400,
            "total_tokens": 6500,
            "cost": 0.02535,
            "prompt_tokens_details": {"cached_tokens": 1000, "cache_write_tokens": 5000},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
        (100, 1000, 5000, 400, 0),
        6500,
        "0.02535",
        {"prompt": "3", "completion": "15", "read": "0.3", "write": "3.75"},
    ),
    # Groq, Together, Ollama, vLLM and LM Studio: the plain three; 24 x 0.05 + 377 x 0.08 = 1.2 + 30.16 millionths
    Golden(
        "groq",
        OPENAI,
        {
            "queue_time": 0.04,
            "prompt_tokens": 24,
            "prompt_time": 0.001,
            "completion_tokens": 377,
            "completion_time": 0.3,
            "total_tokens": 401,
            "total_time": 0.4,
        },
        (24, 0, 0, 377, 0),
        401,
        "0.00003136",
        {"prompt": "0.05", "completion": "0.08"},
    ),
    # Mistral tells cached tokens under a name of its own: 900 x 0.4 + 100 x 0.4 + 10 x 2 = 420 millionths
    Golden(
        "mistral, cached without a price of its own",
        OPENAI,
        {"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010, "num_cached_tokens": 100},
        (900, 100, 0, 10, 0),
        1010,
        "0.00042",
        {"prompt": "0.4", "completion": "2"},
    ),
    Golden(
        "vllm, details are null",
        OPENAI,
        {"prompt_tokens": 7, "total_tokens": 19, "completion_tokens": 12, "prompt_tokens_details": None},
        (7, 0, 0, 12, 0),
        19,
        "0.000134",
        USUAL,
    ),
    # 2095 x 3 + 503 x 15 = 6285 + 7545 millionths
    Golden(
        "anthropic",
        ANTHROPIC,
        {"input_tokens": 2095, "output_tokens": 503},
        (2095, 0, 0, 503, 0),
        2598,
        "0.01383",
        {"prompt": "3", "completion": "15"},
    ),
    # 21 x 3 + 188086 x 0.3 + 456 x 3.75 + 393 x 15 = 63 + 56425.8 + 1710 + 5895 millionths
    Golden(
        "anthropic, cache written and read",
        ANTHROPIC,
        {
            "cache_creation_input_tokens": 456,
            "cache_read_input_tokens": 188086,
            "input_tokens": 21,
            "output_tokens": 393,
            "cache_creation": {"ephemeral_5m_input_tokens": 456, "ephemeral_1h_input_tokens": 0},
            "service_tier": "standard",
        },
        (21, 188086, 456, 393, 0),
        188956,
        "0.0640938",
        {"prompt": "3", "completion": "15", "read": "0.3", "write": "3.75"},
    ),
    # two searches at a cent each, and 6039 x 3 + 931 x 15 = 18117 + 13965 millionths
    Golden(
        "anthropic, searches",
        ANTHROPIC,
        {
            "input_tokens": 6039,
            "cache_read_input_tokens": 0,
            "cache_creation_input_tokens": 0,
            "output_tokens": 931,
            "server_tool_use": {"web_search_requests": 2},
        },
        (6039, 0, 0, 931, 0),
        6970,
        "0.052082",
        {"prompt": "3", "completion": "15"},
    ),
    # 8 x 1.25 + (120 + 640) x 10 = 10 + 7600 millionths
    Golden(
        "gemini, thoughts",
        GEMINI,
        {"promptTokenCount": 8, "candidatesTokenCount": 120, "thoughtsTokenCount": 640, "totalTokenCount": 768},
        (8, 0, 0, 120, 640),
        768,
        "0.00761",
        {"prompt": "1.25", "completion": "10"},
    ),
    # Cached is part of the prompt: 696219 - 696190 = 29 x 0.3 + 696190 x 0.03 + 214 x 2.5 = 8.7 + 20885.7 + 535
    Golden(
        "gemini, cached",
        GEMINI,
        {
            "promptTokenCount": 696219,
            "cachedContentTokenCount": 696190,
            "candidatesTokenCount": 214,
            "totalTokenCount": 696433,
        },
        (29, 696190, 0, 214, 0),
        696433,
        "0.0214294",
        {"prompt": "0.3", "completion": "2.5", "read": "0.03"},
    ),
    # The results of tools come on top: (20 + 300) x 0.3 + (50 + 40) x 2.5 = 96 + 225 millionths
    Golden(
        "gemini, results of tools",
        GEMINI,
        {
            "promptTokenCount": 20,
            "toolUsePromptTokenCount": 300,
            "candidatesTokenCount": 50,
            "thoughtsTokenCount": 40,
            "totalTokenCount": 410,
        },
        (320, 0, 0, 50, 40),
        410,
        "0.000321",
        {"prompt": "0.3", "completion": "2.5"},
    ),
    Golden(
        "gemini, thoughts in the total alone",
        GEMINI,
        {"promptTokenCount": 10, "candidatesTokenCount": 20, "totalTokenCount": 130},
        (10, 0, 0, 20, 100),
        130,
        "0.00122",
        USUAL,
    ),
]


def whole_answer(golden: Golden) -> object:
    answers: dict[Protocol, object] = {
        OPENAI: {"choices": [{"message": {"content": "Paris"}, "finish_reason": "stop"}], "usage": golden.block},
        ANTHROPIC: {
            "content": [{"type": "text", "text": "Paris"}],
            "stop_reason": "end_turn",
            "usage": golden.block,
        },
        GEMINI: {
            "candidates": [{"content": {"parts": [{"text": "Paris"}]}, "finishReason": "STOP"}],
            "usageMetadata": golden.block,
        },
    }
    return answers[golden.protocol]


def stream_pieces(golden: Golden) -> list[object]:
    """As each provider tells its counts in a stream: at its end, in two places, or growing."""
    block = golden.block
    output = {"output_tokens": 1}
    grown = {"promptTokenCount": block.get("promptTokenCount"), "candidatesTokenCount": 1, "totalTokenCount": 9}
    streams: dict[Protocol, list[object]] = {
        OPENAI: [
            {"choices": [{"delta": {"content": "Pa"}}], "usage": None},
            {"choices": [{"delta": {"content": "ris"}, "finish_reason": "stop"}]},
            {"choices": [], "usage": block},
            "[DONE]",
        ],
        ANTHROPIC: [
            {"type": "message_start", "message": {"id": "m", "model": "c", "usage": {**block, **output}}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "ping"},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Paris"}},
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn"},
                "usage": {"output_tokens": block.get("output_tokens")},
            },
            {"type": "message_stop"},
        ],
        GEMINI: [
            {"candidates": [{"content": {"parts": [{"text": "Pa"}]}}], "usageMetadata": grown},
            {
                "candidates": [{"content": {"parts": [{"text": "ris"}]}, "finishReason": "STOP"}],
                "usageMetadata": block,
            },
        ],
    }
    return streams[golden.protocol]
