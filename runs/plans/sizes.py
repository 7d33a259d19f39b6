"""How long answers may get and how large a plan may grow: constants with their reasons. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from catalog.shapes import Category
from runs.shapes import ModelChoice, Purpose, RunRequest

# A file of code is longer than an explanation, and half of one is worth nothing.
_BY_CATEGORY: Final[Mapping[str, int]] = MappingProxyType(
    {Category.CODING: 16_384, Category.CREATIVE: 8_192, Category.RESEARCH: 8_192, Category.FAST_CHEAP: 4_096}
)
_USUAL: Final = 8_192
# A verdict is short, but models that think first need room for it, and a verdict cut off is none.
_BY_PURPOSE: Final[Mapping[Purpose, int]] = MappingProxyType(
    {
        Purpose.JUDGE: 4_096,
        Purpose.CRITIC: 4_096,
        Purpose.OUTLINE: 4_096,
        Purpose.SECTION: 6_144,
        Purpose.MERGE: 16_384,  # may have to repeat code or text of all that it merges
    }
)
# Of a model's context, what an answer may take: the rest is for the prompt.
_MOST_CONTEXT_SHARE: Final = 0.5
LEAST_OUTPUT_TOKENS: Final = 256

MOST_NODES: Final = 50_000
MOST_KEY_CHARS: Final = 60
MOST_TITLE_CHARS: Final = 300
MOST_TITLE_SHOWN: Final = 90
# A model that fits must be asked for where a prompt is longer than any model takes.
LONG_PROMPT_TOKENS: Final = 6_000


def output_limit(request: RunRequest, purpose: Purpose, model: ModelChoice | None) -> int:
    """How long this answer may get: as asked for, else by kind of work, and never more than the model can."""
    category = model.category if model else ""
    wanted = request.max_output_tokens or _BY_PURPOSE.get(purpose) or _BY_CATEGORY.get(category, _USUAL)
    if purpose in (Purpose.JUDGE, Purpose.CRITIC) and request.max_output_tokens:
        # The caller bounds the answers; a verdict that is cut off would cost and say nothing.
        wanted = _BY_PURPOSE[purpose]
    ceilings = [wanted]
    if model and model.max_output_tokens:
        ceilings.append(model.max_output_tokens)
    if model and model.context_length_tokens:
        ceilings.append(int(model.context_length_tokens * _MOST_CONTEXT_SHARE))
    return max(min(ceilings), min(wanted, LEAST_OUTPUT_TOKENS))


def shorten(text: str, most: int = MOST_TITLE_SHOWN) -> str:
    """The text on one line, cut for a title."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
