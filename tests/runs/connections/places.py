"""A server on loopback that lists models like a provider, and says what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FakePlace:
    """What the server answers, and what it was asked."""

    url: str = ""
    status: int = 200
    body: Any = field(default_factory=lambda: {"data": [{"id": "model-a"}, {"id": "model-b"}]})
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def fake_place() -> Iterator[FakePlace]:
    """A server that runs as long as the block."""
    place = FakePlace()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            time.sleep(place.delay_s)
            body = place.body if isinstance(place.body, bytes) else json.dumps(place.body).encode()
            with suppress(BrokenPipeError, ConnectionResetError):  # whoever asked has lost patience
                self.send_response(place.status)
                for name, value in ({"Content-Length": str(len(body))} | place.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        def do_POST(self) -> None:
            """Refuse every call as a careless provider does: with what was sent, the key included."""
            sent = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            place.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            echo = {"headers": dict(self.headers.items()), "body": sent.decode()}
            body = json.dumps({"error": {"message": f"refused: {echo}"}}).encode()
            with suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(place.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is inherited
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    place.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield place
    finally:
        server.shutdown()
        server.server_close()
