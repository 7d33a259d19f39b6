"""How large a picture is, from the first bytes of its file. Pure, bounded, and never trusting: None where in doubt."""

from __future__ import annotations

import base64
import binascii
from typing import Final

Size = tuple[int, int]

# What comes before the size in a JPEG (a camera's notes, colour profiles) can be long; nobody's is longer than this.
_HEAD_BYTES: Final = 256 * 1024
_MOST_SEGMENTS: Final = 1_000
_WEBP_HEAD_BYTES: Final = 30  # up to the size, in the longest of its kinds
# No format here holds more; a larger number is a broken file.
_MOST_PIXELS_A_SIDE: Final = 65_535
# The frames of a JPEG that tell its size; the others of the range are tables.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # marks without a length


def size_of_address(address: str) -> Size | None:
    """The size of a picture that stands in its own address (``data:``); None for one that others would fetch."""
    head, comma, data = address[: _HEAD_BYTES * 2].partition(",")
    if not comma or head[:5].lower() != "data:" or not head.lower().endswith(";base64"):
        return None
    return size_of_base64(data)


def size_of_base64(data: str) -> Size | None:
    """The size of a picture in base64, of which no more than its head is decoded."""
    letters = data[: _HEAD_BYTES * 4 // 3]
    try:
        return read_size(base64.b64decode(letters[: len(letters) // 4 * 4]))
    except (binascii.Error, ValueError):
        return None


def read_size(head: bytes) -> Size | None:
    """Width and height; None for what is no PNG, JPEG, GIF, WebP or BMP, or says nothing sensible."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        size = _big(head, 16, 4), _big(head, 20, 4)
    elif head[:6] in (b"GIF87a", b"GIF89a"):
        size = _little(head, 6, 2), _little(head, 8, 2)
    elif head.startswith(b"\xff\xd8"):
        size = _jpeg(head)
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        size = _webp(head)
    elif head.startswith(b"BM"):
        size = _little(head, 18, 4), _little(head, 22, 4)
    else:
        return None
    is_sensible = all(0 < side <= _MOST_PIXELS_A_SIDE for side in size)
    return size if is_sensible else None


def _jpeg(head: bytes) -> Size:
    """From the first frame; segments before it are skipped by their lengths."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        if at + 9 > len(head) or head[at] != 0xFF:
            break
        mark = head[at + 1]
        if mark in _FRAMES:
            return _big(head, at + 7, 2), _big(head, at + 5, 2)
        if mark == 0xFF:  # a byte that fills up
            at += 1
        elif mark in _BARE:
            at += 2
        else:
            at += 2 + max(_big(head, at + 2, 2), 2)
    return 0, 0


def _webp(head: bytes) -> Size:
    kind = head[12:16]
    if len(head) < _WEBP_HEAD_BYTES:
        return 0, 0
    if kind == b"VP8X":
        return _little(head, 24, 3) + 1, _little(head, 27, 3) + 1
    if kind == b"VP8L" and head[20:21] == b"\x2f":
        bits = _little(head, 21, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        return _little(head, 26, 2) & 0x3FFF, _little(head, 28, 2) & 0x3FFF
    return 0, 0


def _big(data: bytes, at: int, count: int) -> int:
    piece = data[at : at + count]
    return int.from_bytes(piece, "big") if len(piece) == count else 0


def _little(data: bytes, at: int, count: int) -> int:
    piece = data[at : at + count]
    return int.from_bytes(piece, "little") if len(piece) == count else 0
