"""Fix the scales at which a quantised graph rounds its activations, so that a text's answer is its own.

Dynamic quantisation takes one scale over all that runs at once: a text's answer then depends on its neighbours in a
batch. Scales fitted once on prompts cost no accuracy, for layer norms keep the ranges of all texts alike, and let the
server run several texts as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

LEVELS = 255  # of an unsigned byte
SAMPLES_PER_TEXT = 400  # values of one tensor that are looked at
KEPT_SHARES = np.linspace(0.4, 1.0, 7)  # of the range on either side: what lies beyond is cut off
CONTRIB = "com.microsoft"  # ONNX Runtime's own: the one node into which it would fuse the standard ones


@dataclass(frozen=True, slots=True)
class Scale:
    """An activation is rounded to `(value - zero) * step`, value being a byte."""

    step: float
    zero: int


def fix_scales(exact: Path, quantized: Path, prompts: Iterable[Sequence[int]]) -> None:
    """Rewrite the dynamically quantised graph with scales that fit the exact graph's activations on these prompts."""
    graph = onnx.load(quantized)
    asked = [node.input[0] for node in graph.graph.node if node.op_type == "DynamicQuantizeLinear"]
    scales = {name: fit_scale(values) for name, values in _activations(exact, asked, prompts).items()}
    _rewrite(graph, scales)
    onnx.checker.check_model(graph)
    onnx.save(graph, quantized)


def fit_scale(values: NDArray[np.float32]) -> Scale:
    """The scale that rounds and cuts these values with the least squared error."""
    lowest, highest = min(0.0, float(values.min())), max(0.0, float(values.max()))
    tried = (_scale(lowest * below, highest * above) for below in KEPT_SHARES for above in KEPT_SHARES)
    return min(tried, key=lambda scale: _squared_error(values, scale))


def _scale(lowest: float, highest: float) -> Scale:
    step = (highest - lowest) / LEVELS or 1.0
    return Scale(step, round(-lowest / step))


def _squared_error(values: NDArray[np.float32], scale: Scale) -> float:
    rounded = np.clip(np.rint(values / scale.step) + scale.zero, 0, LEVELS)
    return float(np.square((rounded - scale.zero) * scale.step - values).mean())


def _activations(
    exact: Path, names: Sequence[str], prompts: Iterable[Sequence[int]]
) -> Mapping[str, NDArray[np.float32]]:
    """What the exact graph computes under these names, a sample of it from each prompt."""
    graph = onnx.load(exact)
    del graph.graph.output[:]
    graph.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    drawn = np.random.default_rng(0)
    values: dict[str, list[NDArray[np.float32]]] = {name: [] for name in names}
    for ids in prompts:
        feeds = {"input_ids": np.array([ids]), "attention_mask": np.ones((1, len(ids)), dtype=np.int64)}
        for name, value in zip(names, session.run(list(names), feeds), strict=True):
            values[name].append(drawn.choice(value.reshape(-1), SAMPLES_PER_TEXT))
    return {name: np.concatenate(parts) for name, parts in values.items()}


def _rewrite(graph: Any, scales: Mapping[str, Scale]) -> None:
    """Each dynamic product becomes one node with constant scales; bias included, as the graph's own nodes had it."""
    nodes = list(graph.graph.node)
    made_by = {name: node for node in nodes for name in node.output}
    readers: dict[str, list[Any]] = {}
    for node in nodes:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    constants = {item.name: item for item in graph.graph.initializer}
    replaced: dict[int, list[Any]] = {}
    for node in nodes:
        if node.op_type == "DynamicQuantizeLinear":
            replaced[id(node)] = list(_rounding(node, scales[node.input[0]], graph))
        elif node.op_type == "MatMulInteger":
            product, old = _product(node, made_by, readers, constants)
            replaced |= {id(one): [] for one in old}
            replaced[id(old[-1])] = [product]  # where its last input has been computed
    kept = [new for node in nodes for new in replaced.get(id(node), [node])]
    used = {name for node in kept for name in node.input}
    for field, items in (
        (graph.graph.node, kept),
        (graph.graph.initializer, [item for item in graph.graph.initializer if item.name in used]),
    ):
        del field[:]
        field.extend(items)
    graph.opset_import.append(helper.make_opsetid(CONTRIB, 1))


def _rounding(node: Any, scale: Scale, graph: Any) -> Iterator[Any]:
    """The rounding with its scale as constants, under the names that the dynamic node gave them."""
    rounded, step, zero = node.output
    for value, name in ((np.float32(scale.step), step), (np.uint8(scale.zero), zero)):
        graph.graph.initializer.append(numpy_helper.from_array(np.array(value), name))
    yield helper.make_node("QuantizeLinear", [node.input[0], step, zero], [rounded], name=node.name)


def _product(
    node: Any, made_by: Mapping[str, Any], readers: Mapping[str, list[Any]], constants: Mapping[str, Any]
) -> tuple[Any, list[Any]]:
    """The product of bytes with its scales and bias as one node, and the nodes that it stands for, in their order."""
    (cast,) = readers[node.output[0]]
    (scaled,) = readers[cast.output[0]]
    both_scales = made_by[next(name for name in scaled.input if name != cast.output[0])]
    step = made_by[node.input[0]].output[1]
    weight_scale = next(name for name in both_scales.input if name != step)
    left, weights, left_zero, weights_zero = node.input
    inputs, old = [left, weights, step, weight_scale, left_zero, weights_zero], [both_scales, node, cast, scaled]
    (reader,) = readers[scaled.output[0]]
    bias = next((name for name in reader.input if name in constants), None) if reader.op_type == "Add" else None
    if bias is not None:
        inputs, old = [*inputs, bias], [*old, reader]
    product = helper.make_node("MatMulIntegerToFloat", inputs, list(old[-1].output), name=node.name, domain=CONTRIB)
    return product, old
