"""A small network learns from the labels and from what a trained one believes; tested where PyTorch is installed."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed")

import torch

from routing.classifier.heads import HEADS
from routing.classifier.training.examples import Example
from routing.classifier.training.fit import Recipe, collate
from routing.classifier.training.network import Router, Size
from routing.classifier.training.teach import ASKED_AT_ONCE, taught

RECIPE = Recipe(epochs=1, learning_rate=1e-4, neighbour_smoothing=0.1, start_doubt=2.0, belief_share=0.25)
FIX = Example(text="fix the lamp", labels={"complexity": 0}, sub_dimensions={})


def encode(text: str, *, loosely: bool = False) -> list[int]:
    """A token a letter, in the frame that every prompt has."""
    return [1, 5, 6, *(7 + ord(letter) % 20 for letter in text), 2]


def target(example: Example) -> list[float]:
    ids = encode(example.text)
    rows: list[list[float]] = collate([((ids, ids), example)], RECIPE).targets["complexity"].tolist()
    assert rows[0] == rows[1]
    return [round(share, 4) for share in rows[0]]


def test_without_a_teacher_the_label_is_the_target_less_some_doubt() -> None:
    assert target(FIX) == [0.9, 0.1, 0.0]


def test_the_labels_of_the_start_are_doubted_more() -> None:
    assert target(replace(FIX, is_of_start=True)) == [0.8, 0.2, 0.0]


def test_a_teacher_has_a_share_of_the_target() -> None:
    assert target(replace(FIX, beliefs={"complexity": (0.1, 0.5, 0.4)})) == [0.7, 0.2, 0.1]


def test_a_teacher_says_nothing_to_a_head_without_a_label() -> None:
    assert target(replace(FIX, labels={"risk": 1}, beliefs={"risk": (0.0, 1.0, 0.0)})) == [0.0, 0.0, 0.0]


def test_each_example_gets_the_probabilities_that_the_teacher_gives_it_alone() -> None:
    torch.manual_seed(3)
    teacher = Router(30, Size(hidden=24, layers=3, attention_heads=2, inner=8, positions=80))
    examples = [replace(FIX, text="lamp" * (1 + n % 7) + "x" * n) for n in range(ASKED_AT_ONCE + 9)]
    asked = taught(examples, teacher, encode)
    assert [example.text for example in asked] == [example.text for example in examples]
    for example in asked:
        ids = torch.tensor([encode(example.text)])
        with torch.inference_mode():
            alone = torch.softmax(teacher(ids, torch.ones_like(ids))[list(HEADS).index("complexity")], dim=-1)[0]
        assert example.beliefs.keys() == {"complexity"}
        assert example.beliefs["complexity"] == pytest.approx(alone.tolist(), abs=1e-5)
