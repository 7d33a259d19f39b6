"""What the simulated provider says: the same to the same request, and readable wherever a form is asked for."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from typing import Final

from runs.simulator.schemas import Filler

MARK: Final = "[simulated]"
_WORDS: Final = (
    "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore "
    "magna aliqua enim ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip ex ea commodo "
) * 8
_CHARS_A_TOKEN: Final = 4
_QUOTED_CHARS: Final = 60
_FORM: Final = "JSON object"
_SCHEMA: Final = "JSON Schema"
_LIST: Final = "numbered list"
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_BLANK: Final = re.compile(r"<[^<>]*>")


def make_answer(prompt: str, schema: Mapping[str, object] | None, *, output_tokens: int, score: float | None) -> str:
    """The text for a prompt: JSON where JSON is asked for, otherwise words of the wanted length."""
    if schema is not None:
        return json.dumps(Filler(schema, text=MARK, number=_score(prompt, 0, score)).fill())
    if "JSON" in prompt:
        filled = _fill_form(prompt, score) or _fill_written_schema(prompt, score)
        if filled:
            return filled
    if _LIST in prompt:
        return "\n".join(f"{number}. Part {number}: {MARK} what belongs to part {number}" for number in (1, 2, 3))
    opening = f"{MARK} Answer {zlib.crc32(prompt.encode()):08x} to: {' '.join(prompt[:_QUOTED_CHARS].split())}\n\n"
    room = output_tokens * _CHARS_A_TOKEN - len(opening)
    return opening + (_WORDS[:room] if room < len(_WORDS) else _WORDS * (room // len(_WORDS)) + _WORDS[:100])


def _fill_form(prompt: str, score: float | None) -> str:
    """The form that a prompt shows after the words "JSON object", with its blanks filled; "" where there is none."""
    start = prompt.find("{", prompt.rfind(_FORM)) if _FORM in prompt else -1
    if start < 0:
        return ""
    form = prompt[start : _end_of_object(prompt, start)]
    numbers = iter(range(1000))
    # A blank within quotes is a text, one outside of them a number.
    pieces = [
        piece if quoted else _BLANK.sub(lambda _: f"{_score(prompt, next(numbers), score):g}", piece)
        for piece, quoted in _split_strings(form)
    ]
    try:
        return json.dumps(_replace_texts(json.loads("".join(pieces))))
    except ValueError:
        return ""


def _fill_written_schema(prompt: str, score: float | None) -> str:
    """A value for the schema that stands behind the words "JSON Schema"; "" where there is none."""
    start = prompt.find("\n{", prompt.rfind(_SCHEMA)) if _SCHEMA in prompt else -1
    if start < 0:
        return ""
    try:
        schema, _ = json.JSONDecoder().raw_decode(prompt, start + 1)
    except ValueError:
        return ""
    return json.dumps(Filler(schema, text=MARK, number=_score(prompt, 0, score)).fill())


def _score(prompt: str, place: int, score: float | None) -> float:
    return score if score is not None else 5 + zlib.crc32(f"{place}{prompt[-4000:]}".encode()) % 5


def _split_strings(form: str) -> list[tuple[str, bool]]:
    pieces, end = [], 0
    for found in _STRING.finditer(form):
        pieces += [(form[end : found.start()], False), (found.group(), True)]
        end = found.end()
    return [*pieces, (form[end:], False)]


def _end_of_object(text: str, start: int) -> int:
    depth = 0
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return place + 1
    return len(text)


def _replace_texts(value: object) -> object:
    if isinstance(value, dict):
        return {name: _replace_texts(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_replace_texts(inner) for inner in value]
    return MARK if isinstance(value, str) else value
