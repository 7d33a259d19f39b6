"""Work on texts by rule, without a model and without cost: choosing among answers, joining, splitting. Pure.

A node of kind TRANSFORM names its rule in ``params["rule"]``. Rules that choose say in ``data`` which text
they chose and why; the text itself is never changed by choosing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from runs.shapes import Json, NodeInput, NodeSpec, NodeStatus, Reading
from runs.texts.json_finding import NoJson, find_json
from runs.texts.outlines import list_items
from runs.texts.prompts import label_of


class Rule(StrEnum):
    """What a transform does."""

    SAME = "same"  # what the one before it gave
    LATEST = "latest"  # of those that came, the last in order: what went further
    BETTER = "better"  # the text that its critic scored higher
    WINNER = "winner"  # the answer that the judge chose
    SECTIONS = "sections"  # sections under their headings, in order
    MERGE = "merge"  # all texts, one below the other
    MERGE_UNIQUE = "mergeUnique"  # every distinct line once
    BEST = "best"  # the fullest text
    SPLIT = "split"  # into a list of items
    PASSTHROUGH = "passthrough"  # as it came
    JSON_PARSE = "jsonParse"  # the JSON in the text


# Of several texts one goes on.
CHOOSING: Final = frozenset({Rule.SAME, Rule.LATEST, Rule.BETTER, Rule.WINNER, Rule.BEST})


def apply_transform(spec: NodeSpec, inputs: Sequence[NodeInput]) -> Reading:
    """What the rule makes of the inputs that came; a problem where nothing can be made of them."""
    by_key = {item.key: item for item in inputs}
    ordered = [by_key[key] for key in spec.depends_on if key in by_key]
    came = [item for item in ordered if item.status is NodeStatus.COMPLETED]
    if not came:
        return Reading("", problem="nothing came that could be worked on")
    rule = Rule(str(spec.params.get("rule")))
    reading = _sections(spec, ordered) if rule is Rule.SECTIONS else _RULES[rule](spec, came)
    return reading if reading.output or reading.problem else Reading("", problem="nothing is left of the text")


# --- choosing ------------------------------------------------------------------------------


def _same(_spec: NodeSpec, came: Sequence[NodeInput]) -> Reading:
    return Reading(came[0].output, score=came[0].score, data=came[0].data)


def _latest(_spec: NodeSpec, came: Sequence[NodeInput]) -> Reading:
    return _picked(came[-1], {})


def _better(spec: NodeSpec, came: Sequence[NodeInput]) -> Reading:
    """The best scored text; one that nobody could score never takes the place of one that was scored."""
    by_key = {item.key: item for item in came}
    pairs = [(by_key[text], by_key.get(critic)) for text, critic in _pairs(spec) if text in by_key]
    if not pairs:
        return Reading("", problem="the text to be improved did not come")
    scored = [(text, critic) for text, critic in pairs if critic is not None and critic.score is not None]
    text, critic = max(scored, key=lambda pair: pair[1].score or 0.0) if scored else pairs[0]
    first_score = next((critic.score for _, critic in scored), None)
    weakest = critic.data.get("weakest") if critic and isinstance(critic.data, dict) else None
    told: dict[str, Any] = {
        "original_score": first_score,
        "final_score": critic.score if critic else None,
        "weakest": weakest,
        "is_refined": text is not pairs[0][0],
        "cycles": len(pairs) - 1,
        "note": _better_note(pairs, scored),
    }
    return _picked(text, told, score=critic.score if critic else None)


def _better_note(pairs: Sequence[tuple[NodeInput, NodeInput | None]], scored: Sequence[object]) -> str:
    if not scored:
        return "The critic gave no score that can be read: the text is as it was first written, and nobody judged it."
    if len(scored) < len(pairs):
        return "A rewritten text could not be judged and was not taken."
    return ""


def _winner(spec: NodeSpec, came: Sequence[NodeInput]) -> Reading:
    judge = next((item for item in came if item.key == spec.params.get("judge")), None)
    answers = [item for item in came if item.key != spec.params.get("judge")]
    if not answers:
        return Reading("", problem="none of the answers came")
    verdict = judge.data if judge and isinstance(judge.data, dict) else {}
    chosen = next((item for item in answers if label_of(spec, item.key) == verdict.get("winner")), None)
    if chosen is not None:
        return _picked(chosen, verdict, score=judge.score if judge else None)
    alone = "It was the only answer." if len(answers) == 1 else "No judge chose: this is the first answer that came."
    return _picked(answers[0], {"note": alone})


def _picked(item: NodeInput, told: Mapping[str, Any], *, score: float | None = None) -> Reading:
    data: Json = {"picked": item.key, **told}
    return Reading(item.output, score=item.score if score is None else score, data=data)


def _pairs(spec: NodeSpec) -> list[tuple[str, str]]:
    pairs = spec.params.get("pairs", ())
    return [(str(text), str(critic)) for text, critic in pairs] if isinstance(pairs, list | tuple) else []


# --- joining and splitting -----------------------------------------------------------------


def _sections(spec: NodeSpec, ordered: Sequence[NodeInput]) -> Reading:
    """The sections under their titles, without the outline; one that is missing is seen to be missing."""
    sections = [item for item in ordered if item.key != spec.params.get("outline")]
    missing = [item.title for item in sections if item.status is not NodeStatus.COMPLETED]
    if len(missing) == len(sections):
        return Reading("", problem="none of the sections came")
    texts = [f"## {item.title}\n\n{item.output or '*This section could not be written.*'}" for item in sections]
    return Reading("\n\n".join(texts), data={"missing_sections": list(missing)} if missing else None)


def _merge(_spec: NodeSpec, came: Sequence[NodeInput]) -> Reading:
    if len(came) == 1:
        return Reading(came[0].output)
    return Reading("\n\n---\n\n".join(f"## {item.title}\n\n{item.output}" for item in came))


def _merge_unique(_spec: NodeSpec, came: Sequence[NodeInput]) -> Reading:
    """Every line once, where it first stands; lines that differ in spaces or case are the same line."""
    lines: dict[str, str] = {}
    for item in came:
        for line in item.output.splitlines():
            lines.setdefault(" ".join(line.split()).casefold(), line.rstrip())
    return Reading("\n".join(line for key, line in lines.items() if key))


def _best(_spec: NodeSpec, came: Sequence[NodeInput]) -> Reading:
    """The highest score where there are scores, else the longest text."""
    return _picked(max(came, key=lambda item: (item.score or 0.0, len(item.output))), {})


def _split(_spec: NodeSpec, came: Sequence[NodeInput]) -> Reading:
    items = [part for item in came for part in split_items(item.output)]
    return Reading(json.dumps(items, ensure_ascii=False, indent=2), data=list(items))


def _passthrough(_spec: NodeSpec, came: Sequence[NodeInput]) -> Reading:
    if len(came) == 1:
        return _same(_spec, came)
    texts = [item.output for item in came]
    return Reading(json.dumps(texts, ensure_ascii=False, indent=2), data=list(texts))


def _json_parse(_spec: NodeSpec, came: Sequence[NodeInput]) -> Reading:
    try:
        values = [find_json(item.output) for item in came]
    except NoJson as fault:
        return Reading("", problem=str(fault))
    value = values[0] if len(values) == 1 else values
    return Reading(json.dumps(value, ensure_ascii=False, indent=2), data=value)


def split_items(text: str) -> list[str]:
    """The items of a JSON list, of a bulleted or numbered list, else the paragraphs."""
    try:
        value = find_json(text, lambda found: isinstance(found, list) and bool(found))
        return [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in value]
    except NoJson:
        pass
    items = list_items(text)
    return items or [part.strip() for part in text.split("\n\n") if part.strip()]


_RULES: Final[Mapping[Rule, Callable[[NodeSpec, Sequence[NodeInput]], Reading]]] = {
    Rule.SAME: _same,
    Rule.LATEST: _latest,
    Rule.BETTER: _better,
    Rule.WINNER: _winner,
    Rule.MERGE: _merge,
    Rule.MERGE_UNIQUE: _merge_unique,
    Rule.BEST: _best,
    Rule.SPLIT: _split,
    Rule.PASSTHROUGH: _passthrough,
    Rule.JSON_PARSE: _json_parse,
}
