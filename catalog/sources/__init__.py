"""The sources, one module each, all with the same anatomy (``catalog/sources/shapes.py``)."""

from __future__ import annotations

from typing import Final

from catalog.shapes import Source
from catalog.sources import artificial_analysis, hf_leaderboard, livebench, lmarena, openrouter
from catalog.sources.shapes import SourceModule

# The catalogue first: the others only measure what it lists.
SOURCES: Final[tuple[SourceModule, ...]] = (
    openrouter,
    artificial_analysis,
    hf_leaderboard,
    lmarena,
    livebench,
)


def find_source(key: Source) -> SourceModule:
    """The module that knows this source."""
    return next(module for module in SOURCES if module.INFO.key is key)
