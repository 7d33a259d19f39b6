"""How good is a classifier on labelled prompts? Accuracy, calibration, steadiness and speed, head by head."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from routing.classifier.heads import HEADS, SUB_DIMENSIONS
from routing.classifier.perturb import perturbations
from routing.shapes import Classification, Label
from smartspawn.lib.errors import BadInput

KICKOFF_HEADS = ("complexity", "task_type", "risk")
ECE_BINS = 10

Classify = Callable[[str], Classification]


@dataclass(frozen=True, slots=True)
class LabelledPrompt:
    """A text with the labels it has, the ones that are accepted too, and its sub-dimensions."""

    text: str
    labels: Mapping[str, str]
    also_accepted: Mapping[str, frozenset[str]]
    sub_dimensions: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Judged:
    """A prompt with what the classifier said of it, plainly and in other guises, and how long it took."""

    prompt: LabelledPrompt
    answer: Classification
    guises: Mapping[str, Classification]
    duration_ms: float

    def is_right(self, head: str, *, leniently: bool = False) -> bool:
        said = label_of(self.answer, head).value
        return said == self.prompt.labels[head] or (leniently and said in self.prompt.also_accepted.get(head, ()))


def label_of(answer: Classification, head: str) -> Label:
    """One head's label."""
    label: Label = getattr(answer, head)
    return label


def read_prompts(path: Path) -> list[LabelledPrompt]:
    """The labelled prompts of a JSONL file; BadInput names the first line that is none, or what ails the file."""
    prompts = []
    for number, line in enumerate(_read_text(path).split("\n"), start=1):
        if line.strip():
            try:
                prompts.append(read_prompt(json.loads(line)))
            except KeyError as error:
                raise BadInput(f"{path}:{number} is no labelled prompt: it has no {error}") from error
            except (ValueError, TypeError) as error:
                raise BadInput(f"{path}:{number} is no labelled prompt: {error}") from error
    if not prompts:
        raise BadInput(f"{path} holds no prompts.")
    if not any(prompt.labels or prompt.sub_dimensions for prompt in prompts):
        raise BadInput(f"{path} holds no labels, so there is nothing to score. Give any of: {', '.join(HEADS)}.")
    return prompts


def _read_text(path: Path) -> str:
    """The file's text; some editors put a byte order mark in front."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is no text in UTF-8.") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error


def read_prompt(row: Mapping[str, Any]) -> LabelledPrompt:
    """The labelled prompt of one line; KeyError, TypeError or ValueError for what is none."""
    if not isinstance(row, Mapping):
        raise TypeError("each line holds one JSON object")
    if not isinstance(row["text"], str):
        raise TypeError("text is no string")
    labels = {head: str(row[head]) for head in HEADS if row.get(head) is not None}
    for head, label in labels.items():
        if label not in HEADS[head]:
            raise ValueError(f"{label!r} is no {head}")
    return LabelledPrompt(
        text=row["text"],
        labels=labels,
        also_accepted={head: _accepted(row.get(f"{head}_also_accept")) for head in labels},
        sub_dimensions={name: float(row[name]) for name in SUB_DIMENSIONS if row.get(name) is not None},
    )


def _accepted(value: object) -> frozenset[str]:
    if isinstance(value, str):
        return frozenset({value}) if value else frozenset()
    return frozenset(str(label) for label in value) if isinstance(value, list) else frozenset()


def judge(prompts: Sequence[LabelledPrompt], classify: Classify) -> list[Judged]:
    """Ask the classifier about every prompt and its guises."""
    classify("warm up")
    judged = []
    for prompt in prompts:
        began = time.perf_counter()
        answer = classify(prompt.text)
        duration_ms = (time.perf_counter() - began) * 1000
        guises = {name: classify(text) for name, text in perturbations(prompt.text).items()}
        judged.append(Judged(prompt, answer, guises, duration_ms))
    return judged


def evaluation_payload(judged: Sequence[Judged]) -> dict[str, Any]:
    """Every figure as one JSON object; what cannot be told from these labels is null."""
    heads = {head: [j for j in judged if head in j.prompt.labels] for head in HEADS}
    kickoffs = [j for j in judged if all(head in j.prompt.labels for head in KICKOFF_HEADS)]
    durations = [j.duration_ms for j in judged]
    first = judged[0].answer
    return {
        "prompt_count": len(judged),
        "engine": first.engine,
        "engine_sha256": first.engine_sha256,
        "is_fallback": any(j.answer.is_fallback for j in judged),
        "heads": {head: _head_payload(head, rows) for head, rows in heads.items() if rows},
        "mean_accuracy": _mean_accuracy(heads, leniently=False),
        "mean_accuracy_lenient": _mean_accuracy(heads, leniently=True),
        "exact_share": _share([all(j.is_right(h) for h in KICKOFF_HEADS) for j in kickoffs]),
        "exact_share_lenient": _share([all(j.is_right(h, leniently=True) for h in KICKOFF_HEADS) for j in kickoffs]),
        "sub_dimension_r2": {name: r2 for name in SUB_DIMENSIONS if (r2 := _r2(judged, name)) is not None},
        "flips": _flips_payload(judged),
        "latency_ms": {
            "p50": round(float(np.percentile(durations, 50)), 3),
            "p95": round(float(np.percentile(durations, 95)), 3),
        },
    }


def _head_payload(head: str, rows: Sequence[Judged]) -> dict[str, Any]:
    return {
        "prompt_count": len(rows),
        "accuracy": _share([j.is_right(head) for j in rows]),
        "accuracy_lenient": _share([j.is_right(head, leniently=True) for j in rows]),
        "macro_f1": round(_macro_f1(head, rows), 4),
        "ece": round(_ece(head, rows), 4),
    }


def _mean_accuracy(heads: Mapping[str, Sequence[Judged]], *, leniently: bool) -> float | None:
    """Over complexity, task type and risk; None unless all three are labelled somewhere."""
    if not all(heads[head] for head in KICKOFF_HEADS):
        return None
    shares = [float(np.mean([j.is_right(h, leniently=leniently) for j in heads[h]])) for h in KICKOFF_HEADS]
    return round(float(np.mean(shares)), 4)


def _share(hits: Sequence[bool]) -> float | None:
    return round(float(np.mean(hits)), 4) if hits else None


def _macro_f1(head: str, rows: Sequence[Judged]) -> float:
    """The mean F1 over the labels that occur, in the file or in the answers."""
    pairs = [(j.prompt.labels[head], label_of(j.answer, head).value) for j in rows]
    scores = []
    for label in HEADS[head]:
        hits = sum(said == wanted == label for wanted, said in pairs)
        total = sum(wanted == label for wanted, _ in pairs) + sum(said == label for _, said in pairs)
        if total:
            scores.append(2 * hits / total)
    return float(np.mean(scores))


def _ece(head: str, rows: Sequence[Judged]) -> float:
    """Expected calibration error: how far confidence is from being right, over ten bins of equal width."""
    confidence = np.array([label_of(j.answer, head).confidence_prob for j in rows])
    right = np.array([j.is_right(head) for j in rows], dtype=float)
    bins = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = [abs(float((right - confidence)[bins == b].sum())) for b in range(ECE_BINS)]
    return sum(gaps) / len(rows)


def _r2(judged: Sequence[Judged], name: str) -> float | None:
    """The share of a sub-dimension's variance that the answers explain."""
    rows = [j for j in judged if name in j.prompt.sub_dimensions and name in j.answer.sub_dimensions]
    wanted = np.array([j.prompt.sub_dimensions[name] for j in rows])
    if len(rows) < 2 or wanted.var() == 0:
        return None
    said = np.array([j.answer.sub_dimensions[name] for j in rows])
    return round(1 - float(((wanted - said) ** 2).mean() / wanted.var()), 4)


