"""The site's answers as the daemon gave them: lines of JSON with status 200, costs with what they save."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime
from typing import Any, Final

from django.db import close_old_connections
from django.utils import timezone

from runs.swarm.figures import figures_of
from smartspawn.bridge import Message, Send
from smartspawn.swarm.costs import cost_object

Line = dict[str, Any]
_NDJSON: Final = b"application/x-ndjson"
_JSON: Final = b"application/json"
# The daemon says nothing of failures until the end, where they are empty places among the results.
_ONLY_SUCCESSES: Final = frozenset({"progress", "task"})
_BEGINS_WITH_PLAN: Final = frozenset({"/chain/auto"})


class DaemonAnswer:
    """A ``send`` that tells what the site answers in the daemon's way."""

    def __init__(self, send: Send, path: str, *, key_id: int, since: datetime) -> None:
        self._send = send
        self._path = path
        self._key_id = key_id
        self._since = since
        self._refusal: list[bytes] | None = None  # the body so far of an answer that is no stream

    async def __call__(self, message: Message) -> None:
        """Take one message of the site's answer."""
        if message["type"] == "http.response.start":
            if _is_stream(message):
                await _begin(self._send)
            else:
                self._refusal = []
        elif self._refusal is None:
            body = b"".join([await self._told(line) for line in message.get("body", b"").splitlines(keepends=True)])
            await self._send({**message, "body": body})
        else:
            self._refusal.append(message.get("body", b""))
            if not message.get("more_body", False):
                await send_lines(self._send, start_line(self._path), _refused(b"".join(self._refusal)))

    async def _told(self, line: bytes) -> bytes:
        """One line as the daemon would have it; nothing for one that it would not have said."""
        if not line.strip():
            return line
        told = json.loads(line)
        event = told.get("event")
        if event in _ONLY_SUCCESSES and not told.get("success", True):
            return b""
        if event == "start" and self._path in _BEGINS_WITH_PLAN:
            return b""
        if event != "complete":
            return line
        figures = await asyncio.to_thread(self._figures)
        return _written({**told, "cost": cost_object(figures.session, figures.today)})

    def _figures(self) -> Any:
        try:
            return figures_of(self._key_id, since=self._since, now=timezone.now())
        finally:
            close_old_connections()


def start_line(path: str) -> Line:
    """The first event."""
    return {"event": "start", "timestamp": _now_ms(), "message": f"{path.strip('/')} started"}


def error_line(message: str, code: str) -> Line:
    """The last event of what went wrong."""
    return {"event": "error", "error": message, "category": code.lower(), "retryable": False, "timestamp": _now_ms()}


async def send_lines(send: Send, *lines: Line) -> None:
    """A whole answer of these events."""
    await _begin(send)
    await send({"type": "http.response.body", "body": b"".join(map(_written, lines))})


async def send_json(send: Send, body: Any, *, status: int = 200) -> None:
    """A whole answer of one JSON value, or none."""
    raw = b"" if body is None else json.dumps(body).encode()
    headers = [(b"content-type", _JSON), (b"content-length", str(len(raw)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": raw})


async def _begin(send: Send) -> None:
    headers = [(b"content-type", _NDJSON), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


def _is_stream(message: Message) -> bool:
    kind = next((value for name, value in message["headers"] if name.lower() == b"content-type"), b"")
    return bool(kind.startswith(_NDJSON))


def _refused(raw: bytes) -> Line:
    try:
        error = json.loads(raw)["error"]
        return error_line(str(error["message"]), str(error["code"]))
    except (ValueError, KeyError, TypeError):
        return error_line("The site did not answer.", "INTERNAL")


def _written(line: Line) -> bytes:
    return json.dumps(line).encode() + b"\n"


def _now_ms() -> int:
    return int(time.time() * 1000)
