"""Pictures: their size from the head of the file, and their tokens by the makers' rules."""

from __future__ import annotations

import base64
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.ledger import estimate_tokens, picture_excess
from runs.tokens.picture_sizes import read_size, size_of_address
from runs.tokens.pictures import Picture, find_pictures, picture_tokens

Size = tuple[int, int]


def png(size: Size) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", *size) + b"\x08\x06\x00\x00\x00"


def gif(size: Size) -> bytes:
    return b"GIF89a" + struct.pack("<HH", *size) + b"\xf7\x00\x00"


def jpeg(size: Size, *, notes: int = 0, frame: int = 0xC0) -> bytes:
    camera = b"\xff\xe1" + struct.pack(">H", 2 + notes) + b"\xff\xc0\x00" * (notes // 3) + b"x" * (notes % 3)
    table = b"\xff\xc4\x00\x04\x01\x02"
    return b"\xff\xd8" + camera + b"\xff" + table + struct.pack(">BBHBHHB", 0xFF, frame, 17, 8, size[1], size[0], 3)


def webp(size: Size, kind: bytes) -> bytes:
    wide, high = size
    if kind == b"VP8X":
        body = b"\x10\x00\x00\x00" + (wide - 1).to_bytes(3, "little") + (high - 1).to_bytes(3, "little")
    elif kind == b"VP8L":
        body = b"\x2f" + ((wide - 1) | (high - 1) << 14).to_bytes(4, "little")
    else:
        body = b"\x30\x01\x00\x9d\x01\x2a" + struct.pack("<HH", wide, high)
    return b"RIFF\x00\x00\x00\x00WEBP" + kind + b"\x0a\x00\x00\x00" + body + b"\x00" * 5


def bmp(size: Size) -> bytes:
    return b"BM" + b"\x00" * 16 + struct.pack("<II", *size)


MAKERS = {
    "png": png,
    "gif": gif,
    "jpeg": jpeg,
    "jpeg with a camera's notes": lambda size: jpeg(size, notes=60_000),
    "progressive jpeg": lambda size: jpeg(size, frame=0xC2),
    "webp, lossy": lambda size: webp(size, b"VP8 "),
    "webp, lossless": lambda size: webp(size, b"VP8L"),
    "webp, extended": lambda size: webp(size, b"VP8X"),
    "bmp": bmp,
}


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("size", [(1, 1), (640, 480), (3024, 4032), (12_000, 9)])
def test_the_head_of_every_usual_format_tells_its_size(kind: str, size: Size) -> None:
    head = MAKERS[kind](size)
    assert read_size(head + b"\x00" * 50) == size
    address = "data:image/x;base64," + base64.b64encode(head + b"\x00" * 500).decode()
    assert size_of_address(address) == size


@pytest.mark.parametrize("kind", MAKERS)
def test_a_head_cut_anywhere_is_no_error(kind: str) -> None:
    head = MAKERS[kind]((640, 480))
    for length in range(min(len(head), 120)):
        assert read_size(head[:length]) in (None, (640, 480))


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8", b"RIFFxxxxWEBPVP8 ", b"\x89PNG\r\n\x1a\n", b"BM"]))
def test_no_bytes_make_it_fail_or_give_a_size_that_is_none(tail: bytes, head: bytes) -> None:
    size = read_size(head + tail)
    assert size is None or all(0 < side <= 65_535 for side in size)


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/a.png",
        "data:image/png,plain",
        "data:image/png;base64,%%%",
        "data:;base64,",
        "",
        "data:" * 9,
    ],
)
def test_what_is_not_there_to_be_read_has_no_size(address: str) -> None:
    assert size_of_address(address) is None


def test_a_huge_picture_is_read_no_further_than_its_head() -> None:
    address = "data:image/jpeg;base64," + "/9j/" + "////" * 10_000_000
    began = time.process_time()
    assert size_of_address(address) is None
    assert time.process_time() - began < 0.5


# The makers' own examples, as their pages give them.
@pytest.mark.parametrize(
    ("model_id", "size", "is_low", "tokens"),
    [
        ("openai/gpt-4o", (1024, 1024), False, 765),
        ("openai/gpt-4o", (2048, 4096), False, 1105),
        ("openai/gpt-4o", (4096, 8192), True, 85),
        ("openai/gpt-4o-mini", (1024, 1024), False, 2833 + 4 * 5667),
        ("openai/gpt-4.1-mini", (1024, 1024), False, 1659),  # 1,024 patches times 1.62
        ("openai/o4-mini", (1024, 1024), False, 1762),
        ("openai/gpt-5", (1024, 1024), False, 70 + 4 * 140),
        ("anthropic/claude-sonnet-4.5", (200, 200), False, 54),
        ("anthropic/claude-sonnet-4.5", (1000, 1000), False, 1334),
        ("anthropic/claude-3-haiku", (5000, 5000), True, 1600),
        ("anthropic/claude-opus-4.7", (5000, 5000), False, 4784),
        ("google/gemini-2.5-flash", (384, 384), False, 258),
        ("google/gemini-2.5-flash", (960, 540), False, 6 * 258),
        ("google/gemini-3-pro", (960, 540), False, 1120),
        ("qwen/qwen3-vl", (280, 280), False, 100),
    ],
)
def test_tokens_are_counted_as_the_makers_count_them(model_id: str, size: Size, is_low: bool, tokens: int) -> None:
    assert picture_tokens(Picture(size, is_low), model_id) == tokens


@given(
    st.sampled_from(["openai/gpt-5", "openai/gpt-5-nano", "anthropic/claude-4", "google/gemini-2.5-pro", "x-ai/g", ""]),
    st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)),
)
def test_a_picture_that_cannot_be_read_counts_as_the_largest(model_id: str, size: Size) -> None:
    assert 0 < picture_tokens(Picture(size), model_id) <= picture_tokens(Picture(None), model_id)


def test_pictures_are_found_in_every_way_of_writing_them_and_counted_at_most_until_the_model_is_known() -> None:
    data = base64.b64encode(png((1024, 1024))).decode()
    parts = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}", "detail": "low"}},
        {"type": "input_image", "image_url": f"data:image/png;base64,{data}"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}},
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
        {"type": "text", "text": "what is it?"},
    ]
    messages = [{"role": "system", "content": "brief"}, {"role": "user", "content": parts}]
    size = (1024, 1024)
    assert find_pictures(messages) == (Picture(size, is_low=True), Picture(size), Picture(size), Picture())
    for model_id in ("anthropic/claude-3-haiku", "google/gemini-2.5-flash", "acme/any"):
        assert 0 <= picture_excess(messages, model_id) < estimate_tokens(messages)
    assert picture_excess([{"role": "user", "content": "words"}], "openai/gpt-5") == 0
