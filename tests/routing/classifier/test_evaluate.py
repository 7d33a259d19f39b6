"""The evaluation's figures, against slow and obvious versions of them and by hand."""

from __future__ import annotations

import json
import random
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from routing.classifier.evaluate import LabelledPrompt, evaluation_payload, evaluation_text, judge, read_prompts
from routing.classifier.heads import HEADS
from routing.classifier.perturb import PREFACE, perturbations, with_typos
from routing.shapes import Classification, Label
from smartspawn.lib.errors import BadInput


def answer(confidence: float = 0.8, **said: str) -> Classification:
    words = {"category": "coding", "task_type": "bugfix", "complexity": "easy", "risk": "low", **said}
    labels = {head: Label(word, confidence) for head, word in words.items()}
    return Classification(**labels, sub_dimensions={"reasoning_depth": 0.5}, engine="test", engine_sha256="0")


def prompt(text: str = "x", also: dict[str, set[str]] | None = None, **labels: str) -> LabelledPrompt:
    accepted = {head: frozenset((also or {}).get(head, ())) for head in labels}
    return LabelledPrompt(text, labels, accepted, {"reasoning_depth": 0.25 if len(text) % 2 else 0.75})


def test_strict_and_lenient_accuracy_count_what_they_say() -> None:
    prompts = [
        prompt(complexity="easy", task_type="bugfix", risk="low"),
        prompt(complexity="medium", task_type="bugfix", risk="low", also={"complexity": {"easy"}}),
        prompt(complexity="hard", task_type="docs", risk="low"),
        prompt(category="creative"),
    ]
    payload = evaluation_payload(judge(prompts, lambda _text: answer()))
    assert payload["heads"]["complexity"]["accuracy"] == pytest.approx(1 / 3, abs=1e-4)
    assert payload["heads"]["complexity"]["accuracy_lenient"] == pytest.approx(2 / 3, abs=1e-4)
    assert payload["heads"]["category"]["accuracy"] == 0
    assert payload["exact_share"] == pytest.approx(1 / 3, abs=1e-4)
    assert payload["exact_share_lenient"] == pytest.approx(2 / 3, abs=1e-4)
    assert payload["mean_accuracy"] == pytest.approx((1 / 3 + 2 / 3 + 1) / 3, abs=1e-4)
    assert payload["prompt_count"] == 4
    assert "complexity" in evaluation_text(payload)


def test_what_is_not_labelled_is_null_and_never_nought() -> None:
    payload = evaluation_payload(judge([prompt(category="coding")], lambda _text: answer()))
    assert payload["mean_accuracy"] is None
    assert payload["exact_share"] is None
    assert list(payload["heads"]) == ["category"]
    assert json.loads(json.dumps(payload)) == payload


def test_macro_f1_and_ece_match_their_textbook_versions() -> None:
    rng = random.Random(5)
    labels = HEADS["risk"]
    wanted = [rng.choice(labels) for _ in range(300)]
    said = {f"t{n}": (rng.choice(labels), round(rng.uniform(0.34, 1), 3)) for n in range(300)}
    prompts = [prompt(f"t{n}", risk=word) for n, word in enumerate(wanted)]

    def classify(text: str) -> Classification:
        word, confidence = said.get(text, ("low", 0.5))
        return answer(confidence, risk=word)

    row = evaluation_payload(judge(prompts, classify))["heads"]["risk"]
    f1 = []
    for label in labels:
        pairs = [(w, said[f"t{n}"][0]) for n, w in enumerate(wanted)]
        true = sum(1 for w, s in pairs if w == label and s == label)
        precision = true / sum(1 for _w, s in pairs if s == label)
        recall = true / sum(1 for w, _s in pairs if w == label)
        f1.append(2 * precision * recall / (precision + recall))
    assert row["macro_f1"] == pytest.approx(sum(f1) / 3, abs=1e-4)

    ece = 0.0
    for bin_number in range(10):
        inside = [
            (said[f"t{n}"][1], said[f"t{n}"][0] == w)
            for n, w in enumerate(wanted)
            if bin_number / 10 <= said[f"t{n}"][1] < (bin_number + 1) / 10
            or (bin_number == 9 and said[f"t{n}"][1] == 1)
        ]
        if inside:
            confidence = sum(c for c, _ in inside) / len(inside)
            right = sum(r for _, r in inside) / len(inside)
            ece += abs(confidence - right) * len(inside) / 300
    assert row["ece"] == pytest.approx(ece, abs=1e-3)


