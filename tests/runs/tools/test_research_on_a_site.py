"""Research as a person asks for it, on a whole site: a search server, pages, a provider, the command and the books."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.simulated import Simulated
from tests.site import ROOT, Site, running_site

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("site")]
MODEL = "openai/gpt-4o-mini"
PRICES = {"prompt_usd_per_mtok": "0.5", "completion_usd_per_mtok": "1.5"}


class SearXNG(BaseHTTPRequestHandler):
    """A search server that knows nothing of fish, and the pages that it finds."""

    queries: list[str] = []

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path != "/search":
            self._send("<title>A page</title><p>Owls hunt at night.</p>", "text/html")
            return
        asked = parse_qs(parts.query)
        assert asked["format"] == ["json"]
        SearXNG.queries.append(asked["q"][0])
        here = f"http://{self.headers['Host']}/page"
        row = {"url": here, "title": "All about them", "content": "They hunt at night", "engine": "x", "score": 1.0}
        rows = [] if "fish" in asked["q"][0] else [row]
        told = {"query": asked["q"][0], "number_of_results": len(rows), "results": rows, "answers": [], "infoboxes": []}
        self._send(json.dumps(told), "application/json")

    def _send(self, body: str, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_args: object) -> None:
        """Nothing on the console."""


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    SearXNG.queries = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), SearXNG)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def provider() -> Iterator[Simulated]:
    with Simulated() as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, web: str, provider: Simulated) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("research")
    with running_site(home, SEARCH_PROVIDER="searxng", SEARCH_BASE_URL=web, WORKERS="1") as running:
        words = [sys.executable, "manage.py", "connect", "openrouter", "--url", f"{provider.url}/v1", "--private"]
        environment = dict(running.environment)
        subprocess.run(words, cwd=ROOT, env=environment, input="a-key", text=True, capture_output=True, check=True)
        models = [{"id": MODEL, **PRICES}]
        running.run_python(f"from runs.models import Connection; Connection.objects.update(served_models={models!r})")
        yield running


def command(site: Site, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "smartspawn.cli", *words],
        cwd=ROOT,
        env={**site.environment, "XDG_CONFIG_HOME": str(folder), "SMARTSPAWN_URL": site.address},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def told(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("config")
    assert command(site, folder, "setup").returncode == 0
    return lambda *words: command(site, folder, "research", *words)


def test_a_report_comes_with_its_sources_what_was_not_found_and_what_it_cost(
    told: Any, web: str, provider: Simulated
) -> None:
    done = told("owls", "fish", "bats", "--topic", "how they hunt")
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("# ")] == ["# owls", "# bats"]
    assert done.stdout.count(f"Sources:\n- All about them: {web}/page") == 2
    assert "Write one report out of the findings" in done.stdout
    assert "fish: fish: nothing came from 'Search: fish'" in done.stderr
    assert "2 of 3 in" in done.stderr
    assert set(SearXNG.queries) == {f"{subject} how they hunt" for subject in ("owls", "fish", "bats")}
    billed = provider.bill.totals
    assert billed.completed_count == 3
    assert f"${billed.cost_nano_usd / 1e9:.6f}" in done.stderr, "to the provider's last cent"


def test_a_page_in_the_sites_own_network_is_not_read(told: Any, site: Site) -> None:
    assert told("owls", "--topic", "where they live").returncode == 0
    why = site.run_python("from runs.models import Node; print(Node.objects.filter(purpose='fetch').last().error)")
    assert "127.0.0.1 may not be reached from here" in why


def test_what_nothing_is_found_of_fails_and_what_is_too_dear_says_so(told: Any) -> None:
    lost = told("fish")
    assert (lost.returncode, lost.stdout) == (1, "")
    assert "the search for 'fish latest news' found nothing" in lost.stderr
    poor = told("owls", "--max-usd", "0.003")
    assert poor.returncode == 5  # a cap stopped it
    assert "All about them" in poor.stdout, "what was found is shown"
    assert "This run may spend $0.003" in poor.stderr
    asked = json.loads(told("owls", "--max-usd", "0.003", "--json").stdout)
    assert (asked["status"], asked["analyses"]) == ("budget_exhausted", [])
