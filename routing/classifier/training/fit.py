"""Fine-tune the router on all heads at once; an example counts for the heads it is labelled for."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from routing.classifier.heads import HEADS, SUB_DIMENSIONS
from routing.classifier.training.augment import vary
from routing.classifier.training.examples import Example
from routing.classifier.training.network import Router
from routing.shapes import TaskType

UNLABELLED = -100
EXPLORATION = HEADS["task_type"].index(TaskType.EXPLORATION)
Encode = Callable[[str], list[int]]


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that can be turned; the values are those the shipped bundle was made with."""

    epochs: int = 5
    batch_tokens: int = 1024  # padded; about 32 prompts of ordinary length
    tokens_max: int = 128
    learning_rate: float = 1e-4
    head_learning_rate: float = 1e-3
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warmup_share: float = 0.06
    label_smoothing: float = 0.05
    sub_dimension_weight: float = 2.0
    seed: int = 13


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded prompts and their labels, ready for the network."""

    input_ids: Tensor
    attention_mask: Tensor
    labels: dict[str, Tensor]
    sub_dimensions: Tensor  # NaN where unlabelled


def fit(
    router: Router,
    examples: Sequence[Example],
    encode: Encode,
    recipe: Recipe,
    after_epoch: Callable[[int], None] = lambda _epoch: None,
) -> None:
    """Train in place; `after_epoch` may judge or save."""
    torch.manual_seed(recipe.seed)
    rng = random.Random(recipe.seed)  # noqa: S311 - repeatable on purpose
    optimizer = torch.optim.AdamW(_groups(router, recipe), weight_decay=recipe.weight_decay, foreach=True)
    peaks = [group["lr"] for group in optimizer.param_groups]
    step_count = recipe.epochs * sum(1 for _ in batches(examples, encode, recipe, random.Random(0)))  # noqa: S311 - a count
    step, total, began = 0, 0.0, time.monotonic()
    for epoch in range(recipe.epochs):
        router.train()
        for batch in batches(examples, encode, recipe, rng):
            share = _rate_share(step, step_count, recipe.warmup_share)
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * share
            with torch.autocast("cpu", dtype=torch.bfloat16):
                outputs = router(batch.input_ids, batch.attention_mask)
            loss = loss_of(outputs, batch, recipe)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(router.parameters(), 1.0)
            optimizer.step()
            step, total = step + 1, total + loss.item()
            if step % 50 == 0:
                elapsed_s = time.monotonic() - began
                print(f"step {step}/{step_count}, loss {total / step:.3f}, {elapsed_s:.0f} s", flush=True)  # noqa: T201 - training is watched
        after_epoch(epoch)


def batches(examples: Sequence[Example], encode: Encode, recipe: Recipe, rng: random.Random) -> Iterator[Batch]:
    """The examples once each, varied, in batches of like length and random order."""
    encoded = [(_varied(example, encode, rng)[: recipe.tokens_max], example) for example in examples]
    encoded.sort(key=lambda pair: len(pair[0]) + rng.random() * 4)
    groups: list[list[tuple[list[int], Example]]] = [[]]
    for pair in encoded:
        if (len(groups[-1]) + 1) * len(pair[0]) > recipe.batch_tokens:
            groups.append([])
        groups[-1].append(pair)
    rng.shuffle(groups)
    for group in groups:
        if group:
            yield collate(group)


def _varied(example: Example, encode: Encode, rng: random.Random) -> list[int]:
    return encode(vary(example.text, rng, changes_nothing=example.labels.get("task_type") == EXPLORATION))


def collate(group: Sequence[tuple[list[int], Example]]) -> Batch:
    """Pad to the longest."""
    longest = max(len(ids) for ids, _ in group)
    return Batch(
        input_ids=torch.tensor([ids + [0] * (longest - len(ids)) for ids, _ in group]),
        attention_mask=torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids, _ in group]),
        labels={head: torch.tensor([e.labels.get(head, UNLABELLED) for _, e in group]) for head in HEADS},
        sub_dimensions=torch.tensor([[e.sub_dimensions.get(n, torch.nan) for n in SUB_DIMENSIONS] for _, e in group]),
    )


def loss_of(outputs: Sequence[Tensor], batch: Batch, recipe: Recipe) -> Tensor:
    """Cross entropy per head, squared error of the sub-dimensions; each over what is labelled."""
    total = torch.zeros(())
    for logits, head in zip(outputs, HEADS, strict=False):
        labels = batch.labels[head]
        if (labels != UNLABELLED).any():
            summed = nn.functional.cross_entropy(
                logits.float(), labels, ignore_index=UNLABELLED, label_smoothing=recipe.label_smoothing, reduction="sum"
            )
            total = total + summed / len(labels)
    predicted = torch.stack(list(outputs[len(HEADS) :]), dim=1).float()
    known = ~torch.isnan(batch.sub_dimensions)
    if known.any():
        error = (predicted - batch.sub_dimensions.nan_to_num()).square() * known
        total = total + recipe.sub_dimension_weight * error.sum() / len(known)
    return total


def _groups(router: Router, recipe: Recipe) -> list[dict[str, object]]:
    """Lower layers learn more slowly: what MiniLM knows of words is worth keeping."""
    count = len(router.layers)
    groups: list[dict[str, object]] = [
        {
            "params": [*router.embed.parameters(), *router.position.parameters(), *router.norm.parameters()],
            "lr": recipe.learning_rate * recipe.layer_decay ** (count + 1),
        },
        {
            "params": [router.pool, *router.heads.parameters(), *router.subs.parameters()],
            "lr": recipe.head_learning_rate,
        },
    ]
    for index, layer in enumerate(router.layers):
        groups.append(
            {"params": list(layer.parameters()), "lr": recipe.learning_rate * recipe.layer_decay ** (count - 1 - index)}
        )
    return groups


def _rate_share(step: int, step_count: int, warmup_share: float) -> float:
    warmup = max(1, int(step_count * warmup_share))
    return (step + 1) / warmup if step < warmup else max(0.0, (step_count - step) / (step_count - warmup))
