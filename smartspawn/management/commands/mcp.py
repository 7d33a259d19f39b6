"""Speak the Model Context Protocol over standard input and output, with all rights of who started it."""

from __future__ import annotations

import asyncio
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *_args: Any, **_options: Any) -> None:
        asyncio.run(_serve())


async def _serve() -> None:
    from mcp.server.stdio import stdio_server

    from smartspawn.access.shapes import COMMAND_LINE
    from smartspawn.mcp.server import make_server

    server = make_server(lambda _context: COMMAND_LINE)
    try:
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())
    except* BrokenPipeError:
        pass  # who asked is gone, and nobody else is there to be told
