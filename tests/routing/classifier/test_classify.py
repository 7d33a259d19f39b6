"""The shipped classifier answers well, steadily, quickly and for any text at all."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from routing.classifier import classify
from routing.classifier.bundle import read_bundle
from routing.classifier.classify import Classifier
from routing.classifier.evaluate import evaluation_payload, judge, read_prompts
from routing.classifier.heads import HEADS, SUB_DIMENSIONS
from routing.classifier.tokenize import KEPT_CHARACTERS_MAX, tidy
from routing.shapes import Classification

DATA = Path(__file__).parents[3] / "routing" / "classifier" / "training" / "data"
SAMPLE_COUNT = 60
HOSTILE = {
    "nothing": "",
    "white space": " \n\t" * 1000,
    "a lone surrogate": "fix \ud800 the bug",
    "null bytes": "fix\0the\0bug",
    "a megabyte of letters": "a" * 1_000_000,
    "a megabyte of spaces, then a task": " " * 1_000_000 + "fix the bug",
    "a megabyte of words": "drop the table " * 70_000,
    "a megabyte of signs": "\u4e2d\u6587\U0001f600" * 330_000,
    "control characters": "".join(map(chr, range(32))) * 100,
    "combining marks": "e" + "\u0301" * 100_000,
    "the tokenizer's own words": "[CLS] [SEP] [PAD] [UNK] \u2581 <s>",
}


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(Path(__file__).parents[3] / "routing" / "classifier" / "bundle")


@pytest.mark.parametrize(
    ("text", "head", "label"),
    [
        ("Fix the crash when the cart is empty", "task_type", "bugfix"),
        ("Write unit tests for the invoice parser", "task_type", "test"),
        ("write docs for the migration tool", "task_type", "docs"),
        ("Explain the auth bug to me. Do not change any code.", "task_type", "exploration"),
        ("explain the auth bug, do not change code", "task_type", "exploration"),
        ("explain the auth bug, do not change code", "risk", "low"),
        ("Upgrade Django from 4.2 to 5.2", "task_type", "migration"),
        ("Fix the typo on the about page", "complexity", "easy"),
        ("write a limerick about a compiler bug", "category", "creative"),
        ("What does this screenshot show?", "category", "vision"),
        ("Write a Python script that renames my photos by date", "category", "coding"),
        ("Implement the REST API", "category", "coding"),
        ("Design the database schema", "category", "coding"),
        ("fix login", "category", "coding"),
        ("set up CI", "category", "coding"),
        ("what is an API", "category", "general"),
    ],
)
def test_plain_tasks_get_the_obvious_label(classifier: Classifier, text: str, head: str, label: str) -> None:
    assert getattr(classifier.classify(text), head).value == label


def test_held_out_prompts_are_mostly_right(classifier: Classifier) -> None:
    rng = random.Random(7)
    prompts = rng.sample(read_prompts(DATA / "category" / "test-harbour.jsonl"), SAMPLE_COUNT // 2)
    prompts += rng.sample(read_prompts(DATA / "kickoff" / "mixed-b.jsonl"), SAMPLE_COUNT)
    payload = evaluation_payload(judge(prompts, classifier.classify_uncached))
    assert payload["heads"]["category"]["accuracy"] >= 0.9
    assert payload["mean_accuracy"] >= 0.8
    assert payload["exact_share"] >= 0.55
    flips = payload["flips"]["by_guise"]
    assert flips["upper_case"] == flips["lower_case"] == 0
    assert max(flips["typos"], flips["other_typos"], flips["polite"]) <= 0.05


@pytest.mark.parametrize("name", HOSTILE)
def test_any_text_gets_an_answer_in_bounded_time(classifier: Classifier, name: str) -> None:
    began = time.process_time()
    answer = classifier.classify_uncached(HOSTILE[name])
    assert time.process_time() - began < 0.5
    assert not answer.is_fallback
    for head, labels in HEADS.items():
        assert getattr(answer, head).value in labels


def test_an_answer_holds_every_head_and_sub_dimension(classifier: Classifier) -> None:
    answer = classifier.classify("Add a dark mode")
    assert tuple(answer.sub_dimensions) == SUB_DIMENSIONS
    assert all(0 <= value <= 1 for value in answer.sub_dimensions.values())
    for head, labels in HEADS.items():
        label = getattr(answer, head)
        assert tuple(label.probs) == labels
        assert sum(label.probs.values()) == pytest.approx(1, abs=0.001)
        assert label.confidence_prob == max(label.probs.values())
    assert len(answer.engine_sha256) == 64


def test_nothing_is_loaded_before_the_first_question(shipped: Path) -> None:
    classifier = Classifier(shipped)
    assert classifier._engine is None
    classifier.classify("Add a dark mode")
    assert classifier._engine is not None


def test_threads_get_the_same_answers_as_one(shipped: Path) -> None:
    texts = [f"Fix bug number {n} in the billing job" for n in range(24)]
    one = Classifier(shipped)
    alone = [one.classify_uncached(text) for text in texts]
    many = Classifier(shipped)
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(many.classify_uncached, texts)) == alone


def test_an_answer_is_remembered_and_a_fallback_is_not(shipped: Path, tmp_path: Path) -> None:
    classifier = Classifier(shipped)
    assert classifier.classify("Add a dark  mode") is classifier.classify("Add a dark mode\n")
    asked: list[str] = []

    def fallback(text: str, *, note: str) -> Classification:
        asked.append(text)
        return classifier.classify(text).__class__(
            *(getattr(classifier.classify(text), head) for head in ("category", "task_type", "complexity", "risk")),
            sub_dimensions={},
            engine="words",
            is_fallback=True,
            note=note,
        )

    broken = Classifier(tmp_path / "nowhere", fallback=fallback)
    assert broken.classify("Add a dark mode").note.startswith("There is no classifier folder")
    broken.classify("Add a dark mode")
    assert asked == ["Add a dark mode"] * 2


def test_the_site_uses_the_folder_of_the_settings(shipped: Path) -> None:
    answer = classify("Add a dark mode")
    assert answer.engine_sha256 == read_bundle(shipped).sha256


def test_what_is_looked_at_is_bounded_and_printable() -> None:
    assert tidy("  a\n\n b\tc ") == "a b c"
    assert tidy("a\ud800b") == "a?b"
    assert tidy("a\0b") == "a b"
    assert len(tidy("x" * 1_000_000)) == KEPT_CHARACTERS_MAX
