"""Where the site is and with which key to ask it: command line, environment, file, in this order."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smartspawn.cli.faults import CliFault
from smartspawn.cli.here import own_url


@dataclass(frozen=True, slots=True)
class Config:
    """What every command needs to know."""

    url: str
    key: str = field(repr=False)
    is_json: bool = False
    path: Path = Path()
    problem: str = ""  # why the file could not be read


def config_path() -> Path:
    """The file of this user's settings."""
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "smartspawn" / "config.toml"


def read_config(*, url: str = "", is_json: bool = False) -> Config:
    """The settings in force; a file that cannot be read is a problem for those commands that need what it says."""
    path = config_path()
    stored, problem = _stored(path)
    return Config(
        url=(url or os.environ.get("SMARTSPAWN_URL") or str(stored.get("url", "")) or own_url()).rstrip("/"),
        key=os.environ.get("SMARTSPAWN_API_KEY") or str(stored.get("key", "")),
        is_json=is_json,
        path=path,
        problem=problem,
    )


def write_config(path: Path, *, url: str, key: str) -> None:
    """Keep the settings, readable by this user alone. Raises CliFault where nothing can be written."""
    text = f"# Written by 'smartspawn setup'.\nurl = {_toml(url)}\nkey = {_toml(key)}\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        path.chmod(0o600)  # of a file that was there before, too
    except OSError as error:
        raise CliFault(f"{path} cannot be written: {error.strerror}. Name another place: XDG_CONFIG_HOME.") from error


def _stored(path: Path) -> tuple[Mapping[str, Any], str]:
    """What the file says, and why it says nothing."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), ""
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError) as error:  # no file to read, no UTF-8, or no TOML
        return {}, f"{path} cannot be read: {error}"


def _toml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
