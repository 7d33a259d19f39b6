"""Fine-tune the router on all heads at once; an example counts for the heads it is labelled for.

An example is seen twice in a batch: once with few slips and once with many. Both must get the labels, and both must
get the same probabilities, so that what is learnt does not hang on the spelling. Where a recipe wants one
reading, it is either of them.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from routing.classifier.heads import HEADS, SUB_DIMENSIONS
from routing.classifier.training.augment import vary
from routing.classifier.training.examples import Example
from routing.classifier.training.network import Router
from routing.shapes import TaskType

ORDERED_HEADS = frozenset({"complexity", "risk"})  # whose labels are degrees: doubt falls on the neighbouring ones
# Few lengths to pad to, so that batches have few shapes: a new one costs the matrix library more than a step.
PADDED_LENGTHS = (8, 12, 16, 20, 24, 28, 32, 40, 48, 64, 80, 96, 128)
AVERAGED_EVERY_STEPS = 8
EXPLORATION = HEADS["task_type"].index(TaskType.EXPLORATION)
Read = tuple[tuple[list[int], ...], Example]  # a prompt's readings as tokens, and what is known of it


class Encode(Protocol):
    """Text to token ids."""

    def __call__(self, text: str, *, loosely: bool = False) -> list[int]: ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that can be turned."""

    epochs: int
    learning_rate: float
    head_learning_rate: float = 1e-3
    readings: int = 2  # of each example in a batch
    batch_tokens: int = 1280  # padded; about 20 prompts of ordinary length, twice
    tokens_max: int = PADDED_LENGTHS[-1]
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warmup_share: float = 0.06
    fall_share: float = 0.6  # of all steps, at the end, while the rate falls to nought
    label_smoothing: float = 0.03  # to all labels alike
    neighbour_smoothing: float = 0.06  # to the neighbours, where labels are degrees
    start_doubt: float = 2.0  # times as much of both for the start's lines: theirs are the labels most often missed
    belief_share: float = 0.3  # of the target, where a teacher has said what it believes
    sub_dimension_weight: float = 2.0
    agreement_weight: float = 0.5
    loose_share: float = 0.2  # of second readings whose words are cut otherwise now and then
    average_decay: float = 0.995  # a step, of the running mean of the weights, which is what ships
    seed: int = 13


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded prompts and their labels, ready for the network: first all first readings, then any second ones."""

    input_ids: Tensor
    attention_mask: Tensor
    targets: dict[str, Tensor]  # a probability per label; all nought where unlabelled
    sub_dimensions: Tensor  # NaN where unlabelled


def fit(router: Router, examples: Sequence[Example], encode: Encode, recipe: Recipe) -> Router:
    """The mean of the weights on the way, which generalises better than the last."""
    torch.manual_seed(recipe.seed)
    rng = random.Random(recipe.seed)  # noqa: S311 - repeatable on purpose
    optimizers = _optimizers(router, recipe)
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    peaks = [group["lr"] for group in groups]
    clipped = [weights for weights in router.parameters() if weights is not router.embed.weight]
    step_count = recipe.epochs * sum(1 for _ in batches(examples, encode, recipe, random.Random(0)))  # noqa: S311 - a count
    averaged = AveragedModel(router, multi_avg_fn=get_ema_multi_avg_fn(recipe.average_decay**AVERAGED_EVERY_STEPS))
    step, total, began = 0, 0.0, time.monotonic()
    router.train()
    for _ in range(recipe.epochs):
        for batch in batches(examples, encode, recipe, rng):
            share = _rate_share(step, step_count, recipe)
            for group, peak in zip(groups, peaks, strict=True):
                group["lr"] = peak * share
            loss = _step(router, batch, recipe, optimizers=optimizers, clipped=clipped)
            if step % AVERAGED_EVERY_STEPS == 0:
                averaged.update_parameters(router)
            step, total = step + 1, total + loss
            if step % 50 == 0:
                elapsed_s = time.monotonic() - began
                print(f"step {step}/{step_count}, loss {total / 50:.3f}, {elapsed_s:.0f} s", flush=True)  # noqa: T201 - training is watched
                total = 0.0
    mean: Router = averaged.module
    return mean


def _step(
    router: Router, batch: Batch, recipe: Recipe, *, optimizers: Sequence[Optimizer], clipped: Sequence[nn.Parameter]
) -> float:
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=_multiplies_bfloat16()):
        outputs = router(batch.input_ids, batch.attention_mask)
    loss = loss_of(outputs, batch, recipe)
    for optimizer in optimizers:
        optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(clipped, 1.0)
    for optimizer in optimizers:
        optimizer.step()
    return float(loss.item())


@cache
def _multiplies_bfloat16() -> bool:
    """Whether the processor does so itself; where it is imitated, a step takes four times as long as in full."""
    able = torch.cpu.get_capabilities()
    return bool(able.get("amx_bf16") or able.get("avx512_bf16"))


def batches(examples: Sequence[Example], encode: Encode, recipe: Recipe, rng: random.Random) -> Iterator[Batch]:
    """The examples once each, in batches of like length and random order."""
    by_length: dict[int, list[Read]] = defaultdict(list)
    for example in rng.sample(examples, len(examples)):
        readings = _two_readings(example, encode, recipe, rng)
        kept = readings if recipe.readings > 1 else (rng.choice(readings),)
        by_length[padded_length(max(len(ids) for ids in kept))].append((kept, example))
    groups: list[list[Read]] = []
    left: list[Read] = []  # too few for a batch of their length
    for length, rows in sorted(by_length.items()):
        count = max(1, recipe.batch_tokens // (recipe.readings * length))
        waiting = left + rows
        whole = len(waiting) - len(waiting) % count
        groups.extend(waiting[at : at + count] for at in range(0, whole, count))
        left = waiting[whole:]
    if left:
        groups.append(left)
    rng.shuffle(groups)
    for group in groups:
        yield collate(group, recipe)


def padded_length(length: int) -> int:
    """The length to which a text of so many tokens is padded."""
    return next(limit for limit in PADDED_LENGTHS if limit >= length)


def _two_readings(example: Example, encode: Encode, recipe: Recipe, rng: random.Random) -> tuple[list[int], list[int]]:
    changes_nothing = example.labels.get("task_type") == EXPLORATION
    plain = encode(vary(example.text, rng, changes_nothing=changes_nothing))
    loosely = rng.random() < recipe.loose_share
    slipped = encode(vary(example.text, rng, changes_nothing=changes_nothing, slips=True), loosely=loosely)
    return plain[: recipe.tokens_max], slipped[: recipe.tokens_max]


def collate(group: Sequence[Read], recipe: Recipe) -> Batch:
    """Pad to one of the lengths that batches have."""
    texts = [readings[number] for number in range(recipe.readings) for readings, _ in group]
    examples = [example for _, example in group] * recipe.readings
    longest = padded_length(max(len(ids) for ids in texts))
    return Batch(
        input_ids=torch.tensor([ids + [0] * (longest - len(ids)) for ids in texts]),
        attention_mask=torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids in texts]),
        targets={head: torch.tensor([_target(head, example, recipe) for example in examples]) for head in HEADS},
        sub_dimensions=torch.tensor([[e.sub_dimensions.get(n, torch.nan) for n in SUB_DIMENSIONS] for e in examples]),
    )


def _target(head: str, example: Example, recipe: Recipe) -> list[float]:
    """What the label says, and a teacher beside it if there is one; nothing where there is no label."""
    if head not in example.labels:
        return [0.0] * len(HEADS[head])
    target = _doubting_target(
        head, example.labels[head], recipe, doubt=recipe.start_doubt if example.is_of_start else 1
    )
    believed = example.beliefs.get(head)
    if believed is None:
        return target
    return [said + recipe.belief_share * (b - said) for said, b in zip(target, believed, strict=True)]


def _doubting_target(head: str, label: int, recipe: Recipe, *, doubt: float) -> list[float]:
    """One for the label, less what is left to doubt."""
    count = len(HEADS[head])
    if head in ORDERED_HEADS:
        doubted = [other for other in (label - 1, label + 1) if 0 <= other < count]
        smoothing = doubt * recipe.neighbour_smoothing
    else:
        doubted, smoothing = list(range(count)), doubt * recipe.label_smoothing
    target = [smoothing / len(doubted) if other in doubted else 0.0 for other in range(count)]
    target[label] += 1 - smoothing
    return target


def loss_of(outputs: Sequence[Tensor], batch: Batch, recipe: Recipe) -> Tensor:
    """Cross entropy and disagreement per head, squared error of the sub-dimensions; each over what is labelled."""
    total = torch.zeros(())
    for logits, head in zip(outputs, HEADS, strict=False):
        targets = batch.targets[head]
        logs = torch.log_softmax(logits.float(), dim=-1)
        total = total - (targets * logs).sum() / len(targets)
        if recipe.readings > 1:
            total = total + recipe.agreement_weight * _disagreement(logs, targets.sum(dim=-1) > 0)
    predicted = torch.stack(list(outputs[len(HEADS) :]), dim=1).float()
    known = ~torch.isnan(batch.sub_dimensions)
    error = (predicted - batch.sub_dimensions.nan_to_num()).square() * known
    return total + recipe.sub_dimension_weight * error.sum() / len(known)


def _disagreement(logs: Tensor, labelled: Tensor) -> Tensor:
    """How far the two readings' probabilities are apart: the mean of both divergences."""
    first, second = logs.chunk(2)
    apart = ((first.exp() - second.exp()) * (first - second)).sum(dim=-1) / 2
    return (apart * labelled.chunk(2)[0]).sum() / len(apart)


