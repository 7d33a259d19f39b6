"""What a bundle must hold, and how each way of being broken is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from routing.classifier.bundle import BundleFault, read_bundle
from routing.classifier.classify import Classifier
from routing.classifier.infer import Engine
from routing.classifier.tokenize import Tokenizer
from routing.keywords import classify_by_keywords

MEBIBYTE = 1024 * 1024


def change(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def without_digests(folder: Path) -> None:
    change(folder / "model_config.json", sha256={})


def cut_graph(folder: Path) -> None:
    without_digests(folder)
    graph = folder / "spawn_router.int8.onnx"
    graph.write_bytes(graph.read_bytes()[:100_000])


def other_tokenizer(folder: Path) -> None:
    without_digests(folder)
    (folder / "spm.model").write_bytes(b"no model")


def changed_graph(folder: Path) -> None:
    graph = folder / "spawn_router.int8.onnx"
    graph.write_bytes(graph.read_bytes() + b"\0")


def wrong_probe(folder: Path) -> None:
    change(folder / "model_config.json", probes=[{"text": "Fix the typo in the README", "risk": "high"}])


def missing_output(folder: Path) -> None:
    """A graph that lacks nothing but sense: the card's graph in the place of ours has no category, which may be."""
    change(folder / "temperature_scaling.json", risk_logits=0)


BROKEN = {
    "a cut graph": (cut_graph, "no graph that can be run"),
    "another tokenizer": (other_tokenizer, "no SentencePiece model"),
    "a graph that is not the one packed": (changed_graph, "sha256 differs"),
    "a probe with another answer": (wrong_probe, "Self-test: risk"),
    "probes that are a number": (lambda f: change(f / "model_config.json", probes=5), "no list of labelled texts"),
    "a probe without a text": (lambda f: change(f / "model_config.json", probes=[{}]), "no list of labelled texts"),
    "a temperature of nought": (missing_output, "temperature of risk"),
    "no graph": (lambda folder: (folder / "spawn_router.int8.onnx").unlink(), "holds none of"),
    "no tokenizer": (lambda folder: (folder / "spm.model").unlink(), "spm.model is missing"),
    "no settings": (lambda folder: (folder / "model_config.json").unlink(), "model_config.json is missing"),
    "no temperatures": (lambda f: (f / "temperature_scaling.json").unlink(), "temperature_scaling.json is missing"),
    "settings that are no JSON": (lambda f: (f / "model_config.json").write_text("{"), "cannot be read"),
    "settings that are a list": (lambda f: (f / "model_config.json").write_text("[]"), "is not a JSON object"),
    "no folder": (shutil.rmtree, "There is no classifier folder"),
    "a graph elsewhere": (lambda f: change(f / "model_config.json", onnx_file="../x.onnx"), "no file of"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_bundle_says_why_and_words_take_over(name: str, copied: Path) -> None:
    spoil, reason = BROKEN[name]
    spoil(copied)
    classifier = Classifier(copied)

    status = classifier.status()
    assert not status.is_usable
    assert reason in status.fault

    answer = classifier.classify("Fix the crash in the login form")
    assert answer.is_fallback
    assert answer.note == status.fault
    assert answer.engine == "keywords"
    assert answer.task_type == classify_by_keywords("Fix the crash in the login form").task_type


def test_the_shipped_bundle_passes_its_self_test_and_keeps_its_size(shipped: Path) -> None:
    bundle = read_bundle(shipped)
    Engine(bundle).check()
    assert bundle.probes
    assert sum(path.stat().st_size for path in shipped.iterdir()) <= 30 * MEBIBYTE


def test_the_shipped_graph_answers_a_padded_batch_as_it_answers_each_alone(shipped: Path) -> None:
    session = onnxruntime.InferenceSession(str(shipped / "spawn_router.int8.onnx"))
    tokenizer = Tokenizer(shipped / "spm.model", tokens_max=256)
    texts = ("Fix the crash when the cart is empty", "Move the nightly export of all orders to the new queue " * 12)
    rows = [tokenizer.encode(text) for text in texts]
    longest = max(map(len, rows))
    ids = np.array([row + [0] * (longest - len(row)) for row in rows])
    together = session.run(["task_type_logits"], {"input_ids": ids, "attention_mask": (ids > 0).astype(np.int64)})[0]
    for row, logits in zip(rows, together, strict=True):
        feeds = {"input_ids": np.array([row]), "attention_mask": np.ones((1, len(row)), dtype=np.int64)}
        alone = session.run(["task_type_logits"], feeds)[0][0]
        assert logits == pytest.approx(alone, abs=0.4)  # the eight bits are scaled to what is in the batch
        assert logits.argmax() == alone.argmax()


def test_the_hash_changes_with_any_file(copied: Path) -> None:
    before = read_bundle(copied).sha256
    change(copied / "temperature_scaling.json", risk_logits=1.5)
    assert read_bundle(copied).sha256 != before


def test_int8_is_preferred_and_a_named_graph_before_it(copied: Path) -> None:
    without_digests(copied)
    shutil.copyfile(copied / "spawn_router.int8.onnx", copied / "spawn_router.onnx")
    shutil.copyfile(copied / "spawn_router.int8.onnx", copied / "own.onnx")
    assert read_bundle(copied).graph_path.name == "spawn_router.int8.onnx"
    change(copied / "model_config.json", onnx_file="own.onnx")
    assert read_bundle(copied).graph_path.name == "own.onnx"


@pytest.mark.parametrize(
    "written",
    [
        {"risk": 1.5},
        {"risk_logits": 1.5},
        {"temperatures": {"risk": 1.5}},
        {"risk": {"temperature": 1.5, "nll": 0.2}},
    ],
)
def test_temperatures_are_found_by_head_or_output_at_either_depth(written: dict[str, object], copied: Path) -> None:
    (copied / "temperature_scaling.json").write_text(json.dumps(written))
    temperatures = read_bundle(copied).temperatures
    assert temperatures["risk"] == 1.5
    assert temperatures["complexity"] == 1.0


def test_a_fault_is_a_refusal_with_a_code(tmp_path: Path) -> None:
    with pytest.raises(BundleFault) as caught:
        read_bundle(tmp_path / "nowhere")
    assert caught.value.code == "CLASSIFIER_BUNDLE"
