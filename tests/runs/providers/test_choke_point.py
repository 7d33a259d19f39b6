"""There is one way to a model and one way out of this machine, and the source keeps to both."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
APPS = ("smartspawn", "catalog", "routing", "runs", "feedback")
CLIENTS = ("aiohttp", "httpx", "httpx2", "requests", "urllib3", "http.client", "urllib.request", "websockets")
# The door itself; the supervisor and the command line, which ask this product's own web server.
MAY_SPEAK_HTTP = {"smartspawn/lib/sessions.py", "smartspawn/lib/http.py", "smartspawn/lib/bodies.py"}
MAY_SPEAK_HTTP |= {"smartspawn/management/commands/up.py"}
OWN_CLIENT = "smartspawn/cli/"
# Protocols are spoken by the call alone.
SPEAKERS = {"openai_chat", "anthropic_messages", "anthropic_request", "gemini_generate", "gemini_request", "protocols"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def imported(tree: ast.Module) -> Iterator[str]:
    """The full names of everything that a module imports, wherever it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def called(tree: ast.Module) -> Iterator[str]:
    """The last name of everything that a module calls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


@pytest.fixture(scope="module")
def modules() -> list[tuple[str, ast.Module]]:
    return list(sources())


def test_only_the_door_opens_connections(modules: list[tuple[str, ast.Module]]) -> None:
    speakers = {path for path, tree in modules if any(name.startswith(CLIENTS) for name in imported(tree))}
    assert {path for path in speakers if not path.startswith(OWN_CLIENT)} == MAY_SPEAK_HTTP


def test_only_the_call_speaks_a_providers_protocol(modules: list[tuple[str, ast.Module]]) -> None:
    names = {f"runs.providers.{name}" for name in SPEAKERS}
    users = {path for path, tree in modules if names & set(imported(tree))}
    assert {path for path in users if not path.startswith("runs/providers/")} == set()
    assert "runs/providers/call.py" in users


def test_only_the_ledger_gives_leave(modules: list[tuple[str, ast.Module]]) -> None:
    givers = {path for path, tree in modules if "Grant" in called(tree)}
    assert givers
    assert all(path.startswith("runs/ledger/") for path in givers)
