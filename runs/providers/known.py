"""The providers this product knows by name: where they are, how they are spoken to, where a key is made.

A base URL carries the version: what is asked for stands right behind it ("/chat/completions", "/messages",
"/models/NAME:generateContent", "/models"). The names that models have there stand in ``wire_names.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from runs.shapes import Protocol


class Reach(StrEnum):
    """Which models a provider serves."""

    CATALOGUE = "catalogue"  # every model of the catalogue, under its id there
    MAKER = "maker"  # its own models
    HOST = "host"  # models of other makers
    LISTED = "listed"  # exactly what it lists


@dataclass(frozen=True, slots=True)
class KnownProvider:
    """One provider, as far as it is the same for everybody."""

    name: str
    title: str
    protocol: Protocol
    base_url: str  # "": whoever adds the connection gives it
    reach: Reach
    env_var: str = ""  # whose value is a key, without anybody setting up a connection
    key_page: str = ""  # where a person makes a key; shown as text
    prefix: str = ""  # of a maker's models in the catalogue
    check_path: str = "/models"  # answers only to a key that is good
    needs_key: bool = True
    is_local: bool = False  # runs on the reader's own machines: costs nothing unless a price is set
    note: str = ""


_OPENAI, _ANTHROPIC, _GEMINI = Protocol.OPENAI, Protocol.ANTHROPIC, Protocol.GEMINI
_GOOGLE_KEYS = "https://aistudio.google.com/apikey"

KNOWN_PROVIDERS: Final[tuple[KnownProvider, ...]] = (
    KnownProvider(
        "openrouter",
        "OpenRouter",
        _OPENAI,
        "https://openrouter.ai/api/v1",
        Reach.CATALOGUE,
        env_var="OPENROUTER_API_KEY",
        key_page="https://openrouter.ai/settings/keys",
        check_path="/key",  # its list of models needs no key and so proves none
        note="One key for every model of the catalogue.",
    ),
    KnownProvider(
        "openai",
        "OpenAI",
        _OPENAI,
        "https://api.openai.com/v1",
        Reach.MAKER,
        env_var="OPENAI_API_KEY",
        key_page="https://platform.openai.com/api-keys",
        prefix="openai",
        note="Models that answer on the Responses API alone (Pro, Codex, deep research) go through OpenRouter.",
    ),
    KnownProvider(
        "anthropic",
        "Anthropic",
        _ANTHROPIC,
        "https://api.anthropic.com/v1",
        Reach.MAKER,
        env_var="ANTHROPIC_API_KEY",
        key_page="https://console.anthropic.com/settings/keys",
        prefix="anthropic",
    ),
    KnownProvider(
        "gemini",
        "Google Gemini",
        _GEMINI,
        "https://generativelanguage.googleapis.com/v1beta",
        Reach.MAKER,
        env_var="GEMINI_API_KEY",
        key_page=_GOOGLE_KEYS,
        prefix="google",
    ),
    KnownProvider(
        "gemini-compatible",
        "Google Gemini, compatible endpoint",
        _OPENAI,
        "https://generativelanguage.googleapis.com/v1beta/openai",
        Reach.MAKER,
        key_page=_GOOGLE_KEYS,
        prefix="google",
        note="The same models in OpenAI's words; without search grounding.",
    ),
    KnownProvider(
        "groq",
        "Groq",
        _OPENAI,
        "https://api.groq.com/openai/v1",
        Reach.HOST,
        env_var="GROQ_API_KEY",
        key_page="https://console.groq.com/keys",
        note="Its list names no prices: until you set them, the catalogue's are taken.",
    ),
    KnownProvider(
        "deepseek",
        "DeepSeek",
        _OPENAI,
        "https://api.deepseek.com/v1",
        Reach.MAKER,
        env_var="DEEPSEEK_API_KEY",
        key_page="https://platform.deepseek.com/api_keys",
        prefix="deepseek",
    ),
    KnownProvider(
        "mistral",
        "Mistral",
        _OPENAI,
        "https://api.mistral.ai/v1",
        Reach.MAKER,
        env_var="MISTRAL_API_KEY",
        key_page="https://console.mistral.ai/api-keys",
        prefix="mistralai",
    ),
    KnownProvider(
        "together",
        "Together",
        _OPENAI,
        "https://api.together.xyz/v1",
        Reach.HOST,
        env_var="TOGETHER_API_KEY",
        key_page="https://api.together.ai/settings/api-keys",
        note="Its list names its prices; they are taken from there.",
    ),
    KnownProvider(
        "xai",
        "xAI",
        _OPENAI,
        "https://api.x.ai/v1",
        Reach.MAKER,
        env_var="XAI_API_KEY",
        key_page="https://console.x.ai",
        prefix="x-ai",
    ),
    KnownProvider(
        "ollama",
        "Ollama",
        _OPENAI,
        "http://127.0.0.1:11434/v1",
        Reach.LISTED,
        needs_key=False,
        is_local=True,
    ),
    KnownProvider(
        "vllm",
        "vLLM",
        _OPENAI,
        "http://127.0.0.1:8000/v1",
        Reach.LISTED,
        needs_key=False,
        is_local=True,
    ),
    KnownProvider(
        "lmstudio",
        "LM Studio",
        _OPENAI,
        "http://127.0.0.1:1234/v1",
        Reach.LISTED,
        needs_key=False,
        is_local=True,
    ),
    KnownProvider(
        "custom",
        "Another server",
        _OPENAI,
        "",
        Reach.LISTED,
        needs_key=False,
        note="Anything that speaks one of the three protocols. Its prices are unknown until you set them.",
    ),
    KnownProvider(
        "simulator",
        "Provider simulator",
        _OPENAI,
        "http://127.0.0.1:9400/v1",
        Reach.CATALOGUE,
        needs_key=False,
        is_local=True,
        note="Answers without a model and without money. Serves simulated runs alone.",
    ),
)

_BY_NAME: Final[Mapping[str, KnownProvider]] = {provider.name: provider for provider in KNOWN_PROVIDERS}
SIMULATOR: Final = "simulator"


def find_known_provider(name: str) -> KnownProvider:
    """The provider of this name; whoever is not known by name is another server."""
    return _BY_NAME.get(name, _BY_NAME["custom"])


def makers_of(model_id: str) -> tuple[KnownProvider, ...]:
    """The providers whose own model this is."""
    prefix = model_id.partition("/")[0]
    return tuple(provider for provider in KNOWN_PROVIDERS if provider.prefix and provider.prefix == prefix)
