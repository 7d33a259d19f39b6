"""Pack a trained router as a bundle: ONNX graph, int8 weights, fixed scales, temperatures fitted on it, settings."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from routing.classifier.bundle import (
    CONFIG_FILE,
    GRAPH_FILES,
    TEMPERATURES_FILE,
    TOKENIZER_FILE,
    TOKENS_MAX,
    Bundle,
    read_bundle,
)
from routing.classifier.heads import HEADS, LOGITS_OUTPUT
from routing.classifier.infer import Engine
from routing.classifier.training.examples import Example
from routing.classifier.training.network import INPUTS, OUTPUTS, Router
from routing.classifier.training.scales import fix_scales

NAME, VERSION = "smart-spawn-router", "5"
OPSET = 17
AGREEMENT_SHARE_MIN = 0.95  # of labels, per head, between the int8 and the fp32 graph
SCALED_ON_COUNT = 400  # examples to fit the activations' scales on
PROBE_PROB_MIN = 0.9  # a probe must not hang on the last digit of another processor's arithmetic
TEMPERATURES = np.geomspace(0.25, 4.0, 161)
PROBE_TEXTS = (
    "Fix the typo in the README",
    "Write unit tests for the date parser",
    "Explain how the session cache works, do not change any code",
    "Rename getUser to fetchUser",
    "write a haiku about the sea in winter",
    "Drop the old orders table in production",
)


def export_bundle(router: Router, tokenizer_model: bytes, calibration: Sequence[Example], folder: Path) -> Bundle:
    """Write the bundle into the folder and read it back, self-test included."""
    router.eval()
    with tempfile.TemporaryDirectory() as scratch:
        staging, exact = Path(scratch, "int8"), Path(scratch, "fp32")
        for place in (staging, exact):
            place.mkdir()
            (place / TOKENIZER_FILE).write_bytes(tokenizer_model)
            _write_settings(place, dict.fromkeys(HEADS, 1.0), probes=())
        _write_graph(router, exact / GRAPH_FILES[1])
        _quantize(exact / GRAPH_FILES[1], staging / GRAPH_FILES[0])
        reader = Engine(read_bundle(exact))
        every = max(1, len(calibration) // SCALED_ON_COUNT)
        prompts = [reader.token_ids(example.text) for example in calibration[::every]]
        fix_scales(exact / GRAPH_FILES[1], staging / GRAPH_FILES[0], prompts)
        engine = Engine(read_bundle(staging))
        _refuse_disagreement(engine, reader, calibration)
        temperatures = {head: fit_temperature(*_log_probs(engine, head, calibration)) for head in HEADS}
        _write_settings(staging, temperatures, probes=())
        _write_settings(staging, temperatures, probes=_probes(Engine(read_bundle(staging))))
        folder.mkdir(parents=True, exist_ok=True)
        for path in staging.iterdir():
            shutil.copyfile(path, folder / path.name)
    bundle = read_bundle(folder)
    Engine(bundle).check()
    return bundle


def fit_temperature(
    log_probs: NDArray[np.float64], labels: NDArray[np.int64], weights: NDArray[np.float64] | None = None
) -> float:
    """The temperature under which these labels are likeliest."""

    def loss(temperature: float) -> float:
        scaled = log_probs / temperature
        scaled = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return -float(np.average(scaled[np.arange(len(labels)), labels], weights=weights))

    return round(float(min(TEMPERATURES, key=loss)), 4)


def _log_probs(
    engine: Engine, head: str, examples: Sequence[Example]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """What the engine says, as log probabilities (which differ from the logits by a constant a row); labels; weights.

    The start's lines weigh as much as all others together: the others are nearer to each other than to what a
    stranger writes, so that they alone would make for too much confidence.
    """
    labelled = [example for example in examples if head in example.labels]
    probs = np.array([engine.answer(example.text).probs[head] for example in labelled])
    of_start = np.array([example.is_of_start for example in labelled])
    weights = np.where(of_start, 1 / max(1, of_start.sum()), 1 / max(1, (~of_start).sum()))
    return np.log(np.maximum(probs, 1e-12)), np.array([example.labels[head] for example in labelled]), weights


def _write_graph(router: Router, path: Path) -> None:
    ids = torch.tensor([[1, 10, 11, 12, 2], [1, 10, 11, 2, 0]])
    torch.onnx.export(
        router,
        (ids, (ids > 0).long()),
        str(path),
        input_names=list(INPUTS),
        output_names=list(OUTPUTS),
        dynamic_axes={name: {0: "batch"} for name in OUTPUTS} | {name: {0: "batch", 1: "tokens"} for name in INPUTS},
        opset_version=OPSET,
        dynamo=False,
    )


def _quantize(source: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    heads = [node.name for node in onnx.load(source).graph.node if node.op_type == "Gemm"]  # 29 columns: not worth it
    quantize_dynamic(source, target, per_channel=True, weight_type=QuantType.QInt8, nodes_to_exclude=heads)


def _refuse_disagreement(ours: Engine, exact: Engine, examples: Sequence[Example]) -> None:
    """Quantising may move borderline labels, not many."""
    pairs = [(ours.answer(example.text).probs, exact.answer(example.text).probs) for example in examples]
    for head in HEADS:
        share = float(np.mean([np.argmax(a[head]) == np.argmax(b[head]) for a, b in pairs]))
        print(f"int8 agrees with fp32 on {share:.1%} of {head}")  # noqa: T201 - a command's progress
        if share < AGREEMENT_SHARE_MIN:
            raise RuntimeError(f"The int8 graph agrees with fp32 on {share:.1%} of {head} alone.")


def _probes(engine: Engine) -> list[dict[str, str]]:
    """Texts with those of their labels that are beyond doubt."""
    rows = []
    for text in PROBE_TEXTS:
        probs = engine.answer(text).probs
        sure = {h: HEADS[h][int(np.argmax(p))] for h, p in probs.items() if max(p) >= PROBE_PROB_MIN}
        if sure:
            rows.append({"text": text, **sure})
    return rows


def _write_settings(folder: Path, temperatures: Mapping[str, float], *, probes: Sequence[Mapping[str, str]]) -> None:
    packed = [path for name in (*GRAPH_FILES, TOKENIZER_FILE) if (path := folder / name).exists()]
    config = {
        "name": NAME,
        "version": VERSION,
        "max_length": TOKENS_MAX,
        "drops_courtesy": True,
        "mends_slips": True,
        "fixed_scales": True,
        "labels": {head: list(labels) for head, labels in HEADS.items()},
        "sha256": {path.name: sha256(path.read_bytes()).hexdigest() for path in packed},
        "probes": list(probes),
    }
    by_output = {LOGITS_OUTPUT[head]: temperature for head, temperature in temperatures.items()}
    (folder / CONFIG_FILE).write_text(json.dumps(config, indent=2) + "\n")
    (folder / TEMPERATURES_FILE).write_text(json.dumps(by_output, indent=2) + "\n")
