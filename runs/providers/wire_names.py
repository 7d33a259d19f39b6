"""How a model of the catalogue is called at the place that serves it.

The catalogue's ids are OpenRouter's. A maker's own name is found in this order:

1. ``_NAMES``: models whose name differs beyond any rule.
2. the maker's rule: without the prefix, and at Anthropic with hyphens for dots
   (``anthropic/claude-sonnet-4.5`` -> ``claude-sonnet-4-5``).
3. the list of models that the place gave when it was last asked: once there is one, only what it lists is
   served, and a listed name with a release date behind it (``claude-sonnet-4-5-20250929``) is the same model.

Without a list a name is used only where the rule is known to hold (``_SURE``). What the maker does not serve
over the protocol that is spoken here, or what OpenRouter made up (``:free``, ``o3-mini-high``), is not sought.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Final

from catalog.shapes import ModelFacts

# (provider, catalogue id) -> name there
_NAMES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("anthropic", "anthropic/claude-opus-4"): ("claude-opus-4-0", "claude-opus-4"),
    ("anthropic", "anthropic/claude-sonnet-4"): ("claude-sonnet-4-0", "claude-sonnet-4"),
    ("anthropic", "anthropic/claude-3-haiku"): ("claude-3-haiku-20240307",),
    ("mistral", "mistralai/mistral-large"): ("mistral-large-2402",),
    ("mistral", "mistralai/mistral-medium-3"): ("mistral-medium-2505",),
    ("mistral", "mistralai/mistral-medium-3.1"): ("mistral-medium-2508",),
    ("mistral", "mistralai/mistral-medium-3-5"): ("mistral-medium-2604", "mistral-medium-3-5"),
    ("mistral", "mistralai/mistral-nemo"): ("open-mistral-nemo",),
    ("mistral", "mistralai/mixtral-8x22b-instruct"): ("open-mixtral-8x22b",),
    ("mistral", "mistralai/mistral-small-3.2-24b-instruct"): ("mistral-small-2506",),
    ("mistral", "mistralai/mistral-small-3.1-24b-instruct"): ("mistral-small-2503",),
    ("mistral", "mistralai/mistral-small-24b-instruct-2501"): ("mistral-small-2501",),
    ("mistral", "mistralai/mistral-saba"): ("mistral-saba-2502",),
    ("mistral", "mistralai/voxtral-small-24b-2507"): ("voxtral-small-2507",),
    ("groq", "meta-llama/llama-3.3-70b-instruct"): ("llama-3.3-70b-versatile",),
    ("groq", "meta-llama/llama-3.1-8b-instruct"): ("llama-3.1-8b-instant",),
    ("groq", "meta-llama/llama-4-maverick"): ("meta-llama/llama-4-maverick-17b-128e-instruct",),
    ("groq", "meta-llama/llama-4-scout"): ("meta-llama/llama-4-scout-17b-16e-instruct",),
    ("groq", "moonshotai/kimi-k2-0905"): ("moonshotai/kimi-k2-instruct-0905",),
    ("together", "meta-llama/llama-3.3-70b-instruct"): ("meta-llama/Llama-3.3-70B-Instruct-Turbo",),
    ("together", "meta-llama/llama-3.1-8b-instruct"): ("meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo",),
    ("together", "meta-llama/llama-4-maverick"): ("meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8",),
}

# What never goes to the maker: other APIs than chat (OpenAI's Responses and completions), weights that the maker
# publishes but does not serve, efforts and speeds that OpenRouter lists as models of their own.
_NOT_THERE: Final[Mapping[str, re.Pattern[str]]] = {
    "openai": re.compile(r"-pro$|codex|deep-research|-instruct$|-high$|image|gpt-oss|^gpt-3\.5-turbo-0613$"),
    "anthropic": re.compile(r"-fast$"),
    "gemini": re.compile(r"image|lyria|gemma-2-"),
    "gemini-compatible": re.compile(r"image|lyria|gemma-2-"),
    "deepseek": re.compile(r"distill"),
}

# Names that need no list to be believed.
_SURE: Final[Mapping[str, re.Pattern[str]]] = {
    "openai": re.compile(r"^(?:gpt-[345]|o[134])"),
    "anthropic": re.compile(r"^claude-"),
    "gemini": re.compile(r"^gemini-"),
    "gemini-compatible": re.compile(r"^gemini-"),
    "mistral": re.compile(r"-\d{4}$"),
}

_RELEASE: Final = r"-(?:\d{4}-\d{2}-\d{2}|\d{8}|\d{6}|\d{4}|latest)"


def find_wire_name(provider: str, facts: ModelFacts, listed: Collection[str] | None) -> str | None:
    """The model's name at the provider, or None where it is not served; ``listed`` is None before anybody asked."""
    if ":" in facts.model_id or facts.model_id.startswith("~"):
        return None  # a variant or an alias of OpenRouter's
    names = _possible_names(provider, facts)
    if listed is None:
        sure = _SURE.get(provider)
        return names[0] if names and sure is not None and sure.search(names[0]) else None
    return _find_listed(names, listed)


def _find_listed(names: tuple[str, ...], listed: Collection[str]) -> str | None:
    by_lower = {name.lower(): name for name in listed}
    for name in names:
        if name.lower() in by_lower:
            return by_lower[name.lower()]
    for name in names:
        dated = re.compile(re.escape(name.lower()) + _RELEASE)
        releases = sorted(lower for lower in by_lower if dated.fullmatch(lower))
        if releases:
            return by_lower[releases[-1]]
    return None


def _possible_names(provider: str, facts: ModelFacts) -> tuple[str, ...]:
    """The names that the model may have there, surest first."""
    bare = facts.model_id.partition("/")[2]
    not_there = _NOT_THERE.get(provider)
    if not_there is not None and not_there.search(bare):
        return ()
    by_table = _NAMES.get((provider, facts.model_id), ())
    return by_table or _RULES.get(provider, _by_weights)(facts, bare)


def _bare(_facts: ModelFacts, bare: str) -> tuple[str, ...]:
    return (bare,)


def _with_hyphens(_facts: ModelFacts, bare: str) -> tuple[str, ...]:
    return (bare.replace(".", "-"),)


def _openai(_facts: ModelFacts, bare: str) -> tuple[str, ...]:
    """ChatGPT's own models carry "latest" at OpenAI."""
    return (f"{bare}-latest",) if bare.endswith("-chat") else (bare,)


def _by_weights(facts: ModelFacts, _bare_name: str) -> tuple[str, ...]:
    """Hosts call open models by the catalogue's id or by the name of the published weights."""
    weights = facts.hugging_face_id
    return (facts.model_id, weights, f"{weights}-Turbo") if weights else (facts.model_id,)


_RULES: Final[Mapping[str, Callable[[ModelFacts, str], tuple[str, ...]]]] = {
    "openai": _openai,
    "anthropic": _with_hyphens,
    "gemini": _bare,
    "gemini-compatible": _bare,
    "deepseek": _bare,
    "mistral": _bare,
    "xai": _bare,
}
