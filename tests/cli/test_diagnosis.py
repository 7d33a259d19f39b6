"""What ``smartspawn diagnose`` finds in folders, files and answers that are not as they should be."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from smartspawn.cli.faults import CliFault
from smartspawn.cli.main import app

WELL: Mapping[str, Any] = {
    "/healthz": {"status": "ok"},
    "/readyz": {"checks": {"database": {"ok": True, "roundtrip_ms": 2.0}, "queue": {"ok": True, "oldest": None}}},
    "/api/me/usage": {"data": {}},
    "/api/connections": {"data": []},
}


class AnsweringSite:
    """A site that answers what it was told to: path -> JSON, or (status, JSON)."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = dict(WELL)
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = site.answers.get(self.path, (404, {"error": {"code": "NOT_FOUND", "message": "nothing here"}}))
                status, body = found if isinstance(found, tuple) else (200, found)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            do_POST = do_GET  # noqa: N815 - the library calls it so

            def log_message(self, *_words: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> AnsweringSite:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("SMARTSPAWN_URL", "PORT", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("SMARTSPAWN_API_KEY", "ss_1")
    monkeypatch.setenv("SMARTSPAWN_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[AnsweringSite]:
    with AnsweringSite() as answering:
        monkeypatch.setenv("SMARTSPAWN_URL", answering.url)
        monkeypatch.setenv("PORT", answering.url.rpartition(":")[2])
        yield answering


def diagnosis() -> dict[str, dict[str, Any]]:
    """Each check by its name; the exit code fits what they say."""
    done = CliRunner().invoke(app, ["--json", "diagnose"])
    found = json.loads(done.stdout)
    assert done.exit_code == (0 if found["ok"] else 1), done.output
    return {check["name"]: check for check in found["checks"]}


def test_each_part_that_is_not_ready_is_named_with_its_own_advice(site: AnsweringSite) -> None:
    site.answers["/readyz"] = (503, {"checks": {"database": {"ok": True}, "queue": {"ok": False, "waiting_count": 7}}})
    found = diagnosis()
    assert (found["database"]["ok"], found["queue"]["ok"]) == (True, False)
    assert found["queue"]["said"] == "waiting_count 7"
    assert "smartspawn restart" in found["queue"]["advice"]


def test_a_part_that_the_database_failed_is_blamed_on_the_database(site: AnsweringSite) -> None:
    site.answers["/readyz"] = (503, {"checks": {"secrets": {"ok": False, "error": "the database does not answer"}}})
    assert "SECRETS_KEYS" not in diagnosis()["secrets"]["advice"]


def test_a_damaged_database_file_is_found_while_the_site_runs(site: AnsweringSite, home: Path) -> None:
    site.answers["/readyz"] = (503, {"checks": {"database": {"ok": False, "error": "the database does not answer"}}})
    with sqlite3.connect(home / "smartspawn.db") as connection:
        connection.execute("CREATE TABLE t AS SELECT randomblob(90000) AS x")
    connection.close()
    assert diagnosis()["database file"]["ok"] is True
    with (home / "smartspawn.db").open("r+b") as file:
        file.write(b"no database" * 1000)
    found = diagnosis()["database file"]
    assert (found["ok"], "not a database" in found["said"]) == (False, True)
    assert "backup" in found["advice"]


def test_a_folder_that_cannot_be_written_to_is_named_and_a_sound_file_in_it_not_blamed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "smartspawn.db").write_bytes(b"")
    monkeypatch.setenv("SMARTSPAWN_HOME", "/proc")  # nobody may make a file there
    found = diagnosis()
    assert (found["site"]["ok"], found["files"]["ok"]) == (False, False)
    assert "/proc cannot be written to" in found["files"]["said"]
    assert "SMARTSPAWN_HOME" in found["files"]["advice"]
    assert "database file" not in found


def test_a_site_that_is_stopped_is_told_with_the_state_of_its_files() -> None:
    found = diagnosis()
    assert found["site"]["advice"].startswith("smartspawn start")
    assert found["files"]["ok"] is True


def test_another_program_at_the_address_is_told_apart_from_a_site_that_is_down(site: AnsweringSite) -> None:
    site.answers.clear()
    found = diagnosis()["site"]
    assert "is no Smart Spawn" in found["said"]
    assert "another PORT" in found["advice"]


def test_an_address_that_is_none_is_said_to_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTSPAWN_URL", "nonsense")
    assert "'nonsense' is no address" in diagnosis()["site"]["said"]


def test_settings_that_cannot_be_read_are_a_finding_and_not_the_end(site: AnsweringSite, tmp_path: Path) -> None:
    path = tmp_path / "config" / "smartspawn" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"url = \xff")
    found = diagnosis()
    assert (found["settings"]["ok"], "smartspawn setup" in found["settings"]["advice"]) == (False, True)
    assert found["site"]["ok"] is True


# --- providers ------------------------------------------------------------------------------


def connection(key: str, **facts: Any) -> dict[str, Any]:
    usual = {"title": key.title(), "provider": key, "isUsable": True, "isEnabled": True, "isSimulator": False}
    return {"key": key, "state": "Ready", "detail": "", **usual, **facts}


def test_each_provider_is_asked_and_a_dead_one_named(site: AnsweringSite) -> None:
    off = connection("off", isEnabled=False)
    lost = connection("lost", isUsable=False, detail="its key cannot be opened")
    site.answers["/api/connections"] = {"data": [connection("here"), connection("dead"), lost, off]}
    site.answers["/api/connections/here/test"] = {"data": {"isWell": True, "problem": None}}
    site.answers["/api/connections/dead/test"] = {"data": {"isWell": False, "problem": "cannot be reached"}}
    found = diagnosis()
    assert found["provider here"]["ok"] is True
    assert (found["provider dead"]["ok"], found["provider dead"]["said"]) == (False, "Dead: cannot be reached")
    assert "smartspawn setup --provider dead" in found["provider dead"]["advice"]
    assert (found["provider lost"]["ok"], found["provider lost"]["said"]) == (False, "Lost: its key cannot be opened")
    assert "provider off" not in found


def test_who_may_not_test_providers_is_told_so_and_no_provider_is_blamed(site: AnsweringSite) -> None:
    site.answers["/api/connections"] = {"data": [connection("here")]}
    site.answers["/api/connections/here/test"] = (403, {"error": {"code": "FORBIDDEN", "message": "not for you"}})
    found = diagnosis()["provider here"]
    assert (found["ok"], "not tested" in found["said"]) == (True, True)


def test_without_a_provider_it_is_said_how_to_connect_one_and_with_the_simulator_alone_what_that_means(
    site: AnsweringSite,
) -> None:
    assert diagnosis()["providers"]["ok"] is False
    site.answers["/api/connections"] = {"data": [connection("simulator", isSimulator=True)]}
    site.answers["/api/connections/simulator/test"] = {"data": {"isWell": True, "problem": None}}
    found = diagnosis()["providers"]
    assert (found["ok"], "only simulated runs" in found["said"]) == (True, True)


def agent(
    name: str, *, is_enabled: bool = True, is_installed: bool = True, advice: str | None = None
) -> dict[str, Any]:
    told = {"name": name, "title": name.title(), "isEnabled": is_enabled, "isInstalled": is_installed}
    return {**told, "advice": advice}


def test_of_the_agents_that_are_switched_on_it_says_which_are_not_installed(site: AnsweringSite) -> None:
    missing = agent("codex", is_installed=False, advice="npm install -g it")
    off = agent("gemini", is_enabled=False, advice="name it in HARNESSES")
    site.answers["/api/connections"] = {"data": [], "meta": {"agents": [agent("claude"), missing, off]}}
    found = diagnosis()

    assert (found["agent claude"]["ok"], found["agent claude"]["said"]) == (True, "Claude is installed")
    assert (found["agent codex"]["ok"], found["agent codex"]["advice"]) == (False, "npm install -g it")
    assert "agent gemini" not in found


def test_a_fault_of_the_sites_own_says_where_to_look(site: AnsweringSite) -> None:
    site.answers["/api/pick"] = (500, {"error": {"code": "INTERNAL", "message": "Something went wrong."}})
    done = CliRunner().invoke(app, ["pick", "coding"])
    assert isinstance(done.exception, CliFault)
    assert done.exception.exit_code == 1
    assert done.exception.message.startswith("Something went wrong. 'smartspawn status' says")