def _flips_payload(judged: Sequence[Judged]) -> dict[str, Any]:
    """The share of labels that change with each guise, over all heads a prompt is labelled for, and over all guises."""
    by_guise: dict[str, list[bool]] = {}
    by_head: dict[str, list[bool]] = {}
    for row in judged:
        for guise, answer in row.guises.items():
            for head in row.prompt.labels:
                flipped = label_of(answer, head).value != label_of(row.answer, head).value
                by_guise.setdefault(guise, []).append(flipped)
                by_head.setdefault(head, []).append(flipped)
    return {
        "share": _share([flip for flips in by_guise.values() for flip in flips]),
        "by_guise": {guise: _share(flips) for guise, flips in by_guise.items()},
        "by_head": {head: _share(flips) for head, flips in by_head.items()},
    }


def evaluation_text(payload: Mapping[str, Any]) -> str:
    """The same figures for a reader."""
    lines = [f"{payload['prompt_count']} prompts, {payload['engine']}", ""]
    lines.append(f"{'head':<12}{'prompts':>8}{'accuracy':>10}{'lenient':>9}{'macro F1':>10}{'ECE':>7}{'flips':>7}")
    for head, row in payload["heads"].items():
        lines.append(
            f"{head:<12}{row['prompt_count']:>8}{row['accuracy']:>10.1%}{row['accuracy_lenient']:>9.1%}"
            f"{row['macro_f1']:>10.3f}{row['ece']:>7.3f}{payload['flips']['by_head'][head]:>7.1%}"
        )
    lines.append("")
    for name, key in (
        ("mean of complexity, task type, risk", "mean_accuracy"),
        ("the same, leniently", "mean_accuracy_lenient"),
        ("all three right", "exact_share"),
        ("the same, leniently", "exact_share_lenient"),
    ):
        if payload[key] is not None:
            lines.append(f"{name}: {payload[key]:.1%}")
    if payload["sub_dimension_r2"]:
        shown = ", ".join(f"{name} {value:.2f}" for name, value in payload["sub_dimension_r2"].items())
        lines.append(f"R2: {shown}")
    if payload["flips"]["share"] is not None:
        shown = ", ".join(f"{name} {share:.1%}" for name, share in payload["flips"]["by_guise"].items())
        lines.append(f"labels flipped: {payload['flips']['share']:.1%} ({shown})")
    lines.append(f"latency: p50 {payload['latency_ms']['p50']} ms, p95 {payload['latency_ms']['p95']} ms")
    return "\n".join(lines)
