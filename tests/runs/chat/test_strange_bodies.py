"""Whatever a body holds, it is refused in words or can be sent: nothing else comes of it."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import pytest

from runs.chat.anthropic_reading import read_messages
from runs.chat.reading import read_chat
from runs.chat.responses_reading import read_responses
from runs.chat.shapes import ChatAsk
from runs.chat.texts import name_of, needs_of, task_of, transcript_of
from runs.ledger import estimate_tokens
from runs.providers.protocols import PROTOCOLS
from runs.shapes import ChatRequest
from smartspawn.lib.errors import SmartSpawnError
from tests.runs.fakes import endpoint_of

BODIES: Final = 1_500
KINDS: Final = ("text", "image", "image_url", "tool_use", "tool_result", "document", "file", "input_audio")
ITEM_KINDS: Final = (
    *("message", "reasoning", "function_call", "custom_tool_call", "tool_search_call"),
    *("function_call_output", "custom_tool_call_output", "tool_search_output", "agent_message", "additional_tools"),
)
PART_KINDS: Final = ("input_text", "output_text", "refusal", "input_image", "input_file", "input_audio", "video")
TOOL_KINDS: Final = ("function", "custom", "namespace", "tool_search", "web_search", "file_search")
LEAVES: Final = ("user", "tool", "", "x", "{}", '{"a":1}', "base64", "https://x", "data:image/png;base64,AA")
NAMES: Final = (
    *(
        "role",
        "content",
        "type",
        "text",
        "image_url",
        "url",
        "tool_calls",
        "tool_call_id",
        "function",
        "name",
        "detail",
    ),
    *("arguments", "id", "input", "source", "data", "media_type", "tool_use_id", "file", "file_data", "cache_control"),
)


class Maker:
    """Bodies that look like conversations and are none."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def value(self, depth: int) -> Any:
        drawn = self._chance.random()
        if depth == 0 or drawn < 0.45:
            return self._chance.choice([*LEAVES, *KINDS, None, True, 3, 1.5, [], {}])
        if drawn < 0.7:
            return [self.value(depth - 1) for _ in range(self._chance.randint(0, 3))]
        return self.fields(depth, self._chance.randint(0, 5))

    def fields(self, depth: int, count: int) -> dict[str, Any]:
        return {self._chance.choice(NAMES): self.value(depth - 1) for _ in range(count)}

    def message(self) -> dict[str, Any]:
        part = {"type": self._chance.choice(KINDS), **self.fields(3, 3)}
        content = self._chance.choice([self.value(3), [part], [part, part]])
        role = self._chance.choice(["user", "assistant", "tool", "system"])
        return {"role": role, "content": content, **(self.fields(3, 1) if self._chance.random() < 0.5 else {})}

    def body(self) -> dict[str, Any]:
        more = ("tools", "tool_choice", "response_format", "system", "stop", "stop_sequences")
        strange = {name: self.value(3) for name in more if self._chance.random() < 0.2}
        messages = [self.message() for _ in range(self._chance.randint(1, 3))]
        return {"model": "auto", "max_tokens": 5, "messages": messages, **strange}

    def items(self) -> dict[str, Any]:
        """A body in the words of Responses."""
        strange = {name: self.value(3) for name in ("tool_choice", "text", "reasoning") if self._chance.random() < 0.1}
        tools = [{"type": self._chance.choice(TOOL_KINDS), "name": "look", **self.fields(3, 2)}]
        return {"model": "auto", "input": [self.item() for _ in range(self._chance.randint(1, 3))], **strange} | (
            {"tools": tools} if self._chance.random() < 0.3 else {}
        )

    def item(self) -> dict[str, Any]:
        if self._chance.random() < 0.4:
            return self.message()
        part = {"type": self._chance.choice(PART_KINDS), "text": "x", "image_url": "https://x", **self.fields(2, 1)}
        told = self._chance.choice(["x", [part], self.value(2)])
        return {
            "type": self._chance.choice(ITEM_KINDS),
            "call_id": "c",
            "name": "look",
            "output": told,
            "content": told,
        }


def send(ask: ChatAsk) -> int:
    """Look at it as choosing does, and write it for every protocol; how many have words for it."""
    needs_of(ask.messages, has_tools=bool(ask.tools))
    assert isinstance(task_of(ask.messages) + name_of(ask.messages) + transcript_of(ask.messages), str)
    assert estimate_tokens(ask.messages, ask.tools) > 0
    request = ChatRequest(
        ask.messages,
        10,
        tools=ask.tools,
        tool_choice=ask.tool_choice,
        response_format=ask.response_format,
        extra=ask.extra,
    )
    sent = 0
    for protocol, words in PROTOCOLS.items():
        with suppress(SmartSpawnError):
            words.build(replace(endpoint_of("claude-x"), protocol=protocol), request, "s", is_streaming=True)
            sent += 1
    return sent


@pytest.mark.parametrize("read", [read_chat, read_messages])
def test_a_strange_body_is_refused_or_sent(read: Any) -> None:
    maker = Maker(seed=3)
    sent = 0
    for _ in range(BODIES):
        with suppress(SmartSpawnError):
            sent += send(read(maker.body(), {}))
    assert sent > BODIES / 20  # else nothing was tried


def test_strange_items_are_refused_or_sent() -> None:
    maker = Maker(seed=3)
    sent = 0
    for _ in range(BODIES):
        with suppress(SmartSpawnError):
            sent += send(read_responses(maker.items(), {}))
    assert sent > BODIES / 20  # else nothing was tried


def test_a_body_nested_beyond_reason_is_refused() -> None:
    deep: Any = "x"
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(SmartSpawnError):
        read_chat({"model": "auto", "messages": [{"role": "user", "content": "x"}], "seed": deep}, {})
