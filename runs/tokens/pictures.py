"""How many tokens a picture takes, by the rules that makers publish; where one is in doubt, the most that it can be.

OpenAI: developers.openai.com, "Images and vision"; Anthropic: docs.claude.com, "Vision"; Google: ai.google.dev,
"Understand and count tokens" and "Media resolution"; as of November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from runs.shapes import JsonObject
from runs.tokens.picture_sizes import Size, size_of_address, size_of_base64

KINDS: Final = frozenset({"image_url", "input_image", "image"})
# --- OpenAI: tiles of 512 pixels beside a base, or patches of 32 pixels times a factor
_TILED: Final = (
    (re.compile(r"gpt-4o-mini"), 2_833, 5_667),
    (re.compile(r"gpt-5(?!.*(?:mini|nano))"), 70, 140),
    (re.compile(r"o[13](?!.*mini)"), 75, 150),
    (re.compile(r"gpt-4(?:o|\.1|\.5|-turbo)(?!.*(?:mini|nano))"), 85, 170),
)
_PATCHED: Final = ((re.compile(r"(?:gpt-(?:5|4\.1).*mini)"), 1.62), (re.compile(r"o4-mini"), 1.72))
_DEAREST_PATCH: Final = 2.46  # that of the nano models
_MOST_PATCHES: Final = 1_536
# --- Anthropic: a token for 750 pixels; from Opus 4.7 on pictures are made smaller later
_ANTHROPIC_PIXELS_A_TOKEN: Final = 750
_ANTHROPIC_MOST: Final = 1_600
_ANTHROPIC_MOST_FINE: Final = 4_784
_ANTHROPIC_COARSE: Final = re.compile(r"claude-(?:3|(?:opus|sonnet|haiku)-4(?:[.-][0-6](?!\d)|$|-\d{8}))")
# --- Google: 258 tokens for a tile, and from Gemini 3 on a budget for the whole picture
_GOOGLE_TILE: Final = 258
_GOOGLE_SMALL: Final = 384  # pixels; a picture no larger is one tile
_GOOGLE_MOST_TILES: Final = 16
_GOOGLE_3: Final = 1_120
# --- everybody else: patches of 28 pixels (Qwen and most open models), as many as the largest of them read
_PATCH: Final = 28
_MOST_ELSEWHERE: Final = 4_096


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in a prompt."""

    size: Size | None = None  # None: the provider would fetch it, or its head could not be read
    is_low: bool = False  # "detail": "low", which OpenAI alone heeds


def find_pictures(messages: Sequence[JsonObject]) -> tuple[Picture, ...]:
    """The pictures in these messages."""
    return tuple(read_picture(part) for part in _parts(messages) if part.get("type") in KINDS)


def read_picture(part: Mapping[str, object]) -> Picture:
    """One picture, as OpenAI's or Anthropic's messages hold it."""
    image, source = part.get("image_url"), part.get("source")
    if isinstance(image, Mapping):
        return Picture(_size(image.get("url")), image.get("detail") == "low")
    if isinstance(source, Mapping):
        data = source.get("data")
        return Picture(size_of_base64(data) if isinstance(data, str) else _size(source.get("url")))
    return Picture(_size(image), part.get("detail") == "low")


def picture_tokens(picture: Picture, model_id: str = "") -> int:
    """What the picture takes at most with this model; without one, with whichever takes most."""
    maker, _, name = model_id.lower().rpartition("/")
    if maker.endswith("openai"):
        return _openai(picture, name)
    if maker.endswith("anthropic"):
        return _anthropic(picture.size, name)
    if maker.endswith("google"):
        return _google(picture.size, name)
    elsewhere = _elsewhere(picture.size)
    return elsewhere if model_id else max(elsewhere, _anthropic(picture.size, ""), _google(picture.size, ""))


def _openai(picture: Picture, name: str) -> int:
    for pattern, base, tile in _TILED:
        if pattern.match(name):
            return base if picture.is_low else base + tile * _tiles(picture.size)
    factor = next((factor for pattern, factor in _PATCHED if pattern.match(name)), _DEAREST_PATCH)
    return ceil(factor * _patches(picture.size, 32, _MOST_PATCHES))


def _tiles(size: Size | None) -> int:
    """After shrinking into 2,048 pixels square and the shorter side to 768; at most two by four."""
    if size is None:
        return 8
    shrunk = min(1.0, 2_048 / max(size), 768 / min(size))
    wide, high = (max(1, ceil(round(side * shrunk, 3) / 512)) for side in size)
    return min(wide * high, 8)


def _anthropic(size: Size | None, name: str) -> int:
    most = _ANTHROPIC_MOST if _ANTHROPIC_COARSE.match(name) else _ANTHROPIC_MOST_FINE
    return most if size is None else min(ceil(size[0] * size[1] / _ANTHROPIC_PIXELS_A_TOKEN), most)


def _google(size: Size | None, name: str) -> int:
    if name.startswith("gemini-3"):
        return _GOOGLE_3
    if size is None:
        return _GOOGLE_TILE * _GOOGLE_MOST_TILES
    if max(size) <= _GOOGLE_SMALL:
        return _GOOGLE_TILE
    unit = min(max(int(min(size) / 1.5), 256), 768)
    return _GOOGLE_TILE * min(ceil(size[0] / unit) * ceil(size[1] / unit), _GOOGLE_MOST_TILES)


def _elsewhere(size: Size | None) -> int:
    return _patches(size, _PATCH, _MOST_ELSEWHERE)


def _patches(size: Size | None, side: int, most: int) -> int:
    return most if size is None else min(ceil(size[0] / side) * ceil(size[1] / side), most)


def _size(address: object) -> Size | None:
    return size_of_address(address) if isinstance(address, str) else None


def _parts(messages: Sequence[JsonObject]) -> Iterator[Mapping[str, object]]:
    for message in messages:
        content = message.get("content")
        if isinstance(content, list | tuple):
            yield from (part for part in content if isinstance(part, Mapping))
