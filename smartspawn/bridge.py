"""Carries a request from the event loop to Django's threads, once its body is complete.

A thread is held only while Django works: a slow sender waits on the event loop, where waiting is free, and a body
that was cut off never reaches a view.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
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


class BodyTooLarge(Exception):
    """The request's body is larger than this site takes."""


class ClientGone(Exception):
    """The client left before its request was complete."""


class DjangoBridge:
    """An ASGI application that runs a WSGI application in a bounded pool of threads."""

    def __init__(self, wsgi_application: Any, *, threads: int, most_body_bytes: int) -> None:
        self._inner = WSGIMiddleware(wsgi_application, workers=threads, send_queue_size=QUEUED_CHUNKS)
        self._most_body_bytes = most_body_bytes
        self.executor = self._inner.executor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                body = await _whole_body(scope, receive, self._most_body_bytes)
        except BodyTooLarge:
            message = f"The request body is larger than {self._most_body_bytes} bytes"
            await refuse(send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "PAYLOAD_TOO_LARGE", message)
        except TimeoutError:
            message = f"The request body did not arrive within {BODY_TIMEOUT_S:.0f} s"
            await refuse(send, HTTPStatus.REQUEST_TIMEOUT, "REQUEST_TIMEOUT", message)
        except ClientGone:
            return
        else:
            await self._inner(_with_length(scope, body), _replay(body), send)


async def _whole_body(scope: Scope, receive: Receive, most_bytes: int) -> bytes:
    if int(header(scope, b"content-length") or 0) > most_bytes:
        raise BodyTooLarge
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size > most_bytes:
            raise BodyTooLarge
        parts.append(part)
        if not message.get("more_body", False):
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


async def refuse(send: Send, status: HTTPStatus, code: str, message: str) -> None:
    """Answer with the API's error envelope, and close the connection: its body was not read."""
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
