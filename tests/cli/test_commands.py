"""The command as a person and a script use it, against a running site and the provider simulator."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from runs.simulator.scenario import Latency, Scenario
from smartspawn.cli.site import facts
from tests.simulated import Simulated
from tests.site import ROOT, Site, clean_environment, running_site, wait_until

pytestmark = pytest.mark.faults


class Shell:
    """Runs the command with settings of its own."""

    def __init__(self, site: Site, folder: Path, provider: Simulated) -> None:
        self.provider = provider
        self._environment = {
            **site.environment,
            "XDG_CONFIG_HOME": str(folder),
            "SMARTSPAWN_URL": site.address,
            "PATH": os.environ["PATH"],
        }

    def __call__(self, *words: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "smartspawn.cli", *words],
            cwd=ROOT,
            env={**self._environment, **environment},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """The command while it runs."""
        return subprocess.Popen(
            [sys.executable, "-m", "smartspawn.cli", *words],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Whoever runs the tests in the background of a script has had Ctrl-C switched off for all its children.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509  no threads
        )

    def json(self, *words: str, stdin: str = "") -> Any:
        """What the command prints for programs."""
        done = self(*words, "--json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with (
        Simulated() as provider,
        running_site(tmp_path_factory.mktemp("cli"), SMARTSPAWN_RATE_LIMIT="off") as site,
    ):
        done = subprocess.run(
            [sys.executable, "manage.py", "connect_simulator", f"{provider.url}/v1"],
            cwd=ROOT,
            env=dict(site.environment),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        made = Shell(site, tmp_path_factory.mktemp("config"), provider)
        kept = made("setup")
        assert kept.returncode == 0, kept.stderr
        yield made


def test_setup_made_a_key_that_opens_the_site(shell: Shell) -> None:
    assert shell.json("diagnose")["ok"] is True
    assert shell.json("status")["status"] == "ready"
    assert shell.json("setup")["connection"] is None


def test_a_dead_key_does_not_make_the_site_less_ready(shell: Shell) -> None:
    done = shell("status", SMARTSPAWN_API_KEY="ss_00000000_dead")
    assert (done.returncode, "is ready" in done.stdout, "opens nothing" in done.stderr) == (0, True, True), done


def test_a_dead_key_is_blamed_on_the_key_and_not_on_the_site(shell: Shell) -> None:
    done = shell("diagnose", "--json", SMARTSPAWN_API_KEY="ss_00000000_dead")
    assert done.returncode == 1
    said = {check["name"]: check["ok"] for check in json.loads(done.stdout)["checks"]}
    assert (said["site"], said["database"], said["key"]) == (True, True, False)


def test_choosing_prints_ids_for_people_and_json_for_programs(shell: Shell) -> None:
    picked = shell("pick", "coding")
    assert shell.json("pick", "coding")["id"] == picked.stdout.splitlines()[0]
    assert len(shell.json("recommend", "coding", "--count", "2")) == 2
    assert shell.json("route", "Refactor the billing module")["driverKind"]
    two = [item["model"]["id"] for item in shell.json("recommend", "coding", "--count", "2")]
    assert [item["id"] for item in shell.json("compare", *two)["models"]] == two


def test_a_run_prints_its_answer_and_tells_the_rest_beside_it(shell: Shell) -> None:
    done = shell("run", "Name a colour", "--simulate")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[simulated]")
    assert "completed" in done.stderr
    assert "(simulated)" in done.stderr
    assert "\x1b[" not in done.stdout + done.stderr
    page = re.search(r"Its page: http\S+/runs/([0-9a-f-]{36})/", done.stderr)
    assert page
    assert shell("cancel", page[0].removeprefix("Its page: ")).stdout.strip() == "completed"  # an address does too


@pytest.mark.parametrize("command", [("cancel",), ("approve",), ("events",), ("rate", "4")])
def test_what_is_no_runs_id_is_said_at_once(shell: Shell, command: tuple[str, ...]) -> None:
    name, *rest = command
    done = shell(name, "nope", *rest)
    assert done.returncode == 2
    assert "'nope' is no run's id" in done.stderr


def test_without_a_key_it_says_where_one_is_made(shell: Shell) -> None:
    done = shell("spend", SMARTSPAWN_API_KEY="", HOME="/nonexistent", XDG_CONFIG_HOME="/nonexistent")
    assert done.returncode == 4
    assert "This needs a key of the site. Make one at http" in done.stderr
    assert "/account/keys/" in done.stderr
    assert "Authorization" not in done.stderr


def test_an_age_is_told_in_days_once_it_has_some() -> None:
    assert facts({"ok": True, "revision": 1, "age_s": 10_643_407}) == "revision 1, age 123 days"
    assert facts({"heartbeat_age_s": 4}) == "heartbeat_age_s 4"


def test_a_task_may_come_through_a_pipe_and_a_run_may_be_left_alone(shell: Shell) -> None:
    run_id = shell("run", "-", "--simulate", "--detach", stdin="Name a colour").stdout.strip()
    lines = [json.loads(line) for line in shell("events", run_id).stdout.splitlines()]
    assert lines[-1]["event"] == "run.completed"


def test_a_run_is_rated_by_its_id(shell: Shell) -> None:
    run_id = shell.json("run", "Name a tree", "--simulate", "--detach")["id"]
    shell("events", run_id)
    assert shell.json("rate", run_id, "4", "--reason", "great")["rating"] == 4
    assert shell("rate", run_id, "9").returncode == 2
    assert shell("rate", run_id, "4", "--reason", "splendid").returncode == 2


def test_piped_prompts_give_one_result_a_line_in_their_order(shell: Shell) -> None:
    done = shell("parallel", "--simulate", stdin="first\nsecond\n\nthird\n")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    for line, word in zip(lines, ("first", "second", "third"), strict=True):
        assert f"to: {word}" in line
    assert shell("parallel", "-", "--simulate", stdin="first\nsecond\n\nthird\n").stdout == done.stdout


def test_prompts_may_come_from_a_file(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text("one\ntwo\n")
    assert len(shell.json("parallel", "--simulate", "--file", str(tmp_path / "prompts.txt"))["results"]) == 2


def test_chains_and_the_bench_run_against_the_simulator(shell: Shell) -> None:
    assert shell.json("chain", "Compare A and B", "--depth", "quick", "--simulate")["stats"]["failed"] == 0
    figures = shell.json("bench", "--tasks", "5")
    assert (figures["tasks"], figures["failed"], figures["isSimulated"]) == (5, 0, True)


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["run", "Name a colour"], 1, "No connection serves any model yet"),
        (["pick"], 2, "task"),
        (["recommend", "coding", "--count", "9"], 2, "less than or equal to 5"),
        (["run", "x", "--simulate", "--options", "{"], 2, "no JSON"),
        (["run", "x", "--simulate", "--mode", "solo"], 2, "mode must be one of"),
        (["parallel", "--simulate"], 2, "no prompt"),
        (["parallel", "--file", "/no/such/file"], 2, "cannot be read"),
        (["--url", "http://127.0.0.1:1", "status"], 3, "smartspawn start"),
        (["events", "00000000-0000-4000-8000-000000000000"], 1, "run not found"),
        (["dance"], 2, "No such command"),
    ],
)
def test_what_goes_wrong_has_its_exit_code_and_says_what_to_do(
    shell: Shell, words: list[str], exit_code: int, said: str
) -> None:
    done = shell(*words)
    assert done.returncode == exit_code, done.stdout + done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_that_opens_nothing_is_told_apart(shell: Shell) -> None:
    done = shell("spend", SMARTSPAWN_API_KEY="ss_00000000_nothing")
    assert done.returncode == 4
    assert "opens nothing" in done.stderr


def test_setup_says_when_a_provider_does_not_answer(shell: Shell) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/v1"
    for _ in range(2):
        done = shell("setup", "--provider", "custom", "--address", nobody, stdin="sk-some-key\n")
        assert done.returncode == 1
        assert "is kept, but its test failed: 127.0.0.1 cannot be reached" in done.stderr
    shown = shell("setup", "--provider", "dance")
    assert (shown.returncode, "There are: openrouter, openai" in shown.stderr) == (2, True)
    assert shell("setup", "--provider", "openai").returncode == 2  # nobody can be asked for its key


def test_setup_tests_what_it_connects_and_gives_one_that_is_there_its_new_key(shell: Shell) -> None:
    connected = []
    for _ in range(2):
        done = shell("setup", "--provider", "custom", "--address", f"{shell.provider.url}/v1", stdin="sk-some-key\n")
        assert (done.returncode, "is connected and answers" in done.stderr) == (0, True), done.stderr
        found = json.loads(shell("diagnose", "--json").stdout)["checks"]
        connected.append([check["name"] for check in found if check["name"].startswith("provider")])
    assert connected[0] == connected[1]  # one connection, not two


def test_a_kept_key_that_opens_nothing_any_more_is_replaced(shell: Shell) -> None:
    done = shell("setup", SMARTSPAWN_API_KEY="ss_00000000_nothing")
    assert done.returncode == 0, done.stderr
    assert "opens nothing" in done.stderr
    assert shell.json("status")["status"] == "ready"
    assert shell("spend").returncode == 0


def test_a_run_that_waits_for_a_yes_says_so_to_people_and_programs_and_is_let_go_or_stopped(shell: Shell) -> None:
    waits = ("run", "Name a colour", "--model", "simulated/small", "--options", '{"approveAboveUsd": 0}')
    told = shell(*waits)
    assert (told.returncode, "smartspawn approve" in told.stderr) == (6, True), told.stderr
    for command in ("approve", "cancel"):
        waiting = shell(*waits, "--json")
        assert waiting.returncode == 6
        assert shell(command, json.loads(waiting.stdout)["id"]).returncode == 0


def test_a_run_that_its_cap_stopped_is_told_apart_and_is_not_to_be_rated(shell: Shell) -> None:
    done = shell("run", "Name a colour", "--model", "simulated/small", "--max-usd", "0.000000001")
    assert (done.returncode, done.stdout) == (5, ""), done.stderr
    assert "Its page:" in done.stderr
    assert "smartspawn rate" not in done.stderr
    assert "may spend" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "Take your time", "--mode", "swarm", "--simulate"), "The run goes on. Follow it: smartspawn events"),
        (("parallel", "--simulate", *map(str, range(200))), "Stopped: what was under way is broken off"),
    ],
)
def test_ctrl_c_says_what_becomes_of_the_work(shell: Shell, words: tuple[str, ...], said: str) -> None:
    shell.provider.behave(Scenario(latency=Latency(20_000)))
    others = shell.provider.bill.in_flight_count  # of the run before, which goes on
    try:
        console = shell.begin(*words)
        wait_until(lambda: shell.provider.bill.in_flight_count > others, within_s=60, what="the first call")
        console.send_signal(signal.SIGINT)
        _, told = console.communicate(timeout=60)
    finally:
        shell.provider.behave(Scenario())
    assert console.returncode == 130, told
    assert said in told
    assert "Traceback" not in told


def test_a_site_is_started_in_the_background_looked_at_and_stopped(tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    environment = clean_environment(tmp_path / "home", PORT=address.rsplit(":", 1)[1])  # which says where it answers
    environment |= {"XDG_CONFIG_HOME": str(tmp_path), "PATH": os.environ["PATH"]}

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "smartspawn.cli", *words],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    try:
        swarm = free_port()
        started = command("start", "--swarm-port", str(swarm))
        assert started.returncode == 0, started.stderr
        assert "already" in command("start").stderr
        assert command("status").returncode == 0
        assert json.loads(command("start", "--json").stdout)["isNew"] is False
        restarted = command("restart", "--json")
        assert json.loads(restarted.stdout)["isNew"] is True, restarted.stderr
        with urllib.request.urlopen(f"http://127.0.0.1:{swarm}/health", timeout=10) as answer:  # kept, though not named
            assert json.load(answer)["status"] == "ok"
        assert "console.log" in command("logs", "3").stdout
        files = {Path(log["file"]).name: log["lines"] for log in json.loads(command("logs", "3", "--json").stdout)}
        assert 1 <= len(files["console.log"]) <= 3
    finally:
        stopped = command("stop")
    assert "Stopped" in stopped.stdout
    assert json.loads(command("stop", "--json").stdout) == {"wasUp": False}
    assert command("status").returncode == 3
    assert "Nothing runs" in command("stop").stderr


def test_a_site_whose_home_cannot_be_written_to_is_not_started(shell: Shell) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    done = shell("start", SMARTSPAWN_HOME="/proc", PORT=nobody.rsplit(":", 1)[1], SMARTSPAWN_URL=nobody)
    assert (done.returncode, "/proc cannot be written to" in done.stderr) == (1, True), done.stderr


def test_a_file_that_an_option_names_and_that_is_not_there_is_named(shell: Shell) -> None:
    done = shell("chain", "Compare", "--data", "@/no/such/file", "--simulate")
    assert (done.returncode, done.stderr) == (2, "/no/such/file cannot be used: No such file or directory\n")


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
