"""A server on loopback that speaks the formats of all five upstreams, with faults to switch on.

with Upstreams() as upstreams:
    config = SourceConfig(base_urls=upstreams.base_urls)
    upstreams.openrouter[0]["pricing"]["prompt"] = "-1"
    upstreams.fail("openrouter.ai", status=503, times=2)
"""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests import upstream_rows

HOSTS = (
    "openrouter.ai",
    "artificialanalysis.ai",
    "datasets-server.huggingface.co",
    "huggingface.co",
    "livebench.ai",
    "api.github.com",
    "raw.githubusercontent.com",
)
AA_KEY = "a-key-for-tests"
HTML = b"<!DOCTYPE html><html><body>Please come back later.</body></html>"


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the requests to a host; ``times`` None: until it is switched off."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None  # instead of the true one
    is_cut: bool = False  # the connection breaks off in the middle of the body
    delay_s: float = 0.0  # before the answer
    only: str = ""  # a piece of the address; others are answered as usual
    times: int | None = None


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    host: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


class Upstreams:
    """All five upstreams; change the rows or switch faults on while it runs."""

    def __init__(self) -> None:
        self.openrouter = upstream_rows.openrouter_rows()
        self.lmarena = {config: upstream_rows.lmarena_rows(config) for config in ("text_style_control", "vision")}
        self.livebench = {
            release: upstream_rows.livebench_table(release) for release in upstream_rows.LIVEBENCH_RELEASES
        }
        self.artificial_analysis = upstream_rows.artificial_analysis_rows()
        self.hf = upstream_rows.hf_rows()
        self.aa_page_size = 12
        self.asked: list[Asked] = []
        self._faults: dict[str, Fault] = {}
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Upstreams:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def base_urls(self) -> dict[str, str]:
        """What to put into a SourceConfig so that every upstream host is this server."""
        return {host: f"{self.url}/{host}" for host in HOSTS}

    def fail(self, host: str, **fault: Any) -> None:
        """From now on something goes wrong with requests to the host; see Fault."""
        with self._lock:
            self._faults[host] = Fault(**fault)

    def recover(self, host: str) -> None:
        """From now on all is well with the host."""
        with self._lock:
            self._faults.pop(host, None)

    def asked_of(self, host: str) -> list[Asked]:
        """The requests to a host so far."""
        with self._lock:
            return [asked for asked in self.asked if asked.host == host]

    # --- answers ---------------------------------------------------------------------------

    def _answer(self, asked: Asked) -> tuple[int, str, bytes]:
        speakers: dict[str, Callable[[Asked], tuple[int, str, bytes]]] = {
            "openrouter.ai": self._openrouter,
            "artificialanalysis.ai": self._artificial_analysis,
            "datasets-server.huggingface.co": self._hf,
            "huggingface.co": self._lmarena,
            "livebench.ai": self._livebench,
            "api.github.com": self._github,
            "raw.githubusercontent.com": self._livebench,
        }
        speak = speakers.get(asked.host)
        return speak(asked) if speak else (404, "text/plain", b"no such host here")

    def _openrouter(self, asked: Asked) -> tuple[int, str, bytes]:
        if asked.path != "/api/v1/models":
            return _not_found()
        return _json({"data": self.openrouter})

    def _artificial_analysis(self, asked: Asked) -> tuple[int, str, bytes]:
        if asked.headers.get("x-api-key") != AA_KEY:
            return 401, "application/json", b'{"error": "Invalid API key"}'
        if asked.path != "/api/v2/language/models/free":
            return 410, "application/json", b'{"error": "Gone"}'
        size, page = self.aa_page_size, int(asked.query.get("page", "1"))
        page_count = -(-len(self.artificial_analysis) // size)
        pagination = {"page": page, "page_size": size, "total_pages": page_count, "has_more": page < page_count}
        return _json(
            {
                "tier": "free",
                "intelligence_index_version": 4.1,
                "pagination": pagination,
                "data": self.artificial_analysis[(page - 1) * size : page * size],
            }
        )

    def _hf(self, asked: Asked) -> tuple[int, str, bytes]:
        offset, length = int(asked.query["offset"]), int(asked.query["length"])
        if asked.query.get("dataset") != "open-llm-leaderboard/contents" or length > 100:
            return 422, "application/json", b'{"error": "Unprocessable"}'
        rows = list(enumerate(self.hf))[offset : offset + length]
        return _json(
            {
                "features": [{"feature_idx": number, "name": name} for number, name in enumerate(self.hf[0])],
                "rows": [{"row_idx": number, "row": row, "truncated_cells": []} for number, row in rows],
                "num_rows_total": len(self.hf),
                "num_rows_per_page": 100,
                "partial": False,
            }
        )

    def _lmarena(self, asked: Asked) -> tuple[int, str, bytes]:
        prefix, suffix = "/datasets/lmarena-ai/leaderboard-dataset/resolve/main/", "/latest-00000-of-00001.parquet"
        config = asked.path.removeprefix(prefix).removesuffix(suffix)
        if config not in self.lmarena:
            return _not_found()
        return 200, "application/octet-stream", upstream_rows.parquet_body(self.lmarena[config])

    def _livebench(self, asked: Asked) -> tuple[int, str, bytes]:
        file = asked.path.rsplit("/", 1)[-1]
        release = file.split("_", 1)[-1].split(".")[0]
        if release not in self.livebench or "new-livebench" in asked.path:
            # Like the real site, which answers an unknown address with its own page.
            return (200, "text/html", HTML) if asked.host == "livebench.ai" else _not_found()
        if file.startswith("table_"):
            return 200, "text/csv", self.livebench[release].encode()
        return _json(upstream_rows.LIVEBENCH_CATEGORIES)

    def _github(self, asked: Asked) -> tuple[int, str, bytes]:
        names = [f"table_{release}.csv" for release in self.livebench]
        if "new-livebench" in asked.path:
            names = names[-1:]
        return _json([{"name": name, "path": f"public/{name}", "type": "file"} for name in (*names, "table.csv")])

    # --- wire ------------------------------------------------------------------------------

    def _fault_for(self, asked: Asked) -> Fault | None:
        with self._lock:
            self.asked.append(asked)
            fault = self._faults.get(asked.host)
            if fault is None or fault.only not in f"{asked.path}?{asked.query}" or fault.times == 0:
                return None
            if fault.times is not None:
                self._faults[asked.host] = replace(fault, times=fault.times - 1)
            return fault


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256  # the default of 5 makes the 6th of many at once wait a second or three

    def __init__(self, upstreams: Upstreams) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstreams = upstreams


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        upstreams = self.server.upstreams
        asked = _asked(self.path, dict(self.headers.items()))
        fault = upstreams._fault_for(asked) or Fault()
        status, content_type, body = upstreams._answer(asked)
        time.sleep(fault.delay_s)
        body = body if fault.body is None else fault.body
        body = b"" if fault.status == 304 else body  # such an answer never has one
        headers = {"Content-Type": content_type} | fault.headers
        self._send(asked, fault.status or status, headers, body, is_cut=fault.is_cut)

    def _send(self, asked: Asked, status: int, headers: dict[str, str], body: bytes, *, is_cut: bool) -> None:
        etag = f'"{sha256(body).hexdigest()[:16]}"'
        if status == 200 and asked.headers.get("if-none-match") == etag:
            status, body = 304, b""
        if body and "gzip" in asked.headers.get("accept-encoding", "") and "Content-Encoding" not in headers:
            headers, body = headers | {"Content-Encoding": "gzip"}, gzip.compress(body, 1)
        try:
            self.send_response(status)
            for name, value in (headers | {"ETag": etag, "Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if is_cut else body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client has lost its patience: that is what some tests are about
        self.close_connection = self.close_connection or is_cut

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is inherited
        """Tests are quiet."""


def _asked(target: str, headers: dict[str, str]) -> Asked:
    parts = urlsplit(target)
    _, host, *path = parts.path.split("/")
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return Asked(host, "/" + "/".join(path), query, {name.lower(): value for name, value in headers.items()})


def _json(value: object) -> tuple[int, str, bytes]:
    return 200, "application/json", json.dumps(value, ensure_ascii=False).encode()


def _not_found() -> tuple[int, str, bytes]:
    return 404, "text/plain", b"Not Found"
