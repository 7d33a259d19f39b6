"""Slips of the keyboard are mended towards known words, and nothing else is touched."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from routing.classifier.bundle import read_bundle
from routing.classifier.infer import Engine
from routing.classifier.slips import UNKNOWN_WORDS_MAX, Mender, lexicon
from routing.classifier.tokenize import KEPT_CHARACTERS_MAX, Tokenizer

WORDS = ("the", "fix", "login", "payment", "module", "please", "refactor", "page", "in", "of", "trail", "trial")


@pytest.fixture
def mender() -> Mender:
    return Mender(WORDS)


@pytest.mark.parametrize(
    ("slipped", "meant"),
    [
        ("fix the lgoin", "fix the login"),  # swapped
        ("fix the paymnt page", "fix the payment page"),  # left out
        ("fix the moddule", "fix the module"),  # doubled
        ("fix the lohin page", "fix the login page"),  # the next key
        ("Fix the Lgoin, please!", "Fix the login, please!"),
        ('fix "paymnet" in the module', 'fix "payment" in the module'),
        ("refactro", "refactor"),
    ],
)
def test_a_single_slip_is_mended(mender: Mender, slipped: str, meant: str) -> None:
    assert mender.mend(slipped) == meant


@pytest.mark.parametrize(
    "text",
    [
        "fix the login",
        "fix the module in src/lgoin.py",  # a path
        "fix lgoin.page please",  # a name with dots
        "fix the lgoin_page",
        "fix the lgoin2",
        "fix the xylophone",  # no known word is near
        "fxi the page",  # short words are names as often as slips
        "fix the nlogin page",  # its first letter would have to go
        "please fix lgoinn",  # two slips away
        "corrige la pagge del moddule por favor",  # mostly unknown: another language
        "",
        "  ",
    ],
)
def test_all_else_stays_as_it_is(mender: Mender, text: str) -> None:
    assert mender.mend(text) == text


def test_a_swap_counts_before_a_lost_letter_and_common_words_before_rare_ones() -> None:
    assert Mender(("fix", "lien", "lines")).mend("fix liens") == "fix lines"
    assert Mender(("fix", "trail", "trial")).mend("fix trall") == "fix trall"
    assert Mender(("fix", "casts", "coats")).mend("fix caats") == "fix casts"
    assert Mender(("fix", "coats", "casts")).mend("fix caats") == "fix casts"


def test_case_does_not_matter(mender: Mender) -> None:
    text = "Fix the paymnet Moddule of teh page"
    assert mender.mend(text.upper()).lower() == mender.mend(text.lower()) == mender.mend(text).lower()


def test_what_is_mended_stays_mended(mender: Mender) -> None:
    once = mender.mend("plese fix the paymnet pgae of the moddule")
    assert once == "please fix the payment page of the module"
    assert mender.mend(once) == once


def test_only_so_many_unknown_words_are_looked_at(mender: Mender) -> None:
    known = "fix the page in the module " * UNKNOWN_WORDS_MAX
    mended = mender.mend(known + "paymnet " * (UNKNOWN_WORDS_MAX + 5))
    assert mended.count("payment") == UNKNOWN_WORDS_MAX
    assert mended.count("paymnet") == 5


def test_hostile_words_take_little_time(shipped: Path) -> None:
    words = Mender(lexicon(Tokenizer(shipped / "spm.model", tokens_max=256).pieces()))
    hostile = " ".join(["the"] * 400 + [f"qx{chr(97 + n % 26)}vwzkjqxwvz{chr(97 + n // 26)}" for n in range(400)])
    began = time.process_time()
    words.mend(hostile[:KEPT_CHARACTERS_MAX])
    words.mend("a" * KEPT_CHARACTERS_MAX)
    words.mend("a.b" * (KEPT_CHARACTERS_MAX // 3))
    assert time.process_time() - began < 0.2


def test_the_lexicon_are_the_whole_words_of_the_tokenizer() -> None:
    assert list(lexicon(["[CLS]", "▁the", "ing", "▁", "▁c3", "▁日", "▁login", "▁é"])) == ["the", "login"]


def test_the_shipped_bundle_mends_and_a_spawn_router_folder_does_not(shipped: Path, spawn_router: Path) -> None:
    ours, theirs = Engine(read_bundle(shipped)), Engine(read_bundle(spawn_router))
    assert ours.answer("Fix the paymnet form") == ours.answer("Fix the payment form")
    counted = [theirs.answer(f"Fix the {word} form").sub_dimensions["scope_breadth"] for word in ("paymnet", "payment")]
    assert counted[0] > counted[1]
