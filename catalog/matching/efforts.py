"""How hard a model was let think, as names say it: "(Reasoning)", "-thinking-64k-high-effort", "(xhigh)"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from catalog.matching import words
from catalog.matching.tokens import Token

_BUDGET: Final = re.compile(r"[0-9]+k")
_AUTO: Final = "auto"


class Thinking(StrEnum):
    """Whether a name says that the model thought before it answered."""

    UNSAID = ""
    ON = "thinking"
    OFF = "non-reasoning"


@dataclass(frozen=True, slots=True)
class Effort:
    thinking: Thinking = Thinking.UNSAID
    text: str = ""  # "thinking-32k", "non-reasoning", "adaptive reasoning max"


@dataclass(slots=True)
class _Said:
    thinking: Thinking = Thinking.UNSAID
    texts: list[str] = field(default_factory=list)

    def add(self, thinking: Thinking, text: str) -> None:
        # "Non-reasoning, High Effort": the denial stands, whatever else is said
        if self.thinking is not Thinking.OFF and thinking is not Thinking.UNSAID:
            self.thinking = thinking
        self.texts.append(text)


def set_thinking_aside(tokens: Sequence[Token]) -> tuple[tuple[Token, ...], Effort]:
    """The tokens without those that speak of thinking, and what these said.

    Bare levels ("high") stay: whether they belong to the model's name, only a catalogue can tell.
    """
    asides = {token.piece for token in tokens if token.piece and token.text == words.FALLBACK}
    tokens = [token for token in tokens if token.piece not in asides]
    texts = [token.text for token in tokens]
    kept: list[Token] = []
    said = _Said()
    position = 0
    while position < len(tokens):
        length = _take(texts[position : position + 3], said)
        if not length:
            kept.append(tokens[position])
        position += max(1, length)
    return tuple(kept), Effort(said.thinking, " ".join(dict.fromkeys(said.texts)))


def _take(texts: Sequence[str], said: _Said) -> int:
    """How many tokens at the head speak of thinking; notes what they say."""
    first, second = texts[0], texts[1] if len(texts) > 1 else ""
    if first in words.UNTHINKING:
        said.add(Thinking.OFF, Thinking.OFF)
        return 1
    if first in words.NOT and second in words.THINKING:
        said.add(Thinking.OFF, Thinking.OFF)
        return 2
    if first in words.THINKING_LEVELS:
        said.add(Thinking.ON, f"{words.THINKING_LEVELS[first]} thinking")
        return 1
    if first in words.KINDS_OF_THINKING and second in words.THINKING:
        said.add(Thinking.ON, f"{first} {second}")
        return 2
    if first in words.LEVELS and second in {words.EFFORT} | words.THINKING:
        said.add(Thinking.UNSAID if second == words.EFFORT else Thinking.ON, first)
        return 2
    return _take_thinking(texts, said)


def _take_thinking(texts: Sequence[str], said: _Said) -> int:
    first, second = texts[0], texts[1] if len(texts) > 1 else ""
    if first not in words.THINKING:
        return 0
    if second == _AUTO or _BUDGET.fullmatch(second):
        said.add(Thinking.ON, f"{first}-{second}")
        return 2
    said.add(Thinking.ON, first)
    return 1
