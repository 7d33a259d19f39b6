"""What judges and critics say, read strictly: a score outside 1 to 10 is none, and nothing is guessed. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from runs.shapes import Json, NodeSpec, Reading
from runs.texts.json_finding import NoJson, find_json
from runs.texts.wording import CRITERIA

LEAST_SCORE: Final = 1.0
BEST_SCORE: Final = 10.0
_OUT_OF_TEN: Final = re.compile(r"\s*(\d{1,2}(?:[.,]\d{1,3})?)\s*(?:/\s*10)?\s*")
_LONGEST_REASON: Final = 4_000


class Verdict(StrEnum):
    """The kinds of verdict; a node says in ``params["verdict"]`` which one it gives."""

    SCORE = "score"  # one answer, one score
    CRITIQUE = "critique"  # five scores, and what to change
    VOTE = "vote"  # a score for each of several answers


class _Unreadable(ValueError):
    """A verdict that cannot be used, and why."""


def find_verdict_kind(spec: NodeSpec) -> Verdict | None:
    """Which verdict the node gives, or None for a node that does work."""
    kind = spec.params.get("verdict")
    return Verdict(kind) if isinstance(kind, str) else None


def read_verdict(spec: NodeSpec, text: str) -> Reading:
    """The verdict with its score; a problem where it cannot be read."""
    kind = find_verdict_kind(spec) or Verdict.SCORE
    try:
        found = find_json(text, lambda value: isinstance(value, dict) and _KEYS[kind] in value)
        return _READERS[kind](spec, found)
    except NoJson as fault:
        return Reading(output=text, problem=f"the verdict cannot be read: {fault}")
    except _Unreadable as fault:
        return Reading(output=text, problem=f"the verdict cannot be used: {fault}")


_KEYS: Final[Mapping[Verdict, str]] = {Verdict.SCORE: "score", Verdict.CRITIQUE: "scores", Verdict.VOTE: "answers"}


def _read_score(_spec: NodeSpec, found: Mapping[str, Any]) -> Reading:
    score = _score(found["score"], "score")
    reasons = _texts(found.get("reasons", found.get("reason")))
    shown = "\n".join(f"- {reason}" for reason in reasons)
    data: Json = {"score": score, "reasons": list(reasons)}
    return Reading(output=f"Score: {score:g} of 10\n{shown}".strip(), score=score, data=data)


def _read_critique(_spec: NodeSpec, found: Mapping[str, Any]) -> Reading:
    given = found["scores"]
    if not isinstance(given, Mapping):
        raise _Unreadable("scores is no object")
    missing = [name for name in CRITERIA if name not in given]
    if missing:
        raise _Unreadable(f"there is no score for {', '.join(missing)}")
    scores = {name: _score(given[name], name) for name in CRITERIA}
    # Mean and weakest are counted here: a critic's own sum is not to be relied on.
    mean = round(sum(scores.values()) / len(scores), 2)
    weakest = min(CRITERIA, key=lambda name: scores[name])
    critique = " ".join(_texts(found.get("critique")))
    told = ", ".join(f"{name} {score:g}" for name, score in scores.items())
    data: Json = {"score": mean, "scores": dict(scores), "weakest": weakest, "critique": critique}
    output = f"Score: {mean:g} of 10 ({told}). Weakest: {weakest}.\n\n{critique}".strip()
    return Reading(output=output, score=mean, data=data)


def _read_vote(spec: NodeSpec, found: Mapping[str, Any]) -> Reading:
    labels = _labels(spec)
    scores, reasons = _votes(found["answers"], labels)
    stated = str(found.get("winner", "")).strip().upper().removeprefix("ANSWER ")
    best = max(scores.values())
    tied = [label for label in labels if scores.get(label) == best]
    winner = stated if stated in tied else tied[0]
    overall = " ".join(_texts(found.get("reasons", found.get("reasoning"))))
    told = "\n".join(f"- {label}: {score:g}. {reasons[label]}".rstrip() for label, score in scores.items())
    data: Json = {"winner": winner, "scores": dict(scores), "answer_reasons": dict(reasons), "reasons": overall}
    return Reading(output=f"Best: {winner}. {overall}\n{told}".strip(), score=best, data=data)


_READERS: Final[Mapping[Verdict, Callable[[NodeSpec, Mapping[str, Any]], Reading]]] = {
    Verdict.SCORE: _read_score,
    Verdict.CRITIQUE: _read_critique,
    Verdict.VOTE: _read_vote,
}


def _labels(spec: NodeSpec) -> Sequence[str]:
    labels = spec.params.get("labels", ())
    return [str(label) for label in labels] if isinstance(labels, list | tuple) else []


def _votes(answers: object, labels: Sequence[str]) -> tuple[dict[str, float], dict[str, str]]:
    """The scores and reasons by letter, whether as an object or as a list of objects with a label."""
    if isinstance(answers, list):
        answers = {str(item.get("label")): item for item in answers if isinstance(item, Mapping)}
    if not isinstance(answers, Mapping):
        raise _Unreadable("answers is no object")
    scores, reasons = {}, {}
    for name, said in answers.items():
        label = str(name).strip().upper().removeprefix("ANSWER ")
        if label not in labels:
            raise _Unreadable(f"there is no answer {label[:20]}")
        scores[label] = _score(said.get("score") if isinstance(said, Mapping) else said, label)
        reasons[label] = " ".join(_texts(said.get("reason"))) if isinstance(said, Mapping) else ""
    if not scores:
        raise _Unreadable("no answer has a score")
    return dict(sorted(scores.items())), reasons


def _score(value: object, name: str) -> float:
    """A number from 1 to 10, also as "8" or "8/10"."""
    if isinstance(value, str) and (found := _OUT_OF_TEN.fullmatch(value)):
        value = float(found.group(1).replace(",", "."))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Unreadable(f"{name} is no number")
    if not LEAST_SCORE <= value <= BEST_SCORE:
        raise _Unreadable(f"{name} is {value:g}, which is not between 1 and 10")
    return float(value)


def _texts(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(text[:_LONGEST_REASON] for item in items if isinstance(item, str) and (text := item.strip()))
