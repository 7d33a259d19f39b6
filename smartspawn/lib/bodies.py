"""Bodies on their way: one that is sent, and one that is read piece by piece, bounded in what it unpacks to."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from smartspawn.lib.errors import UpstreamTooLarge, UpstreamUnreachable
from smartspawn.lib.sessions import translate

_PACKED: Final = ("gzip", "deflate")


class Unpacker:
    """Takes the pieces of a body as they came and gives what they unpack to.

    Not left to the HTTP client, which would unpack a whole bomb before anybody sees its size.
    """

    def __init__(self, host: str, encoding: str, limit_bytes: int) -> None:
        if encoding not in ("", "identity", *_PACKED):
            raise UpstreamUnreachable(f"{host} answered in an encoding that was not asked for")
        self._host = host
        self._limit_bytes = limit_bytes
        self._room_bytes = limit_bytes
        self._inflater = zlib.decompressobj(wbits=47) if encoding in _PACKED else None

    def feed(self, piece: bytes) -> bytes:
        """The next piece of the body; raises UpstreamTooLarge as soon as there is more than the limit."""
        plain = self._inflate(self._inflater, piece) if self._inflater else piece
        self._room_bytes -= len(plain)
        if self._room_bytes < 0:
            raise UpstreamTooLarge(f"{self._host} answered with more than {self._limit_bytes} bytes")
        return plain

    def finish(self) -> None:
        """Raises UpstreamUnreachable if the body broke off."""
        if self._inflater and not self._inflater.eof:
            raise UpstreamUnreachable(f"{self._host} broke off in the middle of its answer")

    def _inflate(self, inflater: zlib._Decompress, piece: bytes) -> bytes:
        try:
            return inflater.decompress(piece, self._room_bytes + 1)
        except zlib.error as error:
            raise UpstreamUnreachable(f"{self._host} sent a damaged compressed answer") from error


class SentBody(Payload):
    """A body to send that says when its first byte goes out: from then on the server may act on it."""

    def __init__(self, body: bytes, on_sent: Callable[[], None] | None) -> None:
        super().__init__(body, content_type="application/json")
        self._body = body
        self._size = len(body)
        self._on_sent = on_sent

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text."""
        return self._body.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send the body."""
        if self._on_sent:
            self._on_sent()
        await writer.write(self._body)


class Reply:
    """An answer of which the head is here and the body may still be on its way."""

    def __init__(self, response: aiohttp.ClientResponse, limit_bytes: int) -> None:
        self._response = response
        self._limit_bytes = limit_bytes
        self.url = str(response.url)
        self.status = response.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}

    async def read(self) -> bytes:
        """The whole body, unpacked."""
        unpacker = self._unpacker()
        body = bytearray()
        async for piece in self._pieces():
            body += unpacker.feed(piece)
        unpacker.finish()
        return bytes(body)

    async def lines(self) -> AsyncIterator[bytes]:
        """The body's lines as they arrive, without their ends; the last one may have none."""
        unpacker = self._unpacker()
        rest = bytearray()
        async for piece in self._pieces():
            plain = unpacker.feed(piece)
            rest += plain
            if b"\n" in plain:  # looked for in what is new: a line without end must not be searched again and again
                *lines, rest = rest.split(b"\n")
                for line in lines:
                    yield bytes(line).removesuffix(b"\r")
        unpacker.finish()
        if rest:
            yield bytes(rest)

    async def _pieces(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._response.content.iter_any():
                yield piece
        except (aiohttp.ClientError, ConnectionError) as error:
            raise translate(error, self._response.url.host or "") from error

    def _unpacker(self) -> Unpacker:
        encoding = self.headers.get("content-encoding", "").lower()
        return Unpacker(self._response.url.host or "", encoding, self._limit_bytes)
