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

NO_RESULT: Final = "it ended without a result"
MID_WORK: Final = "it ended in the middle of its work"
UNFINISHED: Final = (NO_RESULT, MID_WORK)  # what is said of one that said nothing itself
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
        if event.get("type") != "assistant" or event.get("parent_tool_use_id"):  # whom it asked to help, says it to it
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
            usage=_claude_usage(result),
            cost_usd=_money(result.get("total_cost_usd")),
            served_model=self._model,
            problem=problem if is_well or problem != "success" else f"it reports an error: {text[:300]}",
        )


def _claude_usage(result: Mapping[str, Any]) -> Usage | None:
    # By model stands what its helpers took too, as in the cost; "usage" leaves them out.
    models = [_object(each) for each in _object(result.get("modelUsage")).values()]
    if not models:
        return _claude_own_usage(_object(result.get("usage")))

    def total(name: str) -> int:
        return sum(_count(model.get(name)) for model in models)

    return Usage(
        fresh_input_tokens=total("inputTokens"),  # without what the cache gave or took
        cache_read_tokens=total("cacheReadInputTokens"),
        cache_write_tokens=total("cacheCreationInputTokens"),
        output_tokens=total("outputTokens"),
        search_count=total("webSearchRequests"),
    )


def _claude_own_usage(usage: Mapping[str, Any]) -> Usage | None:
    if "input_tokens" not in usage:
        return None
    return Usage(
        fresh_input_tokens=_count(usage.get("input_tokens")),
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

        cached, written = total("cached_input_tokens"), total("cache_write_input_tokens")
        reasoning = total("reasoning_output_tokens")
        return Usage(
            fresh_input_tokens=max(total("input_tokens") - cached - written, 0),  # what the cache gave or took is in it
            cache_read_tokens=cached,
            cache_write_tokens=written,
            output_tokens=max(total("output_tokens") - reasoning, 0),  # as the reasoning is in this
            reasoning_tokens=reasoning,
        )


class GeminiReader:
    """``gemini --output-format stream-json``: pieces of messages, then one ``result`` with tokens, never a cost."""

    def __init__(self) -> None:
        self._messages: list[str] = []
        self._is_within = False  # a message, of which more may come
        self._result: Mapping[str, Any] = {}
        self._problem = MID_WORK

    def feed(self, line: bytes) -> str:
        event = _event(line)
        kind = event.get("type")
        if kind == "result":
            self._result = event
            told = _text(_object(event.get("error")).get("message")) or "it failed without a reason"
            self._problem = "" if event.get("status") == "success" else told
        elif kind == "error" and event.get("severity") == "error":
            self._problem = _text(event.get("message")) or self._problem
        if kind != "message" or event.get("role") != "assistant":
            self._is_within = False
            return ""
        return self._add(_text(event.get("content")))

    def _add(self, piece: str) -> str:
        if self._is_within:
            self._messages[-1] += piece
            return piece
        self._is_within = True
        self._messages.append(piece)
        return f"\n\n{piece}" if len(self._messages) > 1 else piece

    def told(self) -> Told:
        found = _object(_object(self._result.get("stats")).get("models"))
        models = {str(name): _object(tokens) for name, tokens in found.items()}
        return Told(
            text="\n\n".join(self._messages),
            usage=_gemini_usage(list(models.values())),
            # Small ones choose which model answers; whichever wrote most is the one that did.
            served_model=max(models, key=lambda name: _count(models[name].get("output_tokens")), default=""),
            problem=self._problem,
        )


def _gemini_usage(models: list[Mapping[str, Any]]) -> Usage | None:
    if not models:
        return None

    def total(name: str) -> int:
        return sum(_count(tokens.get(name)) for tokens in models)

    prompt, written, cached = total("input_tokens"), total("output_tokens"), total("cached")
    return Usage(
        fresh_input_tokens=max(prompt - cached, 0),  # their input holds what the cache gave
        cache_read_tokens=cached,
        output_tokens=written,
        reasoning_tokens=max(total("total_tokens") - prompt - written, 0),  # it is named nowhere else
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
            self._problem = _opencode_error(_object(event.get("error")))
        if event.get("type") != "text":
            return ""
        self._pieces.append(_text(part.get("text")))
        return f"{self._pieces[-1]}\n\n"

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


def _opencode_error(error: Mapping[str, Any]) -> str:
    words = (_text(error.get("name")), _text(_object(error.get("data")).get("message")))
    return ": ".join(word for word in words if word) or "it failed without a reason"


# --- reading what may be anything --------------------------------------------------------------


def _event(line: bytes) -> Mapping[str, Any]:
    try:
        return _object(msgspec.json.decode(line))
    except (msgspec.DecodeError, RecursionError):
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
