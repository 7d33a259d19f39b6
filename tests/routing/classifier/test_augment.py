"""Training reads prompts as other people would have typed them; what they ask for stays."""

from __future__ import annotations

import random

from routing.classifier.training.augment import HANDS_OFF, vary

TEXT = "Rename the payment module and\nupdate every import that mentions it."


def variants(*, changes_nothing: bool = False, slips: bool = False) -> list[str]:
    return [vary(TEXT, random.Random(n), changes_nothing=changes_nothing, slips=slips) for n in range(300)]


def test_the_same_dice_give_the_same_text() -> None:
    assert variants(slips=True) == variants(slips=True)


def test_most_words_survive_even_many_slips() -> None:
    words = TEXT.lower().split()
    kept = [sum(word in variant.lower() for word in words) / len(words) for variant in variants(slips=True)]
    assert sum(kept) / len(kept) > 0.7
    assert min(kept) > 0.25


def test_a_plain_reading_is_mostly_the_prompt_itself() -> None:
    assert sum(TEXT.rstrip(".") in variant for variant in variants()) > 200


def test_only_what_changes_nothing_is_told_to_change_nothing() -> None:
    def forbids(variant: str) -> bool:
        return any(words in variant for words in HANDS_OFF)

    assert not any(map(forbids, variants(slips=False)))
    assert any(map(forbids, variants(changes_nothing=True)))
