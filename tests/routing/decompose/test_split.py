"""Which texts have parts, and which."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.decompose.shapes import SplitKind
from routing.decompose.split import MAX_PARTS, split_task
from smartspawn.lib.errors import InvalidParam
from tests.routing.decompose.split_cases import SPLIT, WHOLE

# Many times what it takes on a busy machine; what grows with the square of the length takes minutes.
MOST_S = 6.0
LONG = 100_000


@pytest.mark.parametrize(("text", "kind", "parts"), SPLIT, ids=[text[:40] for text, _, _ in SPLIT])
def test_a_text_has_these_parts(text: str, kind: SplitKind, parts: list[str]) -> None:
    split = split_task(text)
    assert list(split.parts) == parts
    assert split.kind is kind
    assert f"{len(parts)} parts" in split.reason


@pytest.mark.parametrize("text", WHOLE)
def test_one_piece_of_work_stays_whole(text: str) -> None:
    split = split_task(text)
    assert split.parts == ()
    assert split.kind is SplitKind.NONE
    assert split.reason


def test_there_are_enough_cases() -> None:
    assert len(SPLIT) + len(WHOLE) > 80


@pytest.mark.parametrize(
    ("text", "preamble"),
    [
        ("Please do the following:\n1. Build it\n2. Ship it", "Please do the following:"),
        ("- Build login\n- Build search\n\nUse TypeScript.", "Use TypeScript."),
        ("We sell shoes. Research rivals and build a deck. Be brief.", "We sell shoes. Be brief."),
        ("I run a shop.\n\nBuild a cart.\n\nTranslate the FAQ.", "I run a shop."),
        ("Here is the plan. First, design it. Then build it.", "Here is the plan"),
        ("Project Mars: design and implement an API", "Project Mars:"),
        ("1. Build it\n2. Ship it", ""),
    ],
)
def test_what_is_no_part_is_kept_beside_them(text: str, preamble: str) -> None:
    split = split_task(text)
    assert split.preamble == preamble
    assert len(split.parts) == 2


def test_details_of_a_task_go_with_the_preamble() -> None:
    split = split_task("Steps to reproduce:\n1. Open it\n2. See it\n\nTodo:\n- Fix the crash\n- Write a test")
    assert split.parts == ("Fix the crash", "Write a test")
    assert "Open it" in split.preamble


def test_as_many_parts_as_allowed_are_split_and_one_more_is_refused() -> None:
    def items(count: int) -> str:
        return "\n".join(f"- Build engine {number}" for number in range(count))

    assert len(split_task(items(MAX_PARTS)).parts) == MAX_PARTS
    with pytest.raises(InvalidParam, match=r"51 parts; at most 50"):
        split_task(items(MAX_PARTS + 1))


@pytest.mark.parametrize("mark", ["1. ", "- ", "* ", "• ", "1) ", "Step 1: ", "a) "])
def test_a_mark_is_cut_off_and_nothing_else(mark: str) -> None:
    split = split_task(f"{mark}Build the bridge.\n{mark}Paint 2.5 m of it - twice.")
    assert split.parts == ("Build the bridge.", "Paint 2.5 m of it - twice.")


HOSTILE = {
    "bullets": "- build it\n" * (LONG // 11),
    "nested": "".join(" " * depth + "- a\n" for depth in range(600)),
    "spaces": " " * LONG,
    "newlines": "\n" * LONG,
    "tabs": "\t" * LONG + "x",
    "and": "build and " * (LONG // 10),
    "then": "then build " * (LONG // 11),
    "first": "first, " * (LONG // 7),
    "semicolons": ";" * LONG,
    "parens": "(" * LONG,
    "brackets": "[ ] " * (LONG // 4),
    "quotes": '"' * LONG,
    "ticks": "`" * LONG,
    "fences": "```\n" * (LONG // 4),
    "paragraphs": "a\n\n" * (LONG // 3),
    "numbers": "1) a " * (LONG // 5),
    "colons": "a:" * (LONG // 2),
    "dots": "." * LONG,
    "dashes": "- " * (LONG // 2),
    "letters": "a" * LONG,
    "ideographs": "设计，" * (LONG // 3),
    "headings": "# a:\n- b\n" * (LONG // 9),
    "errors": "Error " * (LONG // 6),
    "frames": "at " + "a" * LONG,
    "conditions": "if x then build " * (LONG // 16),
    "courtesies": "please " * (LONG // 7),
    "patches": "@@ -1\n" + "- a\n" * (LONG // 4),
    "controls": "\x00\x01\x02\ufeff\u202e" * (LONG // 5),
    "surrogates": "\ud800" * LONG,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_takes_bounded_time(name: str) -> None:
    started = time.process_time()
    try:
        parts = split_task(HOSTILE[name]).parts
    except InvalidParam:
        parts = ()
    assert time.process_time() - started < MOST_S
    assert len(parts) <= MAX_PARTS


_MARKS = ["\n", "\n\n", "- ", "1. ", "2) ", "  - ", "```", "(", ")", '"', ";", ",", ".", ":", "#", "、"]
_SAID = [
    "build",
    "Design",
    "and",
    "then",
    "First,",
    "the",
    "API",
    "page",
    "it",
    "to",
    "that",
    "if",
    "und",
    "并",
    "然后",
]
_WORDS = st.sampled_from([*_MARKS, *_SAID, "Please", "deploy", "test"])


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.one_of(st.text(max_size=200), st.lists(_WORDS, max_size=40).map(" ".join)))
def test_any_text_gives_no_part_or_at_least_two_with_words_of_the_text(text: str) -> None:
    split = split_task(text)
    assert len(split.parts) != 1
    assert (split.kind is SplitKind.NONE) == (not split.parts)
    heard = set("".join(character if character.isalnum() else " " for character in text).split())
    for part in split.parts:
        assert part == part.strip()
        assert set("".join(character if character.isalnum() else " " for character in part).split()) <= heard | {
            "1",
            "2",
        }


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.text("abcdefghij kl", min_size=3).map(str.strip).filter(bool), min_size=2, max_size=20))
def test_every_item_of_a_numbered_list_is_a_part(items: list[str]) -> None:
    text = "\n".join(f"{number}. Build {item}" for number, item in enumerate(items, 1))
    assert [part.split() for part in split_task(text).parts] == [["Build", *item.split()] for item in items]
