"""Carries a request from the event loop to one of Django's threads and its answer back, in one hop each way.

A thread is held only while Django works: a slow sender waits on the event loop, where waiting is free, a body that
was cut off never reaches a view, and an answer of known length leaves the thread before the first byte is sent.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from smartspawn.lib.error_shapes import error_body

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Headers = list[tuple[bytes, bytes]]

BODY_TIMEOUT_S = 30.0
# Up to this size an answer is taken out of its thread whole; the largest static file is 1.2 MB.
WHOLE_BYTES = 4 * 1024 * 1024


class ClientGone(Exception):
    """The client left before its request was complete."""


@dataclass(slots=True)
class Started:
    """What Django says before the body."""

    status: int = 0
    headers: Headers = field(default_factory=list)

    def __call__(self, status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> None:
        """WSGI's ``start_response``."""
        self.status = int(status[:3])
        self.headers = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers]

    def message(self) -> Message:
        """The same in ASGI's words."""
        return {"type": "http.response.start", "status": self.status, "headers": self.headers}

    def length(self) -> int | None:
        """How long the body will be, where that is known."""
        return next((int(value) for name, value in self.headers if name == b"content-length"), None)


class DjangoBridge:
    """An ASGI application that runs a WSGI application in a bounded pool of threads."""

    def __init__(self, wsgi_application: WsgiApp, *, threads: int, most_body_bytes: Callable[[str], int]) -> None:
        self._application = wsgi_application
        self._most_body_bytes = most_body_bytes
        self.executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="django")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        body = await read_body(scope, receive, send, most_bytes=self._most_body_bytes(scope["path"]))
        if body is not None:
            await self._answer(build_environ(scope, body), send)

    async def _answer(self, environ: dict[str, Any], send: Send) -> None:
        loop = asyncio.get_running_loop()

        def send_from_thread(message: Message) -> None:
            asyncio.run_coroutine_threadsafe(_send(send, message), loop).result()

        whole = await loop.run_in_executor(self.executor, self._run, environ, send_from_thread)
        if whole is not None:
            started, body = whole
            await send(started.message())
            await send({"type": "http.response.body", "body": body})

    def _run(
        self, environ: dict[str, Any], send_from_thread: Callable[[Message], None]
    ) -> tuple[Started, bytes] | None:
        """Return the whole answer; send one of unknown or great length piece by piece, and return None."""
        started = Started()
        chunks = self._application(environ, started)
        try:
            length = started.length()
            if length is not None and length <= WHOLE_BYTES:
                return started, b"".join(chunks)
            send_from_thread(started.message())
            for chunk in chunks:
                send_from_thread({"type": "http.response.body", "body": chunk, "more_body": True})
            send_from_thread({"type": "http.response.body", "body": b""})
            return None
        finally:
            close = getattr(chunks, "close", None)
            if close:
                close()  # Django ends the request here: signals, database connections


async def _send(send: Send, message: Message) -> None:
    await send(message)


async def read_body(scope: Scope, receive: Receive, send: Send, *, most_bytes: int) -> bytes | None:
    """The body, as ``replayed`` can give it once more; None where the client is gone or was told that it is too slow.

    Of one that is too long it is as much as shows that.
    """
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await _whole_body(scope, receive, most_bytes)
    except TimeoutError:
        await _refuse_slow(scope["path"], send)
    except ClientGone:
        pass
    return None


def replayed(body: bytes, receive: Receive) -> Receive:
    """The body once, then what comes from the client: that it hangs up."""
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def listen() -> Message:
        return parts.pop() if parts else await receive()

    return listen


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


def build_environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """The request in WSGI's words (PEP 3333), where every text stands for bytes in Latin-1."""
    server_name, server_port = scope.get("server") or ("localhost", 80)
    client_address, client_port = scope.get("client") or ("", 0)
    return {
        **_environ_headers(scope["headers"], len(body)),
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin1"),
        "QUERY_STRING": scope["query_string"].decode("latin1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server_name,
        "SERVER_PORT": str(server_port or 0),
        "REMOTE_ADDR": client_address,
        "REMOTE_PORT": str(client_port),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def _environ_headers(headers: Headers, body_length: int) -> dict[str, str]:
    environ: dict[str, str] = {}
    for raw_name, raw_value in headers:
        if b"_" in raw_name:  # X_Forwarded_For would become the same variable as X-Forwarded-For
            continue
        name = raw_name.decode("latin1").upper().replace("-", "_")
        key = name if name in {"CONTENT_LENGTH", "CONTENT_TYPE"} else f"HTTP_{name}"
        value = raw_value.decode("latin1")
        environ[key] = f"{environ[key]}{'; ' if name == 'COOKIE' else ','}{value}" if key in environ else value
    if body_length and "CONTENT_LENGTH" not in environ:
        environ["CONTENT_LENGTH"] = str(body_length)  # a chunked body would be taken for empty
    return environ


def header(scope: Scope, name: bytes) -> bytes:
    """The first header of this (lower-case) name, or nothing."""
    return next((value for key, value in scope["headers"] if key == name), b"")


def joined_header(scope: Scope, name: bytes) -> str:
    """All headers of this (lower-case) name as one list, as Django reads them.

    Some proxies add a line of their own below what the client sent: the first alone would be the client's word.
    """
    return b",".join(value for key, value in scope["headers"] if key == name).decode("latin1")


async def _refuse_slow(path: str, send: Send) -> None:
    """Give up on a sender, in the error's shape at that address; the rest of its body will not be read."""
    message = f"The request body did not arrive within {BODY_TIMEOUT_S:.0f} s."
    status = int(HTTPStatus.REQUEST_TIMEOUT)
    body = json.dumps(error_body(path, "REQUEST_TIMEOUT", message, status)).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