def _optimizers(router: Router, recipe: Recipe) -> tuple[Optimizer, Optimizer]:
    """Lower layers learn more slowly: what MiniLM knows of words is worth keeping.

    Of the words' embeddings, half of all weights, a step changes those alone that it has read.
    """
    count = len(router.layers)
    lowest_rate = recipe.learning_rate * recipe.layer_decay ** (count + 1)
    groups: list[dict[str, object]] = [
        {"params": [*router.position.parameters(), *router.norm.parameters()], "lr": lowest_rate},
        {
            "params": [router.questions, *router.heads.parameters(), *router.subs.parameters()],
            "lr": recipe.head_learning_rate,
        },
    ]
    for index, layer in enumerate(router.layers):
        groups.append(
            {"params": list(layer.parameters()), "lr": recipe.learning_rate * recipe.layer_decay ** (count - 1 - index)}
        )
    layers = torch.optim.AdamW(groups, weight_decay=recipe.weight_decay, fused=True)
    return layers, torch.optim.SparseAdam(router.embed.parameters(), lr=lowest_rate)


def _rate_share(step: int, step_count: int, recipe: Recipe) -> float:
    """The learning rate rises, stays and falls."""
    rise, fall = max(1, int(step_count * recipe.warmup_share)), max(1, int(step_count * recipe.fall_share))
    return min(1.0, (step + 1) / rise, (step_count - step) / fall)
