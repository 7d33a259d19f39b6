"""A downloaded spawn-router folder is served without another change."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from routing.classifier.bundle import read_bundle
from routing.classifier.classify import Classifier
from routing.classifier.infer import Engine


def test_its_graph_gets_the_sentinels_of_the_model_card(spawn_router: Path) -> None:
    answer = Classifier(spawn_router).classify("Refactor JWT key rotation")
    assert not answer.is_fallback
    assert answer.complexity.value == "medium"  # "hard" were a sentinel wrong
    assert answer.task_type.value == "refactor"
    assert answer.risk.value == "low"
    assert answer.engine == "spawn-router (fp32)"
    assert len(answer.sub_dimensions) == 8


def test_its_temperatures_sharpen_or_soften(spawn_router: Path) -> None:
    answer = Classifier(spawn_router).classify("Refactor JWT key rotation")
    logit = 2 / 0.5
    assert answer.complexity.confidence_prob == pytest.approx(math.exp(logit) / (math.exp(logit) + 2), abs=1e-4)


def test_a_long_text_is_cut_at_256_tokens(spawn_router: Path) -> None:
    engine = Engine(read_bundle(spawn_router))
    assert engine.answer("word " * 5000).sub_dimensions["scope_breadth"] == pytest.approx(0.256)
    assert engine.answer("").sub_dimensions["scope_breadth"] < 0.006


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("write a poem about rust", "creative"),  # words say so
        ("zzz qqq", "coding"),  # words say nothing, and the task type is clear
    ],
)
def test_the_category_it_lacks_comes_from_words_and_task_type_and_says_so(
    text: str, category: str, spawn_router: Path
) -> None:
    answer = Classifier(spawn_router).classify(text)
    assert answer.category.value == category
    assert "no category head" in answer.note
