"""What kind of work is this task? The bundle answers; where it cannot, words do, and the answer says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path

from catalog.shapes import Category
from routing.classifier.bundle import BundleFault, read_bundle
from routing.classifier.cache import TtlCache
from routing.classifier.heads import HEADS
from routing.classifier.infer import Answer, Engine
from routing.classifier.tokenize import tidy
from routing.keywords import classify_by_keywords, keyword_label, keyword_sums
from routing.shapes import Classification, Label, TaskType

CACHE_ENTRIES_MAX = 4096  # a classification takes about 2 kB
CACHE_TTL_S = 3600.0
# A bundle without a category head knows coding work by its task type alone, and only when it is this sure.
CODING_TASK_TYPES = frozenset(TaskType) - {TaskType.EXPLORATION, TaskType.DESIGN, TaskType.DOCS}
CODING_PROB_MIN = 0.6

Fallback = Callable[..., Classification]


@dataclass(frozen=True, slots=True)
class ClassifierStatus:
    """Which bundle answers, whether its self-test passed, and if not, why words answer instead."""

    folder: Path
    engine: str
    engine_sha256: str
    is_usable: bool
    fault: str = ""


class Classifier:
    """A bundle loaded on first use, its fallback, and a memory of recent answers."""

    def __init__(self, folder: Path, *, fallback: Fallback = classify_by_keywords) -> None:
        self._folder, self._fallback = folder, fallback
        self._answers: TtlCache[bytes, Classification] = TtlCache(entries_max=CACHE_ENTRIES_MAX, ttl_s=CACHE_TTL_S)
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._fault: str | None = None

    def classify(self, text: str) -> Classification:
        """Labels with confidences; `is_fallback` where the bundle could not be used."""
        return self.classify_all([text])[0]

    def classify_all(self, texts: Sequence[str]) -> list[Classification]:
        """The same of several texts, which share the price of one run of the graph as far as they are short."""
        tidied = [tidy(text) for text in texts]
        keys = [blake2b(text.encode(), digest_size=16).digest() for text in tidied]
        known = {key: self._answers.find(key) for key in keys}
        unknown = {key: text for key, text in zip(keys, tidied, strict=True) if known[key] is None}
        if unknown:
            made = dict(zip(unknown, self._work_out(list(unknown.values())), strict=True))
            known |= made
            for key, classification in made.items():
                if not classification.is_fallback:
                    self._answers.keep(key, classification)
        return [found for key in keys if (found := known[key]) is not None]

    def classify_uncached(self, text: str) -> Classification:
        """The same, worked out anew: what evaluations and measurements want."""
        return self._work_out([tidy(text)])[0]

    def status(self) -> ClassifierStatus:
        """Load the bundle if need be, and say how it is."""
        engine = self._loaded()
        if engine is None:
            return ClassifierStatus(self._folder, "keywords", "", is_usable=False, fault=self._fault or "")
        return ClassifierStatus(self._folder, engine.bundle.name, engine.bundle.sha256, is_usable=True)

    def _work_out(self, tidied: Sequence[str]) -> list[Classification]:
        engine = self._loaded()
        if engine is None:
            return [self._fallback(text, note=self._fault or "") for text in tidied]
        try:
            answers = engine.answers(tidied)
        except BundleFault as fault:
            return [self._fallback(text, note=fault.message) for text in tidied]
        return [_classification(engine, answer, text) for answer, text in zip(answers, tidied, strict=True)]

    def _loaded(self) -> Engine | None:
        if self._engine is None and self._fault is None:
            with self._lock:
                if self._engine is None and self._fault is None:
                    self._load()
        return self._engine

    def _load(self) -> None:
        try:
            engine = Engine(read_bundle(self._folder))
            engine.check()
        except BundleFault as fault:
            self._fault = fault.message
        else:
            self._engine = engine


def classify(text: str) -> Classification:
    """What the configured classifier makes of a task text."""
    return configured_classifier().classify(text)


def classify_all(texts: Sequence[str]) -> list[Classification]:
    """What the configured classifier makes of several texts."""
    return configured_classifier().classify_all(texts)


def classifier_status() -> ClassifierStatus:
    """How the configured classifier is."""
    return configured_classifier().status()


@cache
def configured_classifier() -> Classifier:
    """The one classifier of this process, of the folder that the settings name."""
    from django.conf import settings

    return Classifier(Path(settings.CLASSIFIER_DIR))


def _classification(engine: Engine, answer: Answer, text: str) -> Classification:
    labels = {head: _label(head, probs) for head, probs in answer.probs.items()}
    note = ""
    if "category" not in labels:
        labels["category"] = _category_without_head(text, labels["task_type"])
        note = "This bundle has no category head: the category comes from words and the task type."
    return Classification(
        category=labels["category"],
        task_type=labels["task_type"],
        complexity=labels["complexity"],
        risk=labels["risk"],
        sub_dimensions=answer.sub_dimensions,
        engine=engine.bundle.name,
        engine_sha256=engine.bundle.sha256,
        note=note,
    )


def _label(head: str, probs: tuple[float, ...]) -> Label:
    by_label = {label: round(prob, 4) for label, prob in zip(HEADS[head], probs, strict=True)}
    best = max(by_label, key=lambda label: by_label[label])
    return Label(best, by_label[best], by_label)


def _category_without_head(text: str, task_type: Label) -> Label:
    """Words first; where they say nothing, a clear kind of coding work is coding."""
    if any(keyword_sums("category", text).values()):
        return keyword_label("category", text)
    if task_type.value in CODING_TASK_TYPES and task_type.confidence_prob >= CODING_PROB_MIN:
        return Label(Category.CODING, task_type.confidence_prob)
    return keyword_label("category", text)
