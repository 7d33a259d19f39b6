"""How each agent's output is read: lines of JSON, in each agent's own words. Pure.

A line that is no JSON, or of a kind not known here, is passed over: agents add kinds as they go along.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from runs.harness.shapes import Told
from runs.shapes import Usage

NO_ANSWER: Final = "it gave no answer"
NO_RESULT: Final = "it ended without a result"
MID_WORK: Final = "it ended in the middle of its work"
UNFINISHED: Final = (NO_ANSWER, NO_RESULT, MID_WORK)  # what is said of one that said nothing itself
_MOST_TOKENS: Final = 10**12  # a greater number is no count


class ClaudeReader:
    """``claude -p --output-format stream-json``: messages as they come, then one ``result`` with tokens and cost."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._result: Mapping[str, Any] = {}
        self._model = ""

    def feed(self, line: bytes) -> str:
        event = _event(line)
        if event.get("type") == "result":
            self._result = event
        if event.get("type") != "assistant":
            return ""
        message = _object(event.get("message"))
        model = _text(message.get("model"))
        if not model.startswith("<"):  # "<synthetic>": what the program itself says in the model's place
            self._model = model or self._model
        blocks = [_object(block) for block in _list(message.get("content"))]
        said = "".join(_text(block.get("text")) for block in blocks if block.get("type") == "text")
        if said:
            self._pieces.append(said)
        return f"{said}\n\n" if said else ""

    def told(self) -> Told:
        result = self._result
        is_well = result.get("is_error") is False and result.get("subtype", "success") == "success"
        text = _text(result.get("result")) or "\n\n".join(self._pieces)
        problem = "" if is_well else _text(result.get("subtype")) or NO_RESULT
        return Told(
            text=text,
            usage=_claude_usage(result.get("usage")),
            cost_usd=_money(result.get("total_cost_usd")),
            served_model=self._model,
            problem=problem if is_well or problem != "success" else f"it reports an error: {text[:300]}",
        )


def _claude_usage(value: object) -> Usage | None:
    usage = _object(value)
    if "input_tokens" not in usage:
        return None
    return Usage(
        fresh_input_tokens=_count(usage.get("input_tokens")),  # without what the cache gave or took
        cache_read_tokens=_count(usage.get("cache_read_input_tokens")),
        cache_write_tokens=_count(usage.get("cache_creation_input_tokens")),
        output_tokens=_count(usage.get("output_tokens")),
        search_count=_count(_object(usage.get("server_tool_use")).get("web_search_requests")),
    )


class CodexReader:
    """``codex exec --json``: items as they are completed, tokens at the end of each turn, never a cost."""

    def __init__(self) -> None:
        self._messages: list[str] = []
        self._turns: list[Mapping[str, Any]] = []
        self._problem = MID_WORK

    def feed(self, line: bytes) -> str:
        event = _event(line)
        kind = event.get("type")
        if kind == "turn.completed":
            self._turns.append(_object(event.get("usage")))
            self._problem = ""
        elif kind in ("turn.failed", "error"):
            told = _text(_object(event.get("error")).get("message")) or _text(event.get("message"))
            self._problem = told or "it failed without a reason"
        item = _object(event.get("item"))
        if kind != "item.completed" or item.get("type") != "agent_message":
            return ""
        self._messages.append(_text(item.get("text")))
        return f"{self._messages[-1]}\n\n"

    def told(self) -> Told:
        # Earlier messages tell what it is about to do; the last one is its answer.
        text = self._messages[-1] if self._messages else ""
        return Told(text=text, usage=self._usage(), problem=self._problem)

    def _usage(self) -> Usage | None:
        if not any(self._turns):
            return None

        def total(name: str) -> int:
            return sum(_count(turn.get(name)) for turn in self._turns)

        cached, reasoning = total("cached_input_tokens"), total("reasoning_output_tokens")
        return Usage(
            fresh_input_tokens=max(total("input_tokens") - cached, 0),  # their input holds what the cache gave
            cache_read_tokens=cached,
            output_tokens=max(total("output_tokens") - reasoning, 0),  # and their output the reasoning
            reasoning_tokens=reasoning,
        )


