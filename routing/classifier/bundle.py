"""Read a bundle: the folder of ONNX graph, SentencePiece model and settings that a classifier consists of.

Ours and a downloaded spawn-router folder are read alike; ours says more about itself (name, checksums, probes).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from routing.classifier.heads import HEADS, LOGITS_OUTPUT
from smartspawn.lib.errors import SmartSpawnError

CONFIG_FILE = "model_config.json"
TEMPERATURES_FILE = "temperature_scaling.json"
TOKENIZER_FILE = "spm.model"
GRAPH_FILES = ("spawn_router.int8.onnx", "spawn_router.onnx")  # the first that is there
TOKENS_MAX = 256


class BundleFault(SmartSpawnError):
    """The bundle cannot be used; the message says which file, and what is wrong with it."""

    code = "CLASSIFIER_BUNDLE"


@dataclass(frozen=True, slots=True)
class Probe:
    """A text with the labels that a whole bundle gives it."""

    text: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle's files say; nothing is loaded yet."""

    folder: Path
    graph_path: Path
    tokenizer_path: Path
    name: str
    sha256: str  # over all its files
    temperatures: Mapping[str, float]
    tokens_max: int = TOKENS_MAX
    probes: tuple[Probe, ...] = field(default=())
    drops_courtesy: bool = False  # whether it was trained on tasks without their greetings and thanks
    mends_slips: bool = False  # whether it was trained on tasks whose misspelt words were mended
    fixed_scales: bool = False  # whether a text's answer depends on nothing that runs together with it


def read_bundle(folder: Path) -> Bundle:
    """The bundle in this folder; BundleFault where a file is missing, unreadable or not what it should be."""
    if not folder.is_dir():
        raise BundleFault(f"There is no classifier folder {folder}.")
    config = _read_json(folder / CONFIG_FILE)
    graph_path = _graph_path(folder, config)
    tokenizer_path = _existing(folder / TOKENIZER_FILE)
    paths = (graph_path, tokenizer_path, folder / CONFIG_FILE, folder / TEMPERATURES_FILE)
    digests = {path.name: _digest(path) for path in paths if path.exists()}
    _check_digests(folder, digests, config.get("sha256"))
    return Bundle(
        folder=folder,
        graph_path=graph_path,
        tokenizer_path=tokenizer_path,
        name=_name(config, folder, graph_path),
        sha256=sha256("".join(f"{name}:{digest}\n" for name, digest in sorted(digests.items())).encode()).hexdigest(),
        temperatures=_temperatures(folder / TEMPERATURES_FILE),
        tokens_max=_tokens_max(config),
        probes=_probes(config.get("probes", [])),
        drops_courtesy=config.get("drops_courtesy") is True,
        mends_slips=config.get("mends_slips") is True,
        fixed_scales=config.get("fixed_scales") is True,
    )


def _graph_path(folder: Path, config: Mapping[str, Any]) -> Path:
    named = config.get("onnx_file")
    if isinstance(named, str):
        if Path(named).name != named:
            raise BundleFault(f"{CONFIG_FILE} names the graph {named!r}, which is no file of {folder}.")
        return _existing(folder / named)
    for name in GRAPH_FILES:
        if (folder / name).is_file():
            return folder / name
    found = sorted(folder.glob("*.onnx"))
    if len(found) != 1:
        raise BundleFault(f"{folder} holds none of {', '.join(GRAPH_FILES)}.")
    return found[0]


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise BundleFault(f"{path} is missing.")
    return path


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(_existing(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleFault(f"{path} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise BundleFault(f"{path} is not a JSON object.")
    return value


def _digest(path: Path) -> str:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BundleFault(f"{path} cannot be read: {error}") from error


def _check_digests(folder: Path, digests: Mapping[str, str], promised: object) -> None:
    for name, digest in promised.items() if isinstance(promised, dict) else ():
        if digests.get(name) != digest:
            raise BundleFault(f"{folder / name} is not the file that {CONFIG_FILE} was written for (sha256 differs).")


def _name(config: Mapping[str, Any], folder: Path, graph_path: Path) -> str:
    name = str(config.get("name") or folder.resolve().name)
    version = config.get("version")
    kind = "int8" if "int8" in graph_path.name else "fp32"
    return f"{name} {version} ({kind})" if version else f"{name} ({kind})"


def _tokens_max(config: Mapping[str, Any]) -> int:
    value = config.get("max_length", TOKENS_MAX)
    return value if isinstance(value, int) and 8 <= value <= TOKENS_MAX else TOKENS_MAX


def _temperatures(path: Path) -> dict[str, float]:
    """By head. A head may be named plainly or by its output, at the top or one level down; unnamed means 1."""
    found = _flattened(_read_json(path))
    temperatures = {}
    for head in HEADS:
        value = found.get(head, found.get(LOGITS_OUTPUT[head], 1.0))
        if not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
            raise BundleFault(f"{path}: the temperature of {head} is {value!r}, not a number above 0.")
        temperatures[head] = float(value)
    return temperatures


def _flattened(value: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        if isinstance(inner, dict) and "temperature" in inner:
            flat[key] = inner["temperature"]
        elif isinstance(inner, dict):
            flat.update(_flattened(inner))
        else:
            flat[key] = inner
    return flat


def _probes(rows: object) -> tuple[Probe, ...]:
    """The texts of the self-test with what they must be labelled."""
    is_list = isinstance(rows, list) and all(isinstance(row, dict) and isinstance(row.get("text"), str) for row in rows)
    if not isinstance(rows, list) or not is_list:
        raise BundleFault(f"{CONFIG_FILE}: the probes are no list of labelled texts.")
    return tuple(Probe(row["text"], {head: str(row[head]) for head in HEADS if head in row}) for row in rows)
