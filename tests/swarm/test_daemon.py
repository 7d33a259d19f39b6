"""Swarm's daemon over its own port, as Swarm's client asks it."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from smartspawn.cli.checkup import cap_daemon
from tests.site import ROOT, wait_until
from tests.swarm.daemon import SwarmClient, running_daemon

pytestmark = pytest.mark.faults
SIX_DECIMALS = re.compile(r"\d+\.\d{6}")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwarmClient]:
    with running_daemon(tmp_path_factory.mktemp("swarm")) as running:
        yield running


def names(events: list[dict[str, Any]]) -> list[str]:
    return [item["event"] for item in events]


def manage(daemon: SwarmClient, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=dict(daemon.site.environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_it_tells_that_it_lives_and_what_it_can_do(daemon: SwarmClient) -> None:
    health = daemon.get("/health")
    assert (health["status"], set(health)) == ("ok", {"status", "uptime", "workers", "requests"})
    able = daemon.get("/capabilities")
    assert {"version", "provider", "model", "webSearch", "modes", "templates", "limits", "cost"} <= set(able)
    assert {"parallel", "research", "chain"} <= set(able["modes"])
    assert {"single", "parallel", "fan-out", "reduce"} == set(able["modes"]["chain"]["stageModes"])
    listed = daemon.get("/templates")["templates"]
    assert {item["key"] for item in listed} == set(able["templates"])
    assert all(item["stages"] == len(item["modes"]) for item in listed)


def test_prompts_are_answered_in_their_order_and_paid(daemon: SwarmClient) -> None:
    before = daemon.get("/status")
    events = daemon.stream("/parallel", {"prompts": ["first", "second", "third"], "options": {"webSearch": False}})
    assert names(events) == ["start", "progress", "progress", "progress", "complete"]
    assert {"taskId", "workerId", "durationMs"} <= set(events[1])
    last = events[-1]
    assert last["stats"] == {"successful": 3, "failed": 0}
    for text, word in zip(last["results"], ("first", "second", "third"), strict=True):
        assert word in text
    cost = last["cost"]
    assert SIX_DECIMALS.fullmatch(cost["swarmCost"])
    assert float(cost["swarmCost"]) > 0
    money = {"inputTokens", "outputTokens", "swarmCost", "opusEquivalent", "saved", "savingsMultiplier"}
    assert set(cost) == money | {"session", "daily"}
    assert set(cost["session"]) == set(cost["daily"]) == money
    assert cost["savingsMultiplier"].endswith("x")
    after = daemon.get("/status")
    assert after["totalTasks"] == before["totalTasks"] + 3
    assert after["cost"]["session"] == cost["session"]
    assert {"requests", "avgResponseMs", "avgTaskMs", "totalTaskDurationMs", "uptime", "workers", "config"} <= set(
        after
    )


def test_no_prompts_are_no_fault(daemon: SwarmClient) -> None:
    events = daemon.stream("/parallel", {"prompts": []})
    assert (names(events), events[-1]["results"]) == (["start", "complete"], [])


def test_research_tells_its_phases_and_what_it_found_of_each_subject(daemon: SwarmClient) -> None:
    asked = {"subjects": ["Kafka", "NATS"], "topic": "delivery guarantees", "options": {"anything": 1}}
    events = daemon.stream("/research", asked)
    assert events[0]["event"] == "start"
    assert {"phase", "task"} <= set(names(events))
    last = events[-1]
    assert last["event"] == "complete"
    assert (last["subjects"], last["topic"]) == (asked["subjects"], asked["topic"])
    assert [item["subject"] for item in last["analyses"]] == asked["subjects"]
    assert all(item["analysis"] for item in last["analyses"])


def test_who_hangs_up_pays_no_more(daemon: SwarmClient) -> None:
    body = json.dumps({"prompts": [f"prompt {number}" for number in range(1000)]}).encode()
    host, port = daemon.address.removeprefix("http://").split(":")
    head = f"POST /parallel HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(head.encode() + body)
        while b"progress" not in line.recv(65_536):
            pass
    ended = "from runs.models import Run; print(Run.objects.order_by('-created_at').first().status)"
    wait_until(lambda: daemon.site.run_python(ended) == "canceled", within_s=20, what="the run is stopped")
    calls = daemon.provider.bill()["totals"]
    time.sleep(1)
    assert daemon.provider.bill()["totals"] == calls


def test_a_chain_tells_its_phases(daemon: SwarmClient) -> None:
    stages = [
        {"name": "Views", "mode": "parallel", "prompts": ["For", "Against"]},
        {"name": "Verdict", "mode": "reduce", "prompt": "Decide"},
    ]
    events = daemon.stream("/chain", {"name": "Two views", "stages": stages, "input": "Should we move?"})
    told = [(item["event"], item.get("name")) for item in events if item["event"].startswith("phase")]
    assert told == [
        *(("phase_start", "Views"), ("phase_complete", "Views")),
        *(("phase_start", "Verdict"), ("phase_complete", "Verdict")),
    ]
    last = events[-1]
    assert [stage["stage"] for stage in last["stages"]] == ["Views", "Verdict"]
    assert last["stats"]["totalStages"] == 2
    assert isinstance(last["output"], str)


def test_an_automatic_chain_begins_with_its_plan_which_the_preview_told(daemon: SwarmClient) -> None:
    asked = {"task": "Compare two message queues", "depth": "quick"}
    status, preview = daemon.ask("POST", "/chain/preview", {}, asked)
    assert (status, set(preview)) == (200, {"name", "meta", "stages"})
    assert (preview["meta"]["detectedPattern"], preview["meta"]["depth"]) == ("comparative", "quick")
    events = daemon.stream("/chain/auto", asked)
    assert events[0]["event"] == "plan"
    assert events[-1]["event"] == "complete"
    assert [item["name"] for item in events[0]["stages"]] == [item["name"] for item in preview["stages"]]


def test_a_preview_without_a_task_is_the_general_plan(daemon: SwarmClient) -> None:
    status, preview = daemon.ask("POST", "/chain/preview", {}, {})
    assert (status, preview["meta"]["detectedPattern"]) == (200, "general")
    assert len(preview["stages"]) == preview["meta"]["stageCount"] > 1
    assert daemon.ask("POST", "/chain/preview", {}, {"task": "x", "depth": "bottomless"})[0] == 400


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/parallel", b"{", "not JSON"),
        ("/parallel", b"[]", "JSON object"),
        ("/parallel", {"prompts": "one"}, "list of texts"),
        ("/chain", {"stages": [{"name": "x", "mode": "dance"}]}, "mode"),
        ("/chain/template", {"template": "nothing"}, "no template"),
    ],
)
def test_bad_input_is_an_event_of_a_good_answer(daemon: SwarmClient, path: str, body: object, said: str) -> None:
    events = daemon.stream(path, body)
    assert names(events) == ["start", "error"]
    assert said in events[-1]["error"]


def test_what_there_is_not_is_told_with_what_there_is(daemon: SwarmClient) -> None:
    for method, path in (("GET", "/parallel"), ("POST", "/dance"), ("GET", "/api/models"), ("GET", "/")):
        status, told = daemon.ask(method, path, {}, {} if method == "POST" else None)
        assert status == 404
        assert "POST /parallel" in told["available"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:9999"},
        {"Host": ""},
    ],
)
def test_web_pages_and_proxies_spend_nothing(daemon: SwarmClient, headers: dict[str, str]) -> None:
    before = daemon.provider.bill()["totals"]
    status, told = daemon.ask("POST", "/parallel", headers, {"prompts": ["spend"]})
    assert status in (400, 403)
    assert told is None or "This port" in told["error"]
    assert daemon.provider.bill()["totals"] == before
    assert daemon.ask("OPTIONS", "/parallel", headers)[0] in (400, 403)


def test_the_site_itself_does_not_open_by_it(daemon: SwarmClient) -> None:
    assert daemon.site.status_of("/api/runs") == 401
    assert daemon.site.status_of("/health") == 404


def test_the_daily_cap_holds_and_may_be_raised_again(daemon: SwarmClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE")
    for name, value in daemon.site.environment.items():
        monkeypatch.setenv(name, value)
    daemon.stream("/parallel", {"prompts": ["one"]})
    manage(daemon, "swarm_cap", "0")
    calls = daemon.provider.bill()["totals"]
    last = daemon.stream("/parallel", {"prompts": ["two", "three"]})[-1]
    said = str(last)
    assert last["event"] == "error" or last["results"] == [None, None], said
    assert "cap" in said.lower()
    assert daemon.provider.bill()["totals"] == calls
    cap_daemon(5.0)  # what "smartspawn setup --import-swarm-config" does with its max_daily_spend
    assert daemon.stream("/parallel", {"prompts": ["four"]})[-1]["stats"]["successful"] == 1


def test_a_revoked_key_stays_revoked(daemon: SwarmClient) -> None:
    daemon.stream("/parallel", {"prompts": ["one"]})
    assert (daemon.site.home / "swarm-daemon.key").stat().st_mode & 0o777 == 0o600
    revoke = "from django.utils import timezone\nfrom smartspawn.access.models import ApiKey\n"
    revoke += "print(ApiKey.objects.filter(name='Swarm daemon').update(revoked_at=timezone.now()))"
    assert daemon.site.run_python(revoke) == "1"
    try:
        events = daemon.stream("/parallel", {"prompts": ["two"]})
        assert names(events) == ["start", "error"]
        assert "revoked" in events[-1]["error"]
        assert daemon.ask("GET", "/status", {})[0] == 400
    finally:
        daemon.site.run_python(revoke.replace("timezone.now()", "None"))
