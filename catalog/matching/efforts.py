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
        length = _take(texts[position : position + 3], said, is_aside=bool(tokens[position].piece))
        if not length:
            kept.append(tokens[position])
        position += max(1, length)
    return tuple(kept), Effort(said.thinking, " ".join(dict.fromkeys(said.texts)))


def _take(texts: Sequence[str], said: _Said, *, is_aside: bool) -> int:
    """How many tokens at the head speak of thinking; notes what they say."""
    head, after = texts[0], texts[1] if len(texts) > 1 else ""
    return (
        _take_denial(head, after, said)
        or _take_level(head, after, said, is_aside=is_aside)
        or _take_thinking(head, after, said)
    )


def _take_denial(head: str, after: str, said: _Said) -> int:
    is_one_word = head in words.UNTHINKING
    if not (is_one_word or (head in words.NOT and after in words.THINKING)):
        return 0
    said.add(Thinking.OFF, Thinking.OFF)
    return 1 if is_one_word else 2


def _take_level(head: str, after: str, said: _Said, *, is_aside: bool) -> int:
    """A level with its noun; only in parentheses is "thinking" one: "Qwen3 Max Thinking" is Qwen3 Max."""
    if head in words.THINKING_LEVELS:
        said.add(Thinking.ON, f"{words.THINKING_LEVELS[head]} thinking")
        return 1
    if head in words.LEVELS and after == words.EFFORT:
        said.add(Thinking.UNSAID, head)
        return 2
    if is_aside and head in words.LEVELS and after in words.THINKING:
        said.add(Thinking.ON, f"{head} {after}")
        return 2
    return 0


def _take_thinking(head: str, after: str, said: _Said) -> int:
    if head in words.KINDS_OF_THINKING and after in words.THINKING:
        said.add(Thinking.ON, f"{head} {after}")
        return 2
    if head not in words.THINKING:
        return 0
    has_budget = after == _AUTO or _BUDGET.fullmatch(after) is not None
    said.add(Thinking.ON, f"{head}-{after}" if has_budget else head)
    return 2 if has_budget else 1