def test_r2_is_one_for_truth_and_nought_for_the_mean() -> None:
    prompts = [prompt("a", category="coding"), prompt("ab", category="coding")]
    flat = evaluation_payload(judge(prompts, lambda _text: answer()))
    assert flat["sub_dimension_r2"] == {"reasoning_depth": 0.0}


def test_flips_are_counted_by_guise() -> None:
    def classify(text: str) -> Classification:
        return answer(risk="high" if text.isupper() else "low")

    payload = evaluation_payload(judge([prompt("fix the broken table", risk="low")], classify))
    by_guise = payload["flips"]["by_guise"]
    assert by_guise == {"typos": 0.0, "other_typos": 0.0, "lower_case": 0.0, "upper_case": 1.0, "polite": 0.0}
    assert payload["flips"]["share"] == 0.2


def test_guises_are_always_the_same_and_change_what_they_should() -> None:
    text = "Rename the customer address field in every invoice template"
    assert perturbations(text) == perturbations(text)
    assert perturbations(text)["polite"] == PREFACE + text
    slipped = with_typos(text)
    assert slipped != text
    assert sorted(slipped) == sorted(text)
    assert with_typos("a b c") == "a b c"
    missed = perturbations(text)["other_typos"]
    assert missed not in (text, slipped)
    assert sum(a != b for a, b in zip(text.split(), missed.split(), strict=True)) == sum(
        a != b for a, b in zip(text.split(), slipped.split(), strict=True)
    )


def test_the_command_prints_one_object(tmp_path: Path) -> None:
    path = tmp_path / "few.jsonl"
    rows = [
        {"text": "Fix the crash in the parser", "task_type": "bugfix", "complexity": "easy", "risk": "low"},
        {"text": "write a haiku", "category": "creative", "category_also_accept": ["general"]},
        {"text": "write an ode", "category": "creative", "category_also_accept": "general"},
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    out = StringIO()
    call_command("evaluate_classifier", path, "--json", stdout=out)
    payload = json.loads(out.getvalue())
    assert payload["prompt_count"] == 3
    assert payload["is_fallback"] is False
    assert {"p50", "p95"} == payload["latency_ms"].keys()
    assert read_prompts(path)[1].also_accepted == {"category": frozenset({"general"})}
    assert read_prompts(path)[2].also_accepted == {"category": frozenset({"general"})}


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "marked.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"text": "write a haiku", "category": "creative"}\r\n')
    assert [prompt.text for prompt in read_prompts(path)] == ["write a haiku"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file"),
        (b"\xff\xfe", "is no text in UTF-8"),
        (b'{"text": "x"}\n{"text": "y"}', "holds no labels"),
        (b'[{"text": "x", "risk": "low"}]', "each line holds one JSON object"),
        (b'{"risk": "low"}', "it has no 'text'"),
    ],
)
def test_what_ails_a_file_is_said(content: bytes | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError, match=words):
        call_command("evaluate_classifier", path)


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"text": 1}', '{"text": "x", "risk": "huge"}', ""])
def test_a_line_that_is_no_prompt_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(line)
    with pytest.raises(BadInput, match=r"bad\.jsonl"):
        read_prompts(path)
    with pytest.raises(CommandError):
        call_command("evaluate_classifier", path)
