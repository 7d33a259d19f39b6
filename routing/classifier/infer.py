"""Run a bundle's graph: token ids in, calibrated probabilities and sub-dimensions out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routing.classifier.bundle import Bundle, BundleFault
from routing.classifier.courtesy import without_courtesy
from routing.classifier.heads import HEADS, LOGITS_OUTPUT, OPTIONAL_HEADS, SUB_OUTPUT
from routing.classifier.slips import Mender, lexicon
from routing.classifier.tokenize import Tokenizer, tidy
from smartspawn.lib.together import Together

# What spawn-router's graph asks for beside the text: "nothing happened before". Fed only where the graph has it.
SENTINELS: Mapping[str, NDArray[Any]] = {
    "previous_action_id": np.array([0], dtype=np.int64),
    "previous_outcome_id": np.array([4], dtype=np.int64),
    "log_recency_seconds": np.array([0.0], dtype=np.float32),
    "has_interaction": np.array([0], dtype=np.int64),
    "has_recency": np.array([0], dtype=np.int64),
}
TEXT_INPUTS = frozenset({"input_ids", "attention_mask"})
# Two plain nodes are faster than the fused one: 9 % at 64 tokens.
SLOW_FUSIONS = ("SkipLayerNormFusion",)
# A short text costs mostly the fixed price of one run, which a few share; a long one its own products.
SHARING_TOKENS_MAX = 32
PADDING_TOKENS_MAX = 8
COMPANY_MAX = 16
# While one run computes, whoever leads the other gets back the interpreter and hands out what came: with one run at a
# time two cores answered a fifth fewer new tasks.
RUNS_AT_ONCE = 2
SELF_TEST_TEXT = "Fix the null pointer exception in the login handler"

Outputs = Mapping[str, Sequence[float]]  # of one text, by their names in the graph


@dataclass(frozen=True, slots=True)
class Answer:
    """What the graph says of a text: probabilities per head, in the order of `HEADS`, and the sub-dimensions."""

    probs: Mapping[str, tuple[float, ...]]
    sub_dimensions: Mapping[str, float]


class Engine:
    """A loaded bundle. Threads may share it: ONNX Runtime's sessions are safe to call at once."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._tokenizer = Tokenizer(bundle.tokenizer_path, tokens_max=bundle.tokens_max)
        self._mender = Mender(lexicon(self._tokenizer.pieces())) if bundle.mends_slips else None
        self._session = _open_session(bundle)
        asked = {entry.name for entry in self._session.get_inputs()}
        unknown = asked - TEXT_INPUTS - SENTINELS.keys()
        if unknown or "input_ids" not in asked:
            raise BundleFault(f"{bundle.graph_path} asks for inputs that nobody knows: {', '.join(sorted(unknown))}.")
        self._masked = "attention_mask" in asked
        self._may_share = bundle.fixed_scales and self._masked
        self._together: Together[Sequence[int], Outputs] = Together(self._run_all, most=COMPANY_MAX, turns=RUNS_AT_ONCE)
        self._sentinels = {name: value for name, value in SENTINELS.items() if name in asked}
        self._outputs = [entry.name for entry in self._session.get_outputs()]
        self.heads = tuple(head for head in HEADS if LOGITS_OUTPUT[head] in self._outputs)
        missing = HEADS.keys() - OPTIONAL_HEADS - set(self.heads)
        if missing:
            raise BundleFault(f"{bundle.graph_path} has no outputs for {', '.join(sorted(missing))}.")

    def answer(self, text: str) -> Answer:
        """What the graph says of this text."""
        return self.answers([text])[0]

    def answers(self, texts: Sequence[str]) -> list[Answer]:
        """What the graph says of each of these texts, the same in company as alone."""
        encoded = [self.token_ids(text) for text in texts]
        rows = self._together.ask(encoded) if self._may_share else self._run_all(encoded)
        return [self._answer(row) for row in rows]

    def token_ids(self, text: str) -> list[int]:
        """The text as the graph reads it."""
        return self._tokenizer.encode(self._prepared(tidy(text)))

    def check(self) -> None:
        """The self-test: a probe goes through, and the bundle's own probes get the labels it was packed with."""
        answer = self.answer(SELF_TEST_TEXT)
        for head, probs in answer.probs.items():
            if not np.isfinite(probs).all():
                raise BundleFault(f"{self.bundle.graph_path}: {head} is not a number.")
        for probe in self.bundle.probes:
            probs_by_head = self.answer(probe.text).probs
            for head, label in probe.labels.items():
                got = HEADS[head][int(np.argmax(probs_by_head[head]))] if head in probs_by_head else "nothing"
                if got != label:
                    raise BundleFault(f"Self-test: {head} of {probe.text!r} is {got}, was {label} when packed.")

    def _prepared(self, tidied: str) -> str:
        """The text as this bundle's training had it."""
        mended = self._mender.mend(tidied) if self._mender else tidied
        return without_courtesy(mended) if self.bundle.drops_courtesy else mended

    def _run_all(self, encoded: Sequence[Sequence[int]]) -> list[Outputs]:
        """The outputs for each of these rows of ids."""
        found: dict[int, Outputs] = {}
        for company in companies([len(ids) for ids in encoded], may_share=self._may_share):
            found |= zip(company, self._run([encoded[place] for place in company]), strict=True)
        return [found[place] for place in range(len(encoded))]

    def _run(self, rows: Sequence[Sequence[int]]) -> list[Outputs]:
        """The outputs for rows that run together."""
        ids, mask = _padded(rows, steadied=self._may_share)
        feeds: dict[str, NDArray[Any]] = {"input_ids": ids, **self._sentinels}
        if self._masked:
            feeds["attention_mask"] = mask
        try:
            values = self._session.run(self._outputs, feeds)
        except _runtime_errors() as error:
            raise BundleFault(f"{self.bundle.graph_path} does not run: {error}") from error
        columns = [value.reshape(len(rows), -1).tolist() for value in values]
        return [dict(zip(self._outputs, row, strict=True)) for row in zip(*columns, strict=True)]

    def _answer(self, outputs: Outputs) -> Answer:
        return Answer(
            probs={head: self._probs(head, outputs[LOGITS_OUTPUT[head]]) for head in self.heads},
            sub_dimensions={
                name: round(min(1.0, max(0.0, outputs[output][0])), 4)
                for name, output in SUB_OUTPUT.items()
                if output in outputs
            },
        )

    def _probs(self, head: str, logits: Sequence[float]) -> tuple[float, ...]:
        scaled = [logit / self.bundle.temperatures[head] for logit in logits]
        if len(scaled) != len(HEADS[head]):
            raise BundleFault(f"{self.bundle.graph_path}: {head} has {len(scaled)} values, not {len(HEADS[head])}.")
        highest = max(scaled)
        powers = [math.exp(logit - highest) for logit in scaled]  # for so few, plain Python outruns numpy
        total = sum(powers)
        return tuple(power / total for power in powers)


