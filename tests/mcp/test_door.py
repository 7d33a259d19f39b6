"""The door of the tools over HTTP: made once, and before anybody asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import pytest

from smartspawn import asgi
from smartspawn.bridge import Message
from smartspawn.mcp import http
from smartspawn.mcp.http import McpDoor


class Manager:
    """The SDK's, as far as it is opened here."""

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        yield


def test_it_is_made_once_whoever_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Manager] = []

    def make() -> Manager:
        made.append(Manager())
        return made[-1]

    monkeypatch.setattr(http, "_make_manager", make)

    async def story() -> None:
        door = McpDoor()
        await door.prepare(after_s=0)
        assert len(made) == 1
        await asyncio.gather(door.prepare(after_s=0), door._open())
        assert len(made) == 1
        await door.close()

    asyncio.run(story())


class Part:
    """What the site starts and ends, and notes it here; the true ones can be ended only once in a process."""

    told: list[str]

    def __init__(self) -> None:
        self.told = []

    async def prepare(self) -> None:
        self.told.append("prepared")

    async def close(self) -> None:
        self.told.append("closed")

    async def find(self) -> None: ...

    write_now_and_then = write_off_loop = find


def test_the_site_makes_it_ready_after_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Part()
    for name, part in {"watch": Part(), "counted": Part(), "chat": Part(), "mcp": door}.items():
        monkeypatch.setattr(asgi, name, part)
    for name in ("choosing", "choosing_for_chats"):
        monkeypatch.setattr(asgi, name, ThreadPoolExecutor(1))
    received: list[dict[str, Any]] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Message:
        await asyncio.sleep(0.01)
        return received.pop(0)

    async def send(_message: Message) -> None:
        return

    asyncio.run(asgi.application({"type": "lifespan"}, receive, send))
    assert door.told == ["prepared", "closed"]
