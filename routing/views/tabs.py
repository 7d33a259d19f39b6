"""Tabs: links to pages that belong together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tab:
    """One of several pages that belong together."""

    url: str
    label: str
    is_current: bool
