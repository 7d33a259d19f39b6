"""Finding the JSON in what a model wrote: alone, in a code fence, or with prose around it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

_FENCE: Final = re.compile(r"```[ \t]*(?:json|JSON|json5)?[ \t]*\r?\n(.*?)```", re.DOTALL)
_OPENING: Final = re.compile(r"[{\[]")
# A text with more brackets than this is prose or code; looking on would cost more than it finds.
_MOST_TRIES: Final = 200
_LONGEST_TEXT: Final = 2_000_000


class NoJson(ValueError):
    """There is no JSON in the text that could be meant."""


def find_json(text: str, is_wanted: Callable[[Any], bool] = lambda _value: True) -> Any:
    """The JSON value in the text: the whole, else a fenced block, else the longest that prose surrounds.

    Of several, the last that is wanted counts: models that think aloud conclude at the end. Raises NoJson.
    """
    if len(text) > _LONGEST_TEXT:
        raise NoJson("the text is too long to be searched for JSON")
    for candidates in (_whole, _fenced, _embedded):
        found = [value for value in candidates(text) if is_wanted(value)]
        if found:
            return found[-1]
    raise NoJson(_explain(text))


def _whole(text: str) -> Iterator[Any]:
    yield from _parsed(text.strip())


def _fenced(text: str) -> Iterator[Any]:
    for block in _FENCE.findall(text):
        yield from _parsed(block.strip())


def _embedded(text: str) -> Iterator[Any]:
    """Objects and lists that begin at some bracket; what lies inside of one that was found is not looked at again."""
    place = 0
    for _ in range(_MOST_TRIES):
        opening = _OPENING.search(text, place)
        if opening is None:
            return
        try:
            value, place = _DECODER.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            place = opening.end()
            continue
        yield value


def _parsed(text: str) -> Iterator[Any]:
    try:
        yield json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)


def _explain(text: str) -> str:
    """Where the text stops being JSON, for the model that is to mend it."""
    start = _OPENING.search(text)
    if start is None:
        return "the answer holds no JSON"
    try:
        _DECODER.raw_decode(text, start.start())
    except (ValueError, RecursionError) as fault:
        return f"the JSON cannot be read: {str(fault)[:200]}"
    return "the answer holds no JSON of the form that was asked for"
