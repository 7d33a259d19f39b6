"""Where the site is and with which key to ask it: command line, environment, file, in this order."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from smartspawn.cli.faults import USAGE, CliFault

DEFAULT_URL: Final = "http://127.0.0.1:8000"
PROJECT_DIR: Final = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class Config:
    """What every command needs to know."""

    url: str
    key: str = field(repr=False)
    is_json: bool = False
    path: Path = Path()


def config_path() -> Path:
    """The file of this user's settings."""
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "smartspawn" / "config.toml"


def read_config(*, url: str = "", is_json: bool = False) -> Config:
    """The settings in force. Raises CliFault for a file that cannot be read."""
    path = config_path()
    stored = _stored(path)
    return Config(
        url=(url or os.environ.get("SMARTSPAWN_URL") or str(stored.get("url", "")) or DEFAULT_URL).rstrip("/"),
        key=os.environ.get("SMARTSPAWN_API_KEY") or str(stored.get("key", "")),
        is_json=is_json,
        path=path,
    )


def write_config(path: Path, *, url: str, key: str) -> None:
    """Keep the settings, readable by this user alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = f"# Written by 'smartspawn setup'.\nurl = {_toml(url)}\nkey = {_toml(key)}\n"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    path.chmod(0o600)  # of a file that was there before, too


def _stored(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise CliFault(f"{path} cannot be read: {error}. Mend it, or run 'smartspawn setup'.", USAGE) from error


def _toml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
