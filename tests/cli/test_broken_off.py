"""What the command does when the site goes away in the middle of what it tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from smartspawn.cli import client
from smartspawn.cli.client import Api
from smartspawn.cli.config import Config
from smartspawn.cli.faults import UNREACHABLE, CliFault
from smartspawn.cli.main import app

RUN = "9942d3d4-c798-41a1-9885-39c056c493d2"


def event(number: int, kind: str) -> dict[str, Any]:
    return {"seq": number, "event": kind, "message": kind, "data": {}, "runId": RUN}


class LeavingSite:
    """A site that tells the answers it was given one after the other, and leaves in the middle of all but the last."""

    def __init__(self, *answers: list[dict[str, Any]]) -> None:
        self.asked: list[str] = []
        left = list(answers)
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.asked.append(self.path)
                if not left:
                    self.close_connection = True
                    return
                told = "".join(json.dumps(item) + "\n" for item in left.pop(0)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(told) + (100 if left else 0)))
                self.end_headers()
                self.wfile.write(told)
                self.close_connection = True

            do_POST = do_GET  # noqa: N815 - the library calls it so

            def log_message(self, *_words: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(autouse=True)
def _connections_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command's connections end with its process; here that is the tests' own."""
    opened: list[Api] = []
    begin = Api.__init__

    def remember(api: Api, config: Config) -> None:
        begin(api, config)
        opened.append(api)

    monkeypatch.setattr(Api, "__init__", remember)
    yield
    for api in opened:
        api._http.close()


@pytest.fixture
def leaving(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    made: list[LeavingSite] = []

    def make(*answers: list[dict[str, Any]]) -> LeavingSite:
        site = LeavingSite(*answers)
        made.append(site)
        monkeypatch.setenv("SMARTSPAWN_URL", f"http://127.0.0.1:{site.server.server_port}")
        monkeypatch.setenv("SMARTSPAWN_API_KEY", "ss_1")
        return site

    monkeypatch.setattr(client, "_LOOK_EVERY_S", 0.01)
    yield make
    for site in made:
        site.server.shutdown()
        site.server.server_close()


def test_the_events_of_a_run_are_taken_up_again_where_the_site_broke_off(leaving: Any) -> None:
    site = leaving(
        [event(1, "run.created"), event(2, "run.started")],
        [],
        [event(3, "node.completed"), event(4, "run.completed")],
    )
    done = CliRunner().invoke(app, ["events", RUN])
    assert done.exit_code == 0, done.exception
    assert [json.loads(line)["seq"] for line in done.stdout.splitlines()] == [1, 2, 3, 4]
    assert [path.rpartition("=")[2] for path in site.asked] == ["0", "2", "2"]


def test_a_site_that_stays_away_is_not_waited_for_without_end(leaving: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "BACK_WITHIN_S", 0.05)
    leaving([event(1, "run.created")], [])
    done = CliRunner().invoke(app, ["events", RUN])
    assert isinstance(done.exception, CliFault)
    assert (done.exception.exit_code, f"smartspawn events {RUN}" in done.exception.message) == (UNREACHABLE, True)


def test_a_run_that_was_silent_for_long_is_waited_for_just_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """For minutes only empty lines came: the site was there all the while, and leaves just now."""
    now_s = [0.0]
    left = [[event(1, "run.created"), None, None, None, None], [event(2, "run.completed")]]

    def raw_lines(_api: Api, *_asked: Any) -> Iterator[str]:
        for item in left.pop(0):
            now_s[0] += 15
            yield json.dumps(item) if item else ""
        if left:
            raise CliFault("It left.", UNREACHABLE)

    monkeypatch.setattr(Api, "_raw_lines", raw_lines)
    monkeypatch.setattr(client, "time", SimpleNamespace(monotonic=lambda: now_s[0], sleep=lambda _s: None))
    assert [item["seq"] for item in Api(Config(url="http://127.0.0.1:1", key="")).run_events(RUN)] == [1, 2]


def test_a_run_whose_events_are_gone_is_not_waited_for(leaving: Any) -> None:
    leaving([])
    assert CliRunner().invoke(app, ["events", RUN]).exit_code == 0


def test_work_whose_answer_breaks_off_says_which_run_to_look_at(leaving: Any) -> None:
    leaving([event(1, "start")], [])
    done = CliRunner().invoke(app, ["parallel", "a", "b"])
    assert isinstance(done.exception, CliFault)
    assert (done.exception.exit_code, f"smartspawn events {RUN}" in done.exception.message) == (UNREACHABLE, True)
