"""The site of this checkout, as far as it is known without asking it: from the environment, else from ``.env``."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from smartspawn.cli.faults import CliFault

PROJECT_DIR: Final = Path(__file__).resolve().parent.parent.parent
_LINE: Final = re.compile(r"^\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*?)\s*$")
_REACHED_AT: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


def manage(*words: str) -> list[str]:
    """The command line of ``manage.py``."""
    script = PROJECT_DIR / "manage.py"
    if not script.exists():
        raise CliFault(f"{script} is missing: this command starts a checkout, and here is none.")
    return [sys.executable, str(script), *words]


def environment() -> dict[str, str]:
    """What ``manage.py`` is started with, so that both mean the same folder wherever the command is given."""
    return {**os.environ, "SMARTSPAWN_HOME": str(home_dir())}


def home_dir() -> Path:
    """Where the site of this checkout keeps its data."""
    given = os.environ.get("SMARTSPAWN_HOME")  # from here on; what the file says counts from the checkout on
    kept = PROJECT_DIR / Path(_dotenv().get("SMARTSPAWN_HOME") or "var").expanduser()
    return (Path(given).expanduser() if given else kept).resolve()


def database_path() -> Path | None:
    """The file of its database; None where that is a server."""
    return None if _setting("DATABASE_URL", "") else home_dir() / "smartspawn.db"


def own_url() -> str:
    """Where the site of this checkout answers."""
    host = _setting("HOST", "127.0.0.1")
    host = _REACHED_AT.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{_setting('PORT', '8000')}"


def _setting(name: str, default: str) -> str:
    return os.environ.get(name) or _dotenv().get(name) or default


def _dotenv() -> Mapping[str, str]:
    if os.environ.get("SMARTSPAWN_DOTENV", "").strip().lower() in ("off", "no", "false", "0"):
        return {}
    return _read_dotenv(PROJECT_DIR / ".env")


@lru_cache(maxsize=4)
def _read_dotenv(path: Path) -> Mapping[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    found = [match for line in lines if (match := _LINE.match(line))]
    return {match["name"]: match["value"].strip("'\"") for match in found}
