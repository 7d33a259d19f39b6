"""What a node may reach beyond its run: models, pages, command-line agents. Tests put their own in its place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from runs.providers.call import CallProgress, OnDelta, open_provider_door
from runs.shapes import ChatRequest, ChatResult, Endpoint, Grant, Json, NodeInput, NodeSpec
from smartspawn.lib.errors import SmartSpawnError


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
    async with open_provider_door() as providers:
        yield Outside(call=providers.call, search=_no_tool, fetch=_no_tool)


async def _no_tool(spec: NodeSpec, _inputs: Sequence[NodeInput]) -> ToolOutput:
    raise SmartSpawnError(f"{spec.title}: there is no such tool.")
