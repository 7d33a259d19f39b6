"""Carries a request from the event loop to Django's threads, once its body is complete.

A thread is held only while Django works: a slow sender waits on the event loop, where waiting is free, and a body
that was cut off never reaches a view.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

from a2wsgi import WSGIMiddleware

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

# Chunks that may wait for a slow reader before its thread has to wait too: WhiteNoise sends files in 8 KiB pieces,
# and the largest static file (1.2 MB) must fit.
QUEUED_CHUNKS = 256
BODY_TIMEOUT_S = 30.0


class ClientGone(Exception):
    """The client left before its request was complete."""


class DjangoBridge:
    """An ASGI application that runs a WSGI application in a bounded pool of threads."""

    def __init__(self, wsgi_application: Any, *, threads: int, most_body_bytes: int) -> None:
        self._inner: Any = WSGIMiddleware(wsgi_application, workers=threads, send_queue_size=QUEUED_CHUNKS)
        self._most_body_bytes = most_body_bytes
        self.executor: ThreadPoolExecutor = self._inner.executor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                body = await _whole_body(scope, receive, self._most_body_bytes)
        except TimeoutError:
            await _refuse_slow(send)
        except ClientGone:
            return
        else:
            await self._inner(_with_length(scope, body), _replay(body), send)


async def _whole_body(scope: Scope, receive: Receive, most_bytes: int) -> bytes:
    """The body; of one that is too long only as much as shows it, for Django refuses it by its length."""
    if int(header(scope, b"content-length") or 0) > most_bytes:
        return b""
    parts: list[bytes] = []
    size = 0
    while size <= most_bytes:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body", False):
            break
    return b"".join(parts)


def _with_length(scope: Scope, body: bytes) -> Scope:
    """A chunked body has no length of its own, and WSGI would take it for empty."""
    if not body or header(scope, b"content-length"):
        return scope
    length = (b"content-length", str(len(body)).encode())
    return {**scope, "headers": [*scope["headers"], length]}


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def header(scope: Scope, name: bytes) -> bytes:
    """The first header of this (lower-case) name, or nothing."""
    return next((value for key, value in scope["headers"] if key == name), b"")


async def _refuse_slow(send: Send) -> None:
    """Give up on a sender, in the API's error envelope; the rest of its body will not be read."""
    message = f"The request body did not arrive within {BODY_TIMEOUT_S:.0f} s."
    body = json.dumps({"error": {"code": "REQUEST_TIMEOUT", "message": message}}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": int(HTTPStatus.REQUEST_TIMEOUT), "headers": headers})
    await send({"type": "http.response.body", "body": body})