class GeminiReader:
    """``gemini --output-format json``: one object at the end, with tokens for each model, never a cost."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []

    def feed(self, line: bytes) -> str:
        self._lines.append(line)
        return ""

    def told(self) -> Told:
        body = _last_object(b"\n".join(self._lines))
        error = _object(body.get("error"))
        problem = "" if "response" in body and not error else _text(error.get("message")) or NO_ANSWER
        models = _object(_object(body.get("stats")).get("models"))
        return Told(
            text=_text(body.get("response")),
            usage=_gemini_usage([_object(_object(model).get("tokens")) for model in models.values()]),
            served_model=", ".join(str(name) for name in models),
            problem=problem,
        )


def _gemini_usage(models: list[Mapping[str, Any]]) -> Usage | None:
    if not models:
        return None

    def total(name: str) -> int:
        return sum(_count(tokens.get(name)) for tokens in models)

    cached = total("cached")
    return Usage(
        fresh_input_tokens=max(total("prompt") - cached, 0) + total("tool"),  # their prompt holds what the cache gave
        cache_read_tokens=cached,
        output_tokens=total("candidates"),
        reasoning_tokens=total("thoughts"),
    )


class OpenCodeReader:
    """``opencode run --format json``: pieces of text, and tokens and cost at the end of each step."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._steps: list[Mapping[str, Any]] = []
        self._problem = MID_WORK

    def feed(self, line: bytes) -> str:
        event = _event(line)
        part = _object(event.get("part"))
        if event.get("type") == "step_finish":
            self._steps.append(part)
            self._problem = ""
        elif event.get("type") == "error":
            self._problem = _text(_object(event.get("error")).get("name")) or "it failed without a reason"
        if event.get("type") != "text":
            return ""
        self._pieces.append(_text(part.get("text")))
        return self._pieces[-1]

    def told(self) -> Told:
        costs = [_money(step.get("cost")) for step in self._steps]
        # It says 0 where it does not know the price, and under a subscription.
        cost = sum((cost for cost in costs if cost), Decimal(0)) or None
        return Told(text="\n\n".join(self._pieces), usage=self._usage(), cost_usd=cost, problem=self._problem)

    def _usage(self) -> Usage | None:
        tokens = [_object(step.get("tokens")) for step in self._steps]
        caches = [_object(each.get("cache")) for each in tokens]
        if not any(tokens):
            return None
        return Usage(
            fresh_input_tokens=sum(_count(each.get("input")) for each in tokens),
            cache_read_tokens=sum(_count(cache.get("read")) for cache in caches),
            cache_write_tokens=sum(_count(cache.get("write")) for cache in caches),
            output_tokens=sum(_count(each.get("output")) for each in tokens),
            reasoning_tokens=sum(_count(each.get("reasoning")) for each in tokens),
        )


def error_in(log: str) -> str:
    """The error that an agent wrote as JSON beside its answer, as Gemini CLI does, or nothing."""
    return _text(_object(_last_object(log.encode()).get("error")).get("message"))


# --- reading what may be anything --------------------------------------------------------------


def _event(line: bytes) -> Mapping[str, Any]:
    try:
        return _object(msgspec.json.decode(line))
    except (msgspec.DecodeError, RecursionError):
        return {}


def _last_object(output: bytes) -> Mapping[str, Any]:
    """The object at the end of the output; warnings may stand before it, and it may span lines."""
    start = output.find(b"{")
    while start >= 0:
        if found := _event(output[start:].strip()):
            return found
        start = output.find(b"\n{", start)
        start = start + 1 if start >= 0 else start
    return {}


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS
    return value if is_count else 0  # type: ignore[return-value]  # an int by the line above


def _money(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    amount = Decimal(str(value))
    return amount if amount.is_finite() and amount >= 0 else None
