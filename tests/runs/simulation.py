"""The provider simulator in a process of its own, and a connection that leads to it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.site import ROOT

MODEL = "simulated/small"


@dataclass(frozen=True)
class Simulation:
    """A provider that answers without a model."""

    address: str  # "http://127.0.0.1:40123"

    def bill(self) -> dict[str, Any]:
        """What it has seen: totals, and a line for each call by its idempotency key."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.address}/bill", timeout=10) as response:
            return dict(json.load(response))

    @property
    def connection(self) -> dict[str, Any]:
        """The fields of a connection to it."""
        model = {"id": MODEL, "prompt_usd_per_mtok": "0.5", "completion_usd_per_mtok": "1.5"}
        return {
            "key": "simulator",
            "provider": "simulator",
            "title": "Provider simulator",
            "protocol": "openai",
            "base_url": f"{self.address}/v1",
            "is_simulator": True,
            "allows_private": True,
            "served_models": [model],
            "created_by": "test",
        }


@contextmanager
def running_simulator(**options: object) -> Iterator[Simulation]:
    """``manage.py simulate_provider`` on a free port; ``latency="5ms"`` becomes ``--latency 5ms``."""
    flags = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    command = [sys.executable, "manage.py", "simulate_provider", "--port", "0", *flags]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        first_line = process.stdout.readline() if process.stdout else ""
        found = re.search(r"(http://\S+)/v1", first_line)
        assert found, f"the simulator did not start: {first_line!r}"
        yield Simulation(found[1])
    finally:
        process.kill()
        process.wait(10)
        if process.stdout:
            process.stdout.close()
