"""What an answer is worth: whether it can be used, what its verdict or its JSON says. Pure.

A problem is a sentence for people and for the model that is asked again. What to do about it says
``next_request``; whether a cut-off text is worth keeping when all attempts are used up, ``is_worth_keeping``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from runs.shapes import ChatRequest, ChatResult, Citation, NodeSpec, Reading
from runs.texts.json_finding import NoJson, find_json
from runs.texts.schema_check import find_errors
from runs.texts.verdicts import find_verdict_kind, read_verdict
from runs.texts.wording import repair_prompt

EMPTY: Final = "empty: the model answered without a word"
CUT_OFF: Final = "cut off"
REFUSED: Final = "refused: the provider's filter stopped the answer"
# How much longer the answer may get when it was cut off.
_GROWTH: Final = 2
# Local models think aloud in the answer itself.
_THOUGHTS: Final = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>\s*", re.DOTALL)
_LONGEST_KEPT_PROBLEM: Final = 2_000
_MOST_SOURCES: Final = 40


def read_answer(spec: NodeSpec, result: ChatResult) -> Reading:
    """The answer as the node needs it. A short one is an answer: "4" and "Oslo" may be all there is to say."""
    text = _THOUGHTS.sub("", result.text).strip()
    is_cut_off = result.finish_reason == "length"
    if not text:
        return Reading("", problem=_why_empty(spec, result, is_cut_off=is_cut_off))
    if result.finish_reason == "content_filter":
        return Reading(text, problem=REFUSED)
    if find_verdict_kind(spec) is not None:
        return read_verdict(spec, text)
    if spec.schema is not None:
        return _structured(spec, text, is_cut_off=is_cut_off)
    return Reading(_with_sources(text, result.citations), problem=_cut_off(spec) if is_cut_off else "")


def next_request(spec: NodeSpec, request: ChatRequest, reading: Reading) -> ChatRequest | None:
    """How to ask again after this reading; None where the same model would only do the same again.

    A cut-off answer gets more room, once; a verdict or JSON that cannot be used is shown to the model with
    what is wrong, once; after an empty answer the same is asked again.
    """
    if reading.problem == REFUSED:
        return None
    if reading.problem.startswith(CUT_OFF):
        return _roomier(spec, request)
    if not reading.output:
        return request
    if any(message.get("role") == "assistant" for message in request.messages):
        return None
    repair = (
        {"role": "assistant", "content": reading.output},
        {"role": "user", "content": repair_prompt(reading.problem)},
    )
    return replace(request, messages=(*request.messages, *repair))


def is_worth_keeping(reading: Reading) -> bool:
    """Whether a text with this problem is still the best there is, and better than nothing: one that was cut off."""
    return bool(reading.output) and reading.problem.startswith(CUT_OFF)


def _with_sources(text: str, citations: Sequence[Citation]) -> str:
    """The text with the sources that its provider names, so that whoever goes on from it can name them, too."""
    titles: dict[str, str] = {}
    for citation in citations:
        if citation.url and citation.url not in text:
            titles.setdefault(citation.url, " ".join(citation.title.split())[:200])
    if not titles:
        return text
    lines = [f"- {title}: {url}" if title else f"- {url}" for url, title in list(titles.items())[:_MOST_SOURCES]]
    return "\n".join([text, "", "Sources:", *lines])


# --- parts ---------------------------------------------------------------------------------


def _structured(spec: NodeSpec, text: str, *, is_cut_off: bool) -> Reading:
    schema = spec.schema or {}
    try:
        value = find_json(text)
    except NoJson as fault:
        return Reading(text, problem=_cut_off(spec) if is_cut_off else str(fault))
    errors = find_errors(schema, value)
    if errors:
        # Of several values in the text, one may be the answer though another stands last.
        try:
            value = find_json(text, lambda candidate: not find_errors(schema, candidate))
        except NoJson:
            problem = f"does not satisfy the schema: {'; '.join(errors)}"
            return Reading(text, problem=_cut_off(spec) if is_cut_off else problem[:_LONGEST_KEPT_PROBLEM])
    return Reading(json.dumps(value, ensure_ascii=False, indent=2), data=value)


def _why_empty(spec: NodeSpec, result: ChatResult, *, is_cut_off: bool) -> str:
    if result.finish_reason == "content_filter":
        return REFUSED
    if is_cut_off:
        return f"{_cut_off(spec)}, before its first word: thinking used it up"
    return EMPTY


def _cut_off(spec: NodeSpec) -> str:
    return f"{CUT_OFF} at the limit of {spec.max_output_tokens:,} tokens"


def _roomier(spec: NodeSpec, request: ChatRequest) -> ChatRequest | None:
    """The same with a higher limit, unless the caller set it, the model has none higher, or it was raised already."""
    ceiling = spec.model.max_output_tokens if spec.model else None
    wanted = spec.max_output_tokens * _GROWTH
    most = min(wanted, ceiling) if ceiling else wanted
    if spec.params.get("is_limit_given") or most <= request.max_output_tokens:
        return None
    return replace(request, max_output_tokens=most)
