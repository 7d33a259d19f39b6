"""Which addresses speak JSON; everything else is a page for people."""

from __future__ import annotations

_API_ROOTS = ("/api", "/v1", "/mcp")
_API_PREFIXES = tuple(f"{root}/" for root in _API_ROOTS)


def is_api_path(path: str) -> bool:
    """Whether errors at this path are JSON and API keys count there."""
    return path in _API_ROOTS or path.startswith(_API_PREFIXES)


def is_protocol_path(path: str) -> bool:
    """Whether clients of other makers' protocols call here: their shapes hold, and their long bodies."""
    return path.startswith("/v1/")
