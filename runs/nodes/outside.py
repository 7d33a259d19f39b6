"""What a node may reach beyond its run: models, pages, command-line agents. Tests put their own in its place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from runs.harness import HarnessResult, run_harness
from runs.nodes.tracing import traced
from runs.providers.call import CallModel, open_provider_door
from runs.shapes import NodeInput, NodeSpec, Reading
from runs.tools.fetch import fetch
from runs.tools.search import search
from smartspawn.lib.http import open_door


class RunHarness(Protocol):
    """Has a command-line agent do a task; see ``runs.harness``."""

    async def __call__(
        self,
        name: str,
        prompt: str,
        *,
        folder: str | Path,
        timeout_s: float,
        on_text: Callable[[str], None] | None = None,
    ) -> HarnessResult:
        """Its answer. Raises HarnessFailed."""


RunTool = Callable[[NodeSpec, Sequence[NodeInput]], Awaitable[Reading]]


@dataclass(frozen=True, slots=True)
class Outside:
    """The functions through which nodes do their work."""

    call: CallModel
    search: RunTool
    fetch: RunTool
    run_harness: RunHarness = run_harness


@asynccontextmanager
async def open_outside() -> AsyncIterator[Outside]:
    """The real outside, with its connections, as long as the block lasts."""
    async with open_provider_door() as providers, open_door() as web:
        yield Outside(call=traced(providers.call), search=partial(search, door=web), fetch=partial(fetch, door=web))
