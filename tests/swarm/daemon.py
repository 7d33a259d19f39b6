"""A site that answers as Swarm's daemon, and a client that knows nothing but the daemon's contract."""

from __future__ import annotations

import json
import re
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.runs.simulation import Simulation, running_simulator
from tests.site import Site, clean_environment, furnish_home

TOLD = re.compile(r"For Swarm's clients\s+(?P<address>\S+)")
# Models of the catalogue at a price, which the simulator serves: for real, as far as the site can tell.
_CONNECT = """
from catalog.queries import current_snapshot
from runs.models import Connection
entries = [e for e in current_snapshot().entries if e.is_candidate and e.facts.pricing.prompt_usd_per_mtok]
models = [{{"id": e.facts.model_id, "prompt_usd_per_mtok": "0.5", "completion_usd_per_mtok": "1.5", "is_set": True}}
          for e in entries]
Connection.objects.create(
    key="served", provider="custom", title="Served", protocol="openai", base_url={address!r} + "/v1",
    allows_private=True, served_models=models, created_by="test")
"""


class SwarmClient:
    """As Swarm's own client asks: no key, JSON in, lines of JSON out."""

    def __init__(self, address: str, site: Site, provider: Simulation) -> None:
        self.address = address
        self.site = site
        self.provider = provider

    def get(self, path: str) -> dict[str, Any]:
        with _open(urllib.request.Request(self.address + path)) as answer:
            return dict(json.load(answer))

    def stream(self, path: str, body: object) -> list[dict[str, Any]]:
        """The events; the daemon's streams are good answers whatever happens."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        with _open(urllib.request.Request(self.address + path, data=raw, method="POST")) as answer:
            assert answer.status == 200
            assert answer.headers["Content-Type"] == "application/x-ndjson"
            return [json.loads(line) for line in answer if line.strip()]

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: object = None) -> tuple[int, Any]:
        """Status and JSON of any request."""
        raw = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data=raw, method=method, headers=dict(headers))
        try:
            with _open(request) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read() or b"null")


def _open(request: urllib.request.Request) -> Any:
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60)


class _Finds(BaseHTTPRequestHandler):
    """A search provider that finds one text for whatever is asked, and serves it."""

    def do_GET(self) -> None:
        page = f"http://{self.headers['Host']}/page"
        found = {"results": [{"url": page, "title": "On delivery", "content": "At least once."}]}
        is_page = self.path == "/page"
        body = b"<p>At least once, says the manual.</p>" if is_page else json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if is_page else "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running_search() -> Iterator[str]:
    """The address of a search provider on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Finds)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def running_daemon(home: Path) -> Iterator[SwarmClient]:
    """A site on two free ports with a provider and a search behind it."""
    furnish_home(home)
    with running_simulator() as provider, running_search() as search:
        searching = {"SEARCH_PROVIDER": "searxng", "SEARCH_BASE_URL": search}
        # Whichever model is chosen for a thousand prompts: nobody is there who could say yes.
        environment = clean_environment(home, SMARTSPAWN_RATE_LIMIT="off", APPROVE_ABOVE_USD="", **searching)
        site = Site(home, environment, "--swarm-port", "0")
        try:
            site.wait_for_start()
            site.run_python(_CONNECT.format(address=provider.address))
            found = TOLD.search(site.console)
            assert found, site.console
            yield SwarmClient(found["address"], site, provider)
        finally:
            site.kill_all()
