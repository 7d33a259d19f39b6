"""Fine-tune the router on all heads at once; an example counts for the heads it is labelled for.

Every example is seen twice in a batch: once with few slips and once with many. Both must get the labels, and both must
get the same probabilities, so that what is learnt does not hang on the spelling.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from routing.classifier.heads import HEADS, SUB_DIMENSIONS
from routing.classifier.training.augment import vary
from routing.classifier.training.examples import Example
from routing.classifier.training.network import Router
from routing.shapes import TaskType

UNLABELLED = -100
EXPLORATION = HEADS["task_type"].index(TaskType.EXPLORATION)
Reading = tuple[list[int], list[int], Example]


class Encode(Protocol):
    """Text to token ids."""

    def __call__(self, text: str, *, loosely: bool = False) -> list[int]: ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that can be turned; the README says how the shipped bundle differs."""

    epochs: int = 5
    batch_tokens: int = 1280  # padded; about 20 prompts of ordinary length, twice
    tokens_max: int = 128
    learning_rate: float = 1.3e-4
    head_learning_rate: float = 1e-3
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warmup_share: float = 0.06
    fall_share: float = 0.6  # of all steps, at the end, while the rate falls to nought
    label_smoothing: float = 0.05
    sub_dimension_weight: float = 2.0
    agreement_weight: float = 0.5
    loose_share: float = 0.2  # of second readings whose words are cut otherwise now and then
    average_decay: float = 0.995  # of the running mean of the weights, which is what ships
    seed: int = 13


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded prompts and their labels, ready for the network: first all first readings, then all second ones."""

    input_ids: Tensor
    attention_mask: Tensor
    labels: dict[str, Tensor]
    sub_dimensions: Tensor  # NaN where unlabelled


def fit(
    router: Router,
    examples: Sequence[Example],
    encode: Encode,
    recipe: Recipe,
    after_epoch: Callable[[int, Router], None] = lambda _epoch, _averaged: None,
) -> Router:
    """The mean of the weights on the way, which generalises better than the last; `after_epoch` may look at it."""
    torch.manual_seed(recipe.seed)
    rng = random.Random(recipe.seed)  # noqa: S311 - repeatable on purpose
    optimizer = torch.optim.AdamW(_groups(router, recipe), weight_decay=recipe.weight_decay, fused=True)
    peaks = [group["lr"] for group in optimizer.param_groups]
    step_count = recipe.epochs * sum(1 for _ in batches(examples, encode, recipe, random.Random(0)))  # noqa: S311 - a count
    averaged = AveragedModel(router, multi_avg_fn=get_ema_multi_avg_fn(recipe.average_decay))
    step, total, began = 0, 0.0, time.monotonic()
    for epoch in range(recipe.epochs):
        router.train()
        for batch in batches(examples, encode, recipe, rng):
            share = _rate_share(step, step_count, recipe)
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * share
            with torch.autocast("cpu", dtype=torch.bfloat16):
                outputs = router(batch.input_ids, batch.attention_mask)
            loss = loss_of(outputs, batch, recipe)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(router.parameters(), 1.0)
            optimizer.step()
            averaged.update_parameters(router)
            step, total = step + 1, total + loss.item()
            if step % 50 == 0:
                elapsed_s = time.monotonic() - began
                print(f"step {step}/{step_count}, loss {total / 50:.3f}, {elapsed_s:.0f} s", flush=True)  # noqa: T201 - training is watched
                total = 0.0
        after_epoch(epoch, averaged.module)
    mean: Router = averaged.module
    return mean


def batches(examples: Sequence[Example], encode: Encode, recipe: Recipe, rng: random.Random) -> Iterator[Batch]:
    """The examples once each, read in two variations, in batches of like length and random order."""
    read = [(*_two_readings(example, encode, recipe, rng), example) for example in examples]
    read.sort(key=lambda row: max(len(row[0]), len(row[1])) + rng.random() * 4)
    groups: list[list[Reading]] = [[]]
    for row in read:
        if 2 * (len(groups[-1]) + 1) * max(len(row[0]), len(row[1])) > recipe.batch_tokens:
            groups.append([])
        groups[-1].append(row)
    rng.shuffle(groups)
    for group in groups:
        if group:
            yield collate(group)


def _two_readings(example: Example, encode: Encode, recipe: Recipe, rng: random.Random) -> tuple[list[int], list[int]]:
    changes_nothing = example.labels.get("task_type") == EXPLORATION
    plain = encode(vary(example.text, rng, changes_nothing=changes_nothing))
    loosely = rng.random() < recipe.loose_share
    slipped = encode(vary(example.text, rng, changes_nothing=changes_nothing, slips=True), loosely=loosely)
    return plain[: recipe.tokens_max], slipped[: recipe.tokens_max]


def collate(group: Sequence[Reading]) -> Batch:
    """Pad to the longest."""
    texts = [first for first, _, _ in group] + [second for _, second, _ in group]
    examples = [example for _, _, example in group] * 2
    longest = max(len(ids) for ids in texts)
    return Batch(
        input_ids=torch.tensor([ids + [0] * (longest - len(ids)) for ids in texts]),
        attention_mask=torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids in texts]),
        labels={head: torch.tensor([e.labels.get(head, UNLABELLED) for e in examples]) for head in HEADS},
        sub_dimensions=torch.tensor([[e.sub_dimensions.get(n, torch.nan) for n in SUB_DIMENSIONS] for e in examples]),
    )


def loss_of(outputs: Sequence[Tensor], batch: Batch, recipe: Recipe) -> Tensor:
    """Cross entropy and disagreement per head, squared error of the sub-dimensions; each over what is labelled."""
    total = torch.zeros(())
    for logits, head in zip(outputs, HEADS, strict=False):
        labels = batch.labels[head]
        if (labels != UNLABELLED).any():
            summed = nn.functional.cross_entropy(
                logits.float(), labels, ignore_index=UNLABELLED, label_smoothing=recipe.label_smoothing, reduction="sum"
            )
            total = total + summed / len(labels)
            total = total + recipe.agreement_weight * _disagreement(logits.float(), labels != UNLABELLED)
    predicted = torch.stack(list(outputs[len(HEADS) :]), dim=1).float()
    known = ~torch.isnan(batch.sub_dimensions)
    if known.any():
        error = (predicted - batch.sub_dimensions.nan_to_num()).square() * known
        total = total + recipe.sub_dimension_weight * error.sum() / len(known)
    return total


def _disagreement(logits: Tensor, labelled: Tensor) -> Tensor:
    """How far the two readings' probabilities are apart: the mean of both divergences."""
    logs = torch.log_softmax(logits, dim=-1)
    first, second = logs.chunk(2)
    apart = ((first.exp() - second.exp()) * (first - second)).sum(dim=-1) / 2
    return (apart * labelled.chunk(2)[0]).sum() / len(apart)


def _groups(router: Router, recipe: Recipe) -> list[dict[str, object]]:
    """Lower layers learn more slowly: what MiniLM knows of words is worth keeping."""
    count = len(router.layers)
    groups: list[dict[str, object]] = [
        {
            "params": [*router.embed.parameters(), *router.position.parameters(), *router.norm.parameters()],
            "lr": recipe.learning_rate * recipe.layer_decay ** (count + 1),
        },
        {
            "params": [router.questions, *router.heads.parameters(), *router.subs.parameters()],
            "lr": recipe.head_learning_rate,
        },
    ]
    for index, layer in enumerate(router.layers):
        groups.append(
            {"params": list(layer.parameters()), "lr": recipe.learning_rate * recipe.layer_decay ** (count - 1 - index)}
        )
    return groups


def _rate_share(step: int, step_count: int, recipe: Recipe) -> float:
    """The learning rate rises, stays and falls."""
    rise, fall = max(1, int(step_count * recipe.warmup_share)), max(1, int(step_count * recipe.fall_share))
    return min(1.0, (step + 1) / rise, (step_count - step) / fall)
