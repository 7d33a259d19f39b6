"""A model name as a short row of tokens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from catalog.matching.words import PRECISIONS

NAME_LIMIT: Final = 200  # the longest real name has 96 characters; longer text is not a model name


class Kind(StrEnum):
    WORD = "word"
    VERSION = "version"  # "3.5", "4o", "4.5v"
    REVISION = "revision"  # "v1", "v1.0", "001": how interfaces count releases of one model
    SIZE = "size"  # "70b", "a22b", "8x22b", "128e"


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    kind: Kind
    piece: int = 0  # 0 outside parentheses; inside, one number for each part between commas


# Every pattern is a row of separate character classes, so that none can backtrack.
_CHUNK: Final = re.compile(r"[^\W_]+(?:\.[^\W_]+)*|[(),\[\]]|\+")
_INTERFACE_REVISION: Final = re.compile(r"\bv([0-9]+):([0-9]+)")  # "amazon.nova-pro-v1:0"
_SIZE: Final = re.compile(r"[ae]?[0-9]+(?:\.[0-9]+)?[bt]|[0-9]+m|[0-9]+x[0-9]+(?:\.[0-9]+)?b|[0-9]+e")
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_NUMBER_AND_LETTER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*[^\W\d_]")
_V_NUMBER: Final = re.compile(r"v([0-9]+(?:\.[0-9]+)*)")
_CONTEXT: Final = re.compile(r"[0-9]+k")
_WORD_THEN_NUMBER: Final = re.compile(r"([^\W\d_]{2,})([0-9].*)")
_NUMBER_THEN_WORD: Final = re.compile(r"([0-9]+(?:\.[0-9]+)*)([^\W\d_]{2,}.*)")
_TRAILING_ZEROS: Final = re.compile(r"(?:\.0)+$")
_SHORT_NUMBER: Final = re.compile(r"[0-9]{1,2}[^\W\d_]?")


def tokenize(text: str) -> tuple[Token, ...]:
    """The name's tokens in their order, whatever its case, spaces, dashes and underscores."""
    plain = unicodedata.normalize("NFKC", text[:NAME_LIMIT]).casefold()
    return tuple(_tokens(_INTERFACE_REVISION.sub(r"v\1.\2", plain)))


def _tokens(text: str) -> Iterator[Token]:
    depth, piece, last_end = 0, 0, -1
    for found in _CHUNK.finditer(text):
        chunk = found.group()
        if chunk in "([":
            depth, piece = depth + 1, piece + 1
        elif chunk in ")]":
            depth = max(0, depth - 1)
        elif chunk == ",":
            piece += 1
        elif chunk == "+":
            if found.start() == last_end:  # "R+", not "a + b"
                yield Token("plus", Kind.WORD, piece if depth else 0)
        else:
            for part in _split_at_points(chunk):
                yield from _classify(part, piece if depth else 0)
            last_end = found.end()


def _split_at_points(chunk: str) -> Iterator[str]:
    """ "k2.5" stays whole, "amazon.nova" and "xs.2" do not: a point joins digits, or "m2" and "7"."""
    held = ""
    for part in chunk.split("."):
        if held and held[-1].isdigit() and part[0].isdigit():
            held = f"{held}.{part}"
        else:
            if held:
                yield held
            held = part
    yield held


def _classify(text: str, piece: int) -> Iterator[Token]:
    if text in PRECISIONS or _CONTEXT.fullmatch(text):
        yield Token(text, Kind.WORD, piece)
    elif _SIZE.fullmatch(text):
        yield Token(text, Kind.SIZE, piece)
    elif _NUMBER.fullmatch(text) or _NUMBER_AND_LETTER.fullmatch(text):
        yield Token(text, Kind.VERSION, piece)
    elif _V_NUMBER.fullmatch(text):
        yield Token(text, Kind.REVISION, piece)
    else:
        yield from _classify_mixed(text, piece)


def _classify_mixed(text: str, piece: int) -> Iterator[Token]:
    """ "qwen3" is a word and a version; "k2.5", "r7b" and "o3" are words."""
    split = _WORD_THEN_NUMBER.fullmatch(text) or _NUMBER_THEN_WORD.fullmatch(text)
    if split is None:
        yield Token(text, Kind.WORD, piece)
    else:
        for part in split.groups():
            yield from _classify(part, piece)


def join_versions(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The tokens with "4-5" read as "4.5"."""
    joined: list[Token] = []
    for token in tokens:
        former = joined[-1] if joined else None
        if former and _continues(former, token):
            joined[-1] = replace(former, text=f"{former.text}.{token.text}")
        else:
            joined.append(token)
    return tuple(joined)


def version_text(token: Token) -> str:
    """The version without "v" and without trailing zeros: "v2.0" is 2, and "4.20" stays."""
    return _TRAILING_ZEROS.sub("", token.text.removeprefix("v"))


def _continues(former: Token, token: Token) -> bool:
    return (
        former.piece == token.piece
        and former.kind in (Kind.VERSION, Kind.REVISION)
        and token.kind is Kind.VERSION
        and "." not in former.text
        and _SHORT_NUMBER.fullmatch(former.text.removeprefix("v")) is not None
        and former.text[-1].isdigit()
        and _SHORT_NUMBER.fullmatch(token.text) is not None
    )
