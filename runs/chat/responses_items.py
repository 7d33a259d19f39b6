"""The items of an answer in the Responses protocol, each told as a row of events and in the end as a whole. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from runs.chat.responses_input import seal
from runs.chat.responses_tools import TEXT_FIELD
from runs.chat.shapes import ClientTool, ToolKind
from runs.providers.json_reading import decode, dig, text_at
from runs.shapes import JsonObject

Event = tuple[str, dict[str, Any]]  # its name, and what it says
COMPLETED: Final = "completed"
_BEGUN: Final = "in_progress"
_CUSTOM_INPUT: Final = "response.custom_tool_call_input"
_ARGUMENTS: Final = "response.function_call_arguments"


class Item(ABC):
    """One item of an answer."""

    def __init__(self, place: int, item_id: str) -> None:
        self.is_open = True
        self._place = place
        self._id = item_id
        self._status = _BEGUN

    def begin(self) -> Iterator[Event]:
        """That it is there."""
        yield "response.output_item.added", {"output_index": self._place, "item": self.told()}

    def end(self, status: str) -> Iterator[Event]:
        """That it is whole, or cut short."""
        self.is_open, self._status = False, status
        yield "response.output_item.done", {"output_index": self._place, "item": self.told()}

    @abstractmethod
    def told(self) -> dict[str, Any]:
        """The item as it is by now."""

    def _event(self, event_name: str, /, **said: object) -> Event:
        return event_name, {"item_id": self._id, "output_index": self._place, **said}


class Message(Item):
    """What the model says to the user: one part of text."""

    def __init__(self, place: int, item_id: str) -> None:
        super().__init__(place, item_id)
        self._texts: list[str] = []
        self._chances: list[JsonObject] = []
        self._has_part = False

    def begin(self) -> Iterator[Event]:
        yield from super().begin()
        yield self._event("response.content_part.added", content_index=0, part=_output_text("", ()))
        self._has_part = True

    def take(self, text: str, chances: Sequence[JsonObject]) -> Iterator[Event]:
        """A piece of it."""
        self._texts.append(text)
        self._chances += chances
        yield self._event("response.output_text.delta", content_index=0, delta=text, logprobs=list(chances))

    def end(self, status: str) -> Iterator[Event]:
        text = "".join(self._texts)
        yield self._event("response.output_text.done", content_index=0, text=text, logprobs=self._chances)
        yield self._event("response.content_part.done", content_index=0, part=_output_text(text, self._chances))
        yield from super().end(status)

    def told(self) -> dict[str, Any]:
        content = [_output_text("".join(self._texts), self._chances)] if self._has_part else []
        return {"id": self._id, "type": "message", "role": "assistant", "status": self._status, "content": content}


class Reasoning(Item):
    """What the model thought, as a summary where one was asked for."""

    def __init__(self, place: int, item_id: str, *, is_summary: bool) -> None:
        super().__init__(place, item_id)
        self._texts: list[str] = []
        self._kind = "summary_text" if is_summary else "reasoning_text"
        self._name = "reasoning_summary" if is_summary else "reasoning"
        self._index = {"summary_index" if is_summary else "content_index": 0}
        self._part_event = "response.reasoning_summary_part" if is_summary else "response.content_part"

    def begin(self) -> Iterator[Event]:
        yield from super().begin()
        yield self._event(f"{self._part_event}.added", **self._index, part=self._part(""))

    def take(self, text: str) -> Iterator[Event]:
        """A piece of it."""
        self._texts.append(text)
        yield self._event(f"response.{self._name}_text.delta", **self._index, delta=text)

    def end(self, status: str) -> Iterator[Event]:
        text = "".join(self._texts)
        yield self._event(f"response.{self._name}_text.done", **self._index, text=text)
        yield self._event(f"{self._part_event}.done", **self._index, part=self._part(text))
        yield from super().end(status)

    def told(self) -> dict[str, Any]:
        parts = [self._part("".join(self._texts))] if self._texts else []
        is_summary = self._kind == "summary_text"
        content = {"summary": parts} if is_summary else {"summary": [], "content": parts}
        return {"id": self._id, "type": "reasoning", **content, "status": self._status}

    def _part(self, text: str) -> dict[str, Any]:
        return {"type": self._kind, "text": text}


class Proof(Item):
    """What the provider of a call wants back with it, in the field that clients hand back unread."""

    def __init__(self, place: int, item_id: str, *, call_id: str, proof: object) -> None:
        super().__init__(place, item_id)
        self._sealed = seal(call_id, proof)

    def told(self) -> dict[str, Any]:
        return {
            "id": self._id,
            "type": "reasoning",
            "summary": [],
            "encrypted_content": self._sealed,
            "status": self._status,
        }


class Call(Item):
    """A tool that the client is to run, under the name that the client gave it."""

    def __init__(self, place: int, item_id: str, *, call_id: str, tool: ClientTool) -> None:
        super().__init__(place, item_id)
        self._call_id = call_id
        self._tool = tool
        self._pieces: list[str] = []

    def take(self, arguments: str) -> Iterator[Event]:
        """A piece of its arguments; those of other kinds than functions must be whole to be read."""
        self._pieces.append(arguments)
        if arguments and self._tool.kind is ToolKind.FUNCTION:
            yield self._event(f"{_ARGUMENTS}.delta", delta=arguments)

    def end(self, status: str) -> Iterator[Event]:
        if self._tool.kind is ToolKind.FUNCTION:
            if not "".join(self._pieces):  # some models say nothing where there is nothing to say
                yield from self.take("{}")
            told = {"name": self._tool.name, "arguments": "".join(self._pieces)}
            yield self._event(f"{_ARGUMENTS}.done", **told)
        elif self._tool.kind is ToolKind.CUSTOM:
            yield self._event(f"{_CUSTOM_INPUT}.delta", delta=self._input())
            yield self._event(f"{_CUSTOM_INPUT}.done", input=self._input())
        yield from super().end(status)

    def told(self) -> dict[str, Any]:
        head = {"id": self._id, "type": f"{self._tool.kind}_call", "call_id": self._call_id, "status": self._status}
        named = {"name": self._tool.name} | ({"namespace": self._tool.namespace} if self._tool.namespace else {})
        match self._tool.kind:
            case ToolKind.FUNCTION:
                return head | named | {"arguments": "".join(self._pieces)}
            case ToolKind.CUSTOM:
                return head | named | {"type": "custom_tool_call", "input": self._input()}
            case ToolKind.TOOL_SEARCH:
                arguments = decode("".join(self._pieces))
                return head | {"execution": "client", "arguments": arguments if isinstance(arguments, Mapping) else {}}

    def _input(self) -> str:
        """The plain text: what stands in the one field, or all of it where a model has not kept to that."""
        whole = "".join(self._pieces)
        return text_at(decode(whole), TEXT_FIELD) if dig(decode(whole), TEXT_FIELD) is not None else whole


def _output_text(text: str, chances: Sequence[JsonObject]) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": list(chances)}
