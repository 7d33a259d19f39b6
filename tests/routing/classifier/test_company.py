"""Short texts share a run of the graph, and none of them gets another answer for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from routing.classifier.bundle import read_bundle
from routing.classifier.classify import Classifier
from routing.classifier.infer import COMPANY_MAX, Engine, companies

TEXTS = (
    "Fix the login form",
    "write a haiku about the sea in winter",
    "Rename getUser to fetchUser",
    "Refactor the billing service for our oldest customer by Friday",
    "Translate the release notes for the Berlin team",
    "explain " + "how the session cache works and " * 20,
)


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([], []),
        ([12, 9, 14], [[1, 0, 2]]),
        ([12, 60, 9, 200], [[2, 0], [1], [3]]),  # long ones go alone
        ([8, 20, 22, 9], [[0, 3], [1, 2]]),  # nobody is padded far
        ([10] * (COMPANY_MAX + 2), [list(range(COMPANY_MAX)), [COMPANY_MAX, COMPANY_MAX + 1]]),
    ],
)
def test_short_texts_of_like_length_go_together(lengths: list[int], expected: list[list[int]]) -> None:
    assert list(companies(lengths, may_share=True)) == expected


def test_without_fixed_scales_each_text_goes_alone() -> None:
    assert list(companies([12, 9, 14], may_share=False)) == [[1], [0], [2]]


def test_an_answer_in_company_is_the_answer_alone(shipped: Path) -> None:
    engine = Engine(read_bundle(shipped))
    for text, together in zip(TEXTS, engine.answers(TEXTS), strict=True):
        alone = engine.answer(text)
        assert together.sub_dimensions == pytest.approx(alone.sub_dimensions, abs=2e-4)
        for head, probs in alone.probs.items():
            assert together.probs[head] == pytest.approx(probs, abs=1e-5)


def test_classifying_several_texts_answers_each_in_its_place(shipped: Path) -> None:
    classifier = Classifier(shipped)
    first = classifier.classify(TEXTS[0])
    found = classifier.classify_all([TEXTS[1], TEXTS[0], TEXTS[1]])
    assert found[1] is first  # remembered
    assert found[0] == found[2] == classifier.classify(TEXTS[1])
    assert found[0].category.value == "creative"
    assert classifier.classify_all([]) == []
