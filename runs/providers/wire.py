"""What goes over the wire to a provider, and the events that come back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol as Interface

from runs.shapes import ChatDelta, ChatRequest, ChatResult, Endpoint


@dataclass(frozen=True, slots=True)
class WireCall:
    """A request ready to be sent; its headers hold the secret and are never shown."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event of a stream."""

    name: str
    data: str


class StreamReader(Interface):
    """Puts an answer together from the events of its stream."""

    def feed(self, event: ServerEvent) -> list[ChatDelta]:
        """What the event adds; raises CallFailed where it tells of an error."""

    @property
    def is_complete(self) -> bool:
        """Whether the answer is whole, though its usage may still come."""

    @property
    def is_ended(self) -> bool:
        """Whether the provider has said that nothing more comes."""

    def finish(self) -> ChatResult:
        """The whole answer; raises CallFailed if the stream ended before it did."""

    def partial(self) -> ChatResult:
        """What has come so far, its tokens estimated where the provider has not told them."""


class ProtocolModule(Interface):
    """What each module of a protocol offers."""

    def build(self, endpoint: Endpoint, request: ChatRequest, secret: str, *, is_streaming: bool) -> WireCall:
        """The request in this protocol's words."""

    def read_whole(self, body: bytes, request: ChatRequest) -> ChatResult:
        """A whole answer; raises CallFailed if it is none."""

    def Reader(self, request: ChatRequest) -> StreamReader:  # noqa: N802  a class in each module
        """A reader for one stream."""


async def read_events(lines: AsyncIterator[bytes]) -> AsyncIterator[ServerEvent]:
    """The events of a server-sent event stream, from its lines."""
    name, data = "", list[str]()
    async for line in lines:
        if line:
            field_name, _, value = line.decode("utf-8", "replace").removeprefix("\ufeff").partition(":")
            value = value.removeprefix(" ")
            if field_name == "data":
                data.append(value)
            elif field_name == "event":
                name = value
        elif data:
            yield ServerEvent(name, "\n".join(data))
            name, data = "", []
    if data:  # ended without the empty line
        yield ServerEvent(name, "\n".join(data))
