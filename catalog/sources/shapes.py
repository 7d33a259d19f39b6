"""What the five source modules have in common: their settings, and the functions they offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from catalog.shapes import ParsedSource, Payload, SourceInfo
from smartspawn.lib.http import Door


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """What an administrator has set for a source: its key, and mirrors for upstream hosts."""

    api_key: str = field(default="", repr=False)
    # "openrouter.ai" -> "https://mirror.example/openrouter"; the upstream's path follows it.
    base_urls: Mapping[str, str] = field(default_factory=dict)


class SourceModule(Protocol):
    """The anatomy of a module in ``catalog/sources``."""

    @property
    def INFO(self) -> SourceInfo:  # noqa: N802  a module's constant
        """What a reader must know of the source."""
        ...

    async def fetch(self, door: Door, known: Mapping[str, Payload], config: SourceConfig) -> tuple[Payload, ...]:
        """Everything the source publishes now; ``known`` holds the last good payload of each part.

        Raises SourceUnreachable, SourceMalformed or SourceNotConfigured: all of it or nothing.
        """
        ...

    def read_captures(self, directory: Path, *, fetched_at: datetime) -> tuple[Payload, ...]:
        """The same from a folder of saved answers; empty where it holds none."""
        ...

    def parse(self, payloads: Sequence[Payload]) -> ParsedSource:
        """What the payloads say; one odd row is reported, a wrong whole raises SourceMalformed."""
        ...
