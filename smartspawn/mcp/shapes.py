"""What a tool is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from smartspawn.access.shapes import Actor, Scope
from smartspawn.mcp.schemas import JsonSchema

Arguments = Mapping[str, Any]
Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class McpTool:
    """A name that agents call, what it reads, and the use case behind it."""

    name: str
    title: str
    description: str
    schema: JsonSchema
    scope: Scope
    call: Callable[[Actor, Arguments], Payload]
    is_read_only: bool = True
    is_open: bool = False  # as the API's endpoint is, while the site keeps its API open
