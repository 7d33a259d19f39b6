"""How a model of the catalogue is called at the place that serves it."""

from __future__ import annotations

import pytest

from runs.providers.known import KNOWN_PROVIDERS, Reach, makers_of
from runs.providers.wire_names import find_wire_name
from tests.factories import make_facts


def name(provider: str, model_id: str, listed: list[str] | None = None, weights: str = "") -> str | None:
    return find_wire_name(provider, make_facts(model_id, hugging_face_id=weights), listed)


@pytest.mark.parametrize(
    ("provider", "model_id", "expected"),
    [
        ("anthropic", "anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"),
        ("anthropic", "anthropic/claude-opus-4", "claude-opus-4-0"),
        ("anthropic", "anthropic/claude-3-haiku", "claude-3-haiku-20240307"),
        ("openai", "openai/gpt-5", "gpt-5"),
        ("openai", "openai/gpt-4.1-mini", "gpt-4.1-mini"),
        ("openai", "openai/gpt-5-chat", "gpt-5-chat-latest"),
        ("gemini", "google/gemini-2.5-pro", "gemini-2.5-pro"),
        ("gemini-compatible", "google/gemini-2.5-flash", "gemini-2.5-flash"),
        ("mistral", "mistralai/mistral-large-2512", "mistral-large-2512"),
    ],
)
def test_names_that_are_known_need_no_list(provider: str, model_id: str, expected: str) -> None:
    assert name(provider, model_id) == expected


@pytest.mark.parametrize(
    ("provider", "model_id"),
    [
        ("openai", "openai/gpt-5-pro"),
        ("openai", "openai/gpt-5-codex"),
        ("openai", "openai/o3-deep-research"),
        ("openai", "openai/o3-mini-high"),
        ("openai", "openai/gpt-oss-20b"),
        ("openai", "openai/gpt-3.5-turbo-instruct"),
        ("anthropic", "anthropic/claude-opus-4.8-fast"),
        ("anthropic", "anthropic/claude-sonnet-4.5:thinking"),
        ("gemini", "google/gemini-2.5-flash-image"),
        ("deepseek", "deepseek/deepseek-v4-pro"),
        ("xai", "x-ai/grok-4.3"),
        ("groq", "meta-llama/llama-3.3-70b-instruct"),
        ("gemini", "google/gemma-3-27b-it"),
    ],
)
def test_what_is_not_served_or_not_known_is_not_guessed(provider: str, model_id: str) -> None:
    assert name(provider, model_id) is None


def test_a_list_makes_unsure_names_sure() -> None:
    assert name("xai", "x-ai/grok-4.3", ["grok-4.3"]) == "grok-4.3"
    assert name("deepseek", "deepseek/deepseek-v4-pro", ["deepseek-v4-pro"]) == "deepseek-v4-pro"
    assert name("groq", "meta-llama/llama-3.3-70b-instruct", ["llama-3.3-70b-versatile"]) == "llama-3.3-70b-versatile"
    assert name("groq", "openai/gpt-oss-120b", ["openai/gpt-oss-120b"]) == "openai/gpt-oss-120b"


def test_a_list_without_the_name_takes_it_away() -> None:
    assert name("anthropic", "anthropic/claude-sonnet-4.5", ["claude-opus-4-1"]) is None
    assert name("openai", "openai/gpt-5", []) is None


def test_a_listed_release_of_the_model_is_the_model_and_the_newest_is_taken() -> None:
    listed = ["claude-sonnet-4-5-20250929", "claude-sonnet-4-5-20251130", "claude-sonnet-4-5-preview"]

    assert name("anthropic", "anthropic/claude-sonnet-4.5", listed) == "claude-sonnet-4-5-20251130"
    assert name("openai", "openai/gpt-5", ["gpt-5-mini", "gpt-5-2025-08-07"]) == "gpt-5-2025-08-07"


def test_a_longer_name_is_another_model() -> None:
    assert name("openai", "openai/gpt-5", ["gpt-5-mini", "gpt-5.1"]) is None


def test_weights_are_found_by_the_name_they_were_published_under() -> None:
    weights = "Qwen/Qwen3-32B"

    assert name("together", "qwen/qwen3-32b", ["Qwen/Qwen3-32B"], weights) == "Qwen/Qwen3-32B"
    assert name("groq", "qwen/qwen3-32b", ["qwen/qwen3-32b"], weights) == "qwen/qwen3-32b"


def test_every_maker_is_found_by_its_models() -> None:
    for provider in KNOWN_PROVIDERS:
        assert (provider.reach is Reach.MAKER) == bool(provider.prefix)
        if provider.prefix:
            assert provider in makers_of(f"{provider.prefix}/some-model")


def test_known_providers_are_reached_over_https_unless_they_are_local() -> None:
    for provider in KNOWN_PROVIDERS:
        assert provider.is_local == provider.base_url.startswith("http://127.0.0.1")
        assert not provider.base_url.endswith("/")
        assert bool(provider.env_var) <= provider.needs_key
