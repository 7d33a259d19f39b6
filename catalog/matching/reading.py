"""What a model name says: family words, version, size, stage, dates, and how hard the model thought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from typing import Final

from catalog.matching import words
from catalog.matching.dates import DateMark, month_mark, take_date
from catalog.matching.efforts import Thinking, set_thinking_aside
from catalog.matching.organizations import leading_maker
from catalog.matching.tokens import Kind, Token, join_versions, tokenize, version_text

# "1.0", "001", "v1" and "v1.0" count the releases of one model, and the first needs no number. A bare
# "1" does not: "Claude 1" is a version.
_FIRST_RELEASES: Final = frozenset({"1.0", "001"})
_FIRST_REVISIONS: Final = frozenset({"v1", "v1.0"})


Signature = tuple[frozenset[str], frozenset[str], frozenset[str]]  # words, versions, sizes


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a name. Two names mean the same model when all but the effort agree."""

    words: frozenset[str]
    versions: frozenset[str] = frozenset()
    sizes: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    dates: tuple[DateMark, ...] = ()
    thinking: Thinking = Thinking.UNSAID
    effort: str = ""
    bare_levels: frozenset[str] = frozenset()  # levels that stand outside parentheses: perhaps no levels
    is_instruct: bool = False
    lineage: str = ""  # "llama 3.1" in "Hermes 4 - Llama-3.1 405B"
    own_versions: frozenset[str] = frozenset()  # the versions without the lineage's
    is_lineage_dropped: bool = False
    leading_maker: str = ""  # the maker that a word before the model's name stands for
    leading_word: str = ""

    def without_lineage(self) -> Reading:
        """The reading of the fine-tune alone."""
        family = self.lineage.partition(" ")[0]
        return replace(self, words=self.words - {family}, versions=self.own_versions, is_lineage_dropped=True)

    def without_leading_maker(self) -> Reading:
        """The reading of the model's name alone."""
        if not self.leading_maker or len(self.words) < 2:
            return self
        return replace(self, words=self.words - {self.leading_word})

    @property
    def signature(self) -> Signature:
        return self.words, self.versions, self.sizes


def read_listing(text: str) -> Reading:
    """The one way to read a catalogue's own id or name: each word in it belongs to the model."""
    tokens, dates = _set_dates_aside(tokenize(text))
    tokens, effort = set_thinking_aside(tokens)
    return _reading(tokens, dates, effort.thinking, effort.text)


def read_name(text: str, *, is_base_unthinking: bool = False) -> tuple[Reading, ...]:
    """The ways to read a source's name, the most literal first.

    A level at the end ("high", "max") is first taken as part of the model's name, then as an effort.
    ``is_base_unthinking`` says that the source writes "-base" for a model that was not let think.
    """
    tokens, dates = _set_dates_aside(tokenize(text))
    tokens, effort = set_thinking_aside(tokens)
    levels = _levels(tokens, is_base_unthinking=is_base_unthinking)
    readings = []
    for count in range(len(levels) + 1):
        taken = levels[len(levels) - count :]
        kept = tuple(token for index, token in enumerate(tokens) if index not in taken)
        said = [tokens[index] for index in taken]
        readings.append(
            replace(
                _reading(kept, dates, _thinking(effort.thinking, said), _effort_text(effort.text, said)),
                bare_levels=frozenset(token.text for token in said if not token.piece),
            )
        )
    return tuple(readings)


def _set_dates_aside(tokens: tuple[Token, ...]) -> tuple[tuple[Token, ...], tuple[DateMark, ...]]:
    kept, dates = [], []
    position = 0
    texts = [token.text for token in tokens]
    pieces = Counter(token.piece for token in tokens)
    while position < len(tokens):
        found = take_date(texts[position : position + 3])
        if found is None and tokens[position].piece and pieces[tokens[position].piece] == 1:
            alone = month_mark(texts[position])
            found = (alone, 1) if alone else None
        if found:
            dates.append(found[0])
            position += found[1]
        else:
            kept.append(tokens[position])
            position += 1
    return tuple(kept), tuple(dates)


def _levels(tokens: Sequence[Token], *, is_base_unthinking: bool) -> list[int]:
    """Where words stand that may be an effort: alone in a part of parentheses, or last."""
    possible = words.LEVELS | ({words.BASE} if is_base_unthinking else set())
    if all(token.text != "gpt" for token in tokens):  # there it is another model: its chat model
        possible = possible | {words.INSTANT}
    alone = {
        token.piece for token in tokens if token.piece and sum(other.piece == token.piece for other in tokens) == 1
    }
    outside = [index for index, token in enumerate(tokens) if not token.piece]
    last = set(takewhile(lambda index: tokens[index].text in possible, reversed(outside)))
    return [
        index
        for index, token in enumerate(tokens)
        if token.text in possible and (index in last or token.piece in alone)
    ]


def _thinking(said: Thinking, levels: Sequence[Token]) -> Thinking:
    is_off = any(token.text in ("none", words.INSTANT, words.BASE) for token in levels)
    return Thinking.OFF if is_off else said


def _effort_text(said: str, levels: Sequence[Token]) -> str:
    named = ("non-reasoning" if token.text in ("none", words.BASE) else token.text for token in levels)
    return " ".join(dict.fromkeys(text for text in (said, *named) if text))


def _reading(tokens: Sequence[Token], dates: tuple[DateMark, ...], thinking: Thinking, effort: str) -> Reading:
    tokens = join_versions(tuple(token for token in tokens if token.text not in _FIRST_RELEASES))
    tokens = tuple(token for token in tokens if token.text not in _FIRST_REVISIONS)
    said = {token.text for token in tokens if token.kind is Kind.WORD}
    if "chatgpt" in said:  # "chatgpt-4o", "GPT-5 (ChatGPT)": the model as the chat application has it
        said = said - {"chatgpt"} | {"gpt", words.CHAT}
    if _is_hosted_copy(tokens):
        said = said - words.HOSTED_COPIES
    if "gpt" in said and words.INSTANT in said:  # what the application calls its chat model
        said = said - {words.INSTANT} | {words.CHAT}
    family = next((position for position, token in enumerate(tokens) if token.text in words.LINEAGES), None)
    inherited = [] if family is None else list(takewhile(_is_version, tokens[family + 1 : family + 2]))
    leading = tokens[0].text if tokens else ""
    return Reading(
        words=frozenset(said - words.STAGES.keys() - words.INSTRUCT - words.PRECISIONS),
        versions=frozenset(version_text(token) for token in tokens if _is_version(token)),
        sizes=frozenset(token.text for token in tokens if token.kind is Kind.SIZE),
        stages=frozenset(words.STAGES[word] for word in said & words.STAGES.keys()),
        dates=tuple(dict.fromkeys(dates)),
        thinking=thinking,
        effort=effort,
        is_instruct=bool(said & words.INSTRUCT),
        lineage="" if family is None else " ".join([tokens[family].text, *map(version_text, inherited)]),
        own_versions=frozenset(
            version_text(token) for token in tokens if _is_version(token) and token not in inherited
        ),
        leading_maker=leading_maker(leading),
        leading_word=leading,
    )


def _is_hosted_copy(tokens: Sequence[Token]) -> bool:
    return any(one.text in words.INSTRUCT and two.text in words.HOSTED_COPIES for one, two in pairwise(tokens))


def _is_version(token: Token) -> bool:
    return token.kind in (Kind.VERSION, Kind.REVISION)
