"""An HTTP server on loopback, in the test's own loop, that answers exactly as the test says.

async with serve(reply_json({"ok": True})) as server:
    ...
    assert server.requests[0].headers["x-api-key"] == "k"
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Request:
    """A request as it came, and the means to answer it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def json(self) -> object:
        return json.loads(self.body)

    def start(self, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """The head of an answer in chunks."""
        self.head(status, {"Transfer-Encoding": "chunked", "Content-Type": "text/event-stream"} | (headers or {}))

    def head(self, status: int, headers: dict[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in headers.items())]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")

    async def chunk(self, data: bytes) -> None:
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self.writer.drain()

    def end(self) -> None:
        self.writer.write(b"0\r\n\r\n")

    async def gone(self) -> float:
        """Wait until the caller has left; says when."""
        while await self.reader.read(1000):
            pass
        return time.perf_counter()


Answer = Callable[[Request], Awaitable[None]]


@dataclass
class Server:
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    connection_count: int = 0
    left_at_s: list[float] = field(default_factory=list)


@asynccontextmanager
async def serve(answer: Answer, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """A server that answers every request so."""
    served = Server()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.connection_count += 1
        try:
            while (request := await _read(reader, writer)) is not None:
                served.requests.append(request)
                await answer(request)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the caller has left: some tests are about that
        finally:
            writer.close()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    served.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield served
    finally:
        listener.close()
        await asyncio.sleep(0)


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body, reader, writer)


def reply_bytes(body: bytes, status: int = 200, **headers: str) -> Answer:
    """Always this."""

    async def answer(request: Request) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request.head(status, {"Content-Length": str(len(body)), "Content-Type": "application/json"} | named)
        request.writer.write(body)

    return answer


def reply_json(value: object, status: int = 200, **headers: str) -> Answer:
    """Always this value."""
    return reply_bytes(json.dumps(value).encode(), status, **headers)


def reply_events(events: Iterable[bytes], *, is_cut: bool = False, **headers: str) -> Answer:
    """Always this stream; cut: the connection breaks off behind it."""
    pieces = tuple(events)

    async def answer(request: Request) -> None:
        request.start(headers={name.replace("_", "-"): value for name, value in headers.items()})
        for piece in pieces:
            await request.chunk(piece)
        if is_cut:
            request.writer.transport.abort()
        else:
            request.end()

    return answer


def data_event(value: object) -> bytes:
    """One event as OpenAI and Gemini send it."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"
