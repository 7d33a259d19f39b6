"""What a node may reach beyond its run: models, pages, command-line agents. Tests put their own in its place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from runs.providers.call import CallProgress, OnDelta, open_provider_door
from runs.shapes import ChatRequest, ChatResult, Endpoint, Grant, Json, NodeInput, NodeSpec, Reading
from runs.tools.fetch import fetch
from runs.tools.search import search
from smartspawn.lib.errors import SmartSpawnError
from smartspawn.lib.http import Door, open_door


class CallModel(Protocol):
    """Sends one request to one place; see ``runs.providers.call``."""

    async def __call__(
        self,
        grant: Grant,
        endpoint: Endpoint,
        request: ChatRequest,
        secret: str,
        *,
        on_delta: OnDelta | None = None,
        progress: CallProgress | None = None,
    ) -> ChatResult:
        """The whole answer. Raises CallFailed."""


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a search, a fetch or a transform brought."""

    text: str
    data: Json = None


class _Tool(Protocol):
    async def __call__(self, spec: NodeSpec, inputs: Sequence[NodeInput], *, door: Door) -> Reading:
        """What the tool brought, or why not. Raises SmartSpawnError."""


RunTool = Callable[[NodeSpec, Sequence[NodeInput]], Awaitable[ToolOutput]]


@dataclass(frozen=True, slots=True)
class Outside:
    """The functions through which nodes do their work."""

    call: CallModel
    search: RunTool
    fetch: RunTool


@asynccontextmanager
async def open_outside() -> AsyncIterator[Outside]:
    """The real outside, with its connections, as long as the block lasts."""
    async with open_provider_door() as providers, open_door() as door:
        yield Outside(call=providers.call, search=partial(_use, search, door), fetch=partial(_use, fetch, door))


class ToolFailed(SmartSpawnError):
    """A search or a fetch brought nothing that could be used."""

    code = "TOOL_FAILED"


async def _use(tool: _Tool, door: Door, spec: NodeSpec, inputs: Sequence[NodeInput]) -> ToolOutput:
    reading = await tool(spec, inputs, door=door)
    if reading.problem:
        raise ToolFailed(f"{spec.title}: {reading.problem}.")
    return ToolOutput(reading.output, reading.data)
