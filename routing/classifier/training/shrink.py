"""Make a trained router smaller: leave out a layer, and of the others keep the inner neurons that matter most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from routing.classifier.training.fit import Batch, Recipe, loss_of
from routing.classifier.training.network import Router


def shrunk(router: Router, importances: Sequence[Tensor], *, kept_layers: Sequence[int], inner: int) -> Router:
    """A router of these layers alone, each with its `inner` most important neurons."""
    small = Router(router.embed.num_embeddings, replace(router.size, layers=len(kept_layers), inner=inner))
    shared = {name: value for name, value in router.state_dict().items() if not name.startswith("layers.")}
    small.load_state_dict({**small.state_dict(), **shared})
    for layer, number in zip(small.layers, kept_layers, strict=True):
        kept = importances[number].topk(inner).indices.sort().values
        layer.load_state_dict(_narrowed(router.layers[number], kept))
    return small


def _narrowed(layer: nn.Module, kept: Tensor) -> dict[str, Tensor]:
    weights = dict(layer.state_dict())
    for name in ("widen.weight", "widen.bias"):
        weights[name] = weights[name][kept]
    weights["narrow.weight"] = weights["narrow.weight"][:, kept]
    return weights


def inner_importances(router: Router, batches: Iterable[Batch], recipe: Recipe) -> list[Tensor]:
    """For each layer and inner neuron, how much the loss would feel its want: |value x gradient|, summed."""
    router.eval()
    sums = [torch.zeros(router.size.inner) for _ in router.layers]
    for batch in batches:
        inner, outputs = _with_inner_values(router, batch)
        gradients = torch.autograd.grad(loss_of(outputs, batch, recipe), inner)
        for number, (values, gradient) in enumerate(zip(inner, gradients, strict=True)):
            sums[number] += (values * gradient).detach().abs().sum(dim=(0, 1))
    return sums


def _with_inner_values(router: Router, batch: Batch) -> tuple[list[Tensor], tuple[Tensor, ...]]:
    """The inner neurons' values layer by layer, and the outputs that came of them."""
    inner: list[Tensor] = []
    hooks = [
        layer.narrow.register_forward_pre_hook(lambda _module, inputs: inner.append(inputs[0]))
        for layer in router.layers
    ]
    outputs = router(batch.input_ids, batch.attention_mask)
    for hook in hooks:
        hook.remove()
    return inner, outputs
