"""Where the browser is that the browser tests drive."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ADVICE = (
    "No Chromium was found, so the browser tests were left out. Install one (Debian, Ubuntu: apt install chromium) "
    "or name one: CHROMIUM_PATH=/path/to/chrome make test"
)


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome on this machine, CHROMIUM_PATH first; None where there is none."""
    named = os.environ.get("CHROMIUM_PATH")
    if named:
        return shutil.which(named)
    return next((path for path in map(shutil.which, NAMES) if path), None)