def companies(lengths: Sequence[int], *, may_share: bool) -> Iterator[list[int]]:
    """Which texts run together: short ones with others hardly shorter, all else each alone."""
    company: list[int] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        is_short = may_share and lengths[place] <= SHARING_TOKENS_MAX
        is_alike = bool(company) and lengths[place] - lengths[company[0]] <= PADDING_TOKENS_MAX
        if company and not (is_short and is_alike and len(company) < COMPANY_MAX):
            yield company
            company = []
        company.append(place)
    if company:
        yield company


def _padded(rows: Sequence[Sequence[int]], *, steadied: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids and mask, as wide as the longest row."""
    width = max(map(len, rows))
    # ONNX Runtime adds up a remainder of three (of the tokens without their frame) in another order than any other:
    # with one more place, the last digit too is the same whoever else is in the batch.
    width += steadied and width % 4 == 2
    ids, mask = np.zeros((len(rows), width), dtype=np.int64), np.zeros((len(rows), width), dtype=np.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
        mask[place, : len(row)] = 1
    return ids, mask


def _open_session(bundle: Bundle) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # the web server's threads are the parallelism
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(bundle.graph_path),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=list(SLOW_FUSIONS),
        )
    except _runtime_errors() as error:
        raise BundleFault(f"{bundle.graph_path} is no graph that can be run: {error}") from error


def _runtime_errors() -> tuple[type[Exception], ...]:
    """Every exception of ONNX Runtime; they share no parent of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    return (*own, RuntimeError, ValueError)
