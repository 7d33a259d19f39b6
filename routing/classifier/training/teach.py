"""Ask a trained network what it thinks of each prompt, so that a smaller one learns its doubts beside the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from routing.classifier.heads import HEADS
from routing.classifier.training.examples import Example
from routing.classifier.training.fit import Encode
from routing.classifier.training.network import Router

ASKED_AT_ONCE = 32  # of like length


def taught(examples: Sequence[Example], teacher: Router, encode: Encode) -> list[Example]:
    """The examples in their order, each with the teacher's probabilities of its plain text for the heads it counts for.

    The teacher has learnt from the same examples; what it still doubts is where a label is one of two that would do.
    """
    teacher.eval()
    ids = [encode(example.text) for example in examples]
    by_length = sorted(range(len(examples)), key=lambda number: len(ids[number]))
    answers: dict[int, dict[str, tuple[float, ...]]] = {}
    for at in range(0, len(by_length), ASKED_AT_ONCE):
        asked = by_length[at : at + ASKED_AT_ONCE]
        probs = _probs(teacher, [ids[number] for number in asked])
        for row, number in enumerate(asked):
            answers[number] = {head: tuple(probs[head][row].tolist()) for head in examples[number].labels}
    return [replace(example, beliefs=answers[number]) for number, example in enumerate(examples)]


def _probs(teacher: Router, texts: Sequence[Sequence[int]]) -> dict[str, Tensor]:
    longest = max(len(ids) for ids in texts)
    with torch.inference_mode():
        outputs = teacher(
            torch.tensor([[*ids, *[0] * (longest - len(ids))] for ids in texts]),
            torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids in texts]),
        )
    return {head: torch.softmax(logits.float(), dim=-1) for head, logits in zip(HEADS, outputs, strict=False)}
