"""Which release this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def own_version() -> str:
    """The installed version; "0" for a plain checkout."""
    try:
        return version("smart-spawn")
    except PackageNotFoundError:
        return "0"
