"""What Swarm's own settings say, for those who come from there."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from smartspawn.cli.faults import USAGE, CliFault

_KEY_VARIABLES: Final = {
    "gemini": "GEMINI_API_KEY",
    "groq": "GROQ_API_KEY",
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
}


@dataclass(frozen=True, slots=True)
class SwarmSettings:
    """The parts that mean something here."""

    provider: str
    model: str = ""
    secret: str = field(default="", repr=False)
    max_daily_usd: float | None = None


def read_swarm_config(path: Path) -> SwarmSettings:
    """The settings in a node-scaling.yaml. Raises CliFault for a file that is none."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CliFault(f"{path} cannot be read: {error}", USAGE) from error
    root = _mapping(_mapping(document).get("node_scaling"))
    if not root:
        raise CliFault(f"{path} has no 'node_scaling' in it.", USAGE)
    provider = _mapping(root.get("provider"))
    name = str(provider.get("name") or "gemini")
    return SwarmSettings(
        provider=name,
        model=str(provider.get("model") or ""),
        secret=_secret(name, str(provider.get("api_key_env") or ""), path.parent),
        max_daily_usd=_cap(_mapping(root.get("cost")).get("max_daily_spend"), path),
    )


def _cap(amount: object, path: Path) -> float | None:
    """The cap of a day: one that cannot be read is no leave to spend without any."""
    if amount is None:
        return None
    if not isinstance(amount, int | float) or isinstance(amount, bool) or not 0 <= amount < math.inf:
        raise CliFault(f"{path}: cost.max_daily_spend must be dollars, such as 5.00, not {amount!r}.", USAGE)
    return float(amount)


def _secret(provider: str, variable: str, folder: Path) -> str:
    """The key from the variable that the file names, else from Swarm's usual places."""
    for name in (variable, _KEY_VARIABLES.get(provider, "")):
        if name and os.environ.get(name):
            return os.environ[name]
    kept = folder / f"{provider}-key.txt"
    return kept.read_text(encoding="utf-8").strip() if kept.exists() else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
