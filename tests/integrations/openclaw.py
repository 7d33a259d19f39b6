"""OpenClaw's side: its published plugin, installed with npm and driven by a small host."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PLUGIN = "@deeflectcom/smart-spawn@1.0.5"
LOADER = "jiti@2"
HOST = Path(__file__).with_name("openclaw_host.mjs")
_UNREACHED = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH")
_INSTALL_TIMEOUT_S = 120


@dataclass(frozen=True)
class Told:
    """What came of a few calls."""

    results: Sequence[Mapping[str, Any]]  # the tools' texts, read as JSON
    requests: Sequence[Mapping[str, Any]]
    tools: Sequence[str]


def install_plugin(folder: Path) -> Path:
    """The folder with the plugin in it; skips the test, and says why, where it cannot be had."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("OPENCLAW IS NOT TESTED: Node and npm are not installed here.")
    (folder / "package.json").write_text('{"private": true}')
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), PLUGIN, LOADER]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"OPENCLAW IS NOT TESTED: npm did not get {PLUGIN} within {_INSTALL_TIMEOUT_S} s.")
    if done.returncode and any(word in done.stderr for word in _UNREACHED):
        pytest.skip("OPENCLAW IS NOT TESTED: the registry of npm cannot be reached.")
    assert done.returncode == 0, done.stderr
    return folder


class OpenClaw:
    """A host with the plugin, pointed at a site."""

    def __init__(self, folder: Path, api_url: str) -> None:
        self._folder = folder
        self._api_url = api_url

    def call(
        self,
        *calls: tuple[str, Mapping[str, Any]],
        profiles: Sequence[str] = ("openrouter:default",),
        shares: bool = False,
    ) -> Told:
        """What the plugin's tools answer, and what it asked of the site meanwhile."""
        entry = {"config": {"apiUrl": self._api_url, "telemetryOptIn": shares}}
        config = {
            "auth": {"profiles": {name: {"provider": name.partition(":")[0]} for name in profiles}},
            "plugins": {"entries": {"smart-spawn": entry}},
        }
        asked = [{"tool": tool, "input": dict(given)} for tool, given in calls]
        done = subprocess.run(
            ["node", str(HOST)],
            input=json.dumps({"folder": str(self._folder), "config": config, "calls": asked}),
            env={"PATH": os.environ["PATH"], "HOME": str(self._folder), "JITI_FS_CACHE": "false"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        results = [json.loads(result["content"][0]["text"]) for result in told["results"]]
        return Told(results, told["requests"], told["tools"])
