"""How fast runs are driven, and what becomes of them under faults; all against the provider simulator."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.bench.bare import ask_directly
from tests.bench.figures import ROOT, Figure
from tests.faults.run_script import make_key, post_parallel, start_simulated_run, tell_of_run
from tests.faults.test_runs import assert_money_adds_up, kill_a_worker, wait_for_end
from tests.runs.simulation import Simulation, running_simulator
from tests.site import clean_environment, running_site

SLOTS = "500"  # the most that a run of these may ask for
KILLS = 20
KILLED_NODES = 200
MANY = 10_000


def speed(folder: Path, runs: int) -> Iterator[Figure]:
    """Whole runs of parallel prompts, from taking the lease to the last commit."""
    home = _prepare(folder / "runs")
    with running_simulator(latency="100ms") as simulation:
        for count, slots, target_s in ((30, 50, 0.25), (1000, 200, 0.9)):
            told = _drive(home, simulation, count, slots, runs)
            yield Figure(
                f"{count} prompts, {slots} at once, 100 ms", "s", _each(told, "seconds"), _shown(count, slots), target_s
            )
        yield Figure("CPU per node, 200 at once", "ms", _each(told, "cpuMsPerNode"), _shown(1000, 200), 2)
        yield Figure("resident memory, 200 at once", "MiB", _each(told, "residentMib"), _shown(1000, 200), 200)
    with running_simulator(latency="500ms") as simulation:
        told = _drive(home, simulation, 1000, 200, runs)
        yield Figure("1000 prompts, 200 at once, 500 ms", "s", _each(told, "seconds"), _shown(1000, 200, "500ms"), 2.75)
        base_url = str(simulation.connection["base_url"])
        direct = [ask_directly(base_url, count=1000, slots=200) for _ in range(runs)]
        yield Figure("the same asked of the provider itself", "s", direct, "a bare aiohttp client in one process", 2.75)


def over_http(folder: Path, runs: int) -> Iterator[Figure]:
    """The same as a client of the site sees it: planned, written down, driven and streamed back."""
    with (
        running_simulator(latency="100ms") as simulation,
        running_site(folder / "http", SMARTSPAWN_RATE_LIMIT="off") as site,
    ):
        token = make_key(site, simulation)
        seconds = []
        for number in range(runs + 2):
            prompts = [f"What is {prompt} plus {number}?" for prompt in range(30)]
            began_s = time.perf_counter()
            lines = list(post_parallel(site, token, prompts))
            seconds.append(time.perf_counter() - began_s)
            if lines[-1]["event"] != "complete":
                raise SystemExit(f"not every prompt was answered: {lines[-1]}")
    # The first two warm the web process up: catalogue, connections, statements.
    yield Figure("POST /api/parallel, 30 prompts, 50 at once, 100 ms", "s", seconds[2:], "POST to last line", 0.25)


def lost_prompts(folder: Path, _runs: int) -> Iterator[Figure]:
    """Ten thousand prompts to a provider that fails one call in five."""
    home = _prepare(folder / "faults")
    with running_simulator(latency="20ms", error_rate=0.1, rate_limit_rate=0.1, retry_after=0.2) as simulation:
        (told,) = _drive(home, simulation, MANY, 200, 1)
    command = f"simulate_provider --error-rate 0.1 --rate-limit-rate 0.1; {_shown(MANY, 200)}"
    yield Figure(f"prompts lost of {MANY}", "prompts", [MANY - told["completed"]], command, 0)
    yield Figure("answers without a line in the ledger", "calls", [MANY - told["billed"]], command, 0)
    yield Figure("reservations left open", "reservations", [told["open"]], command, 0)


def kills(folder: Path, _runs: int) -> Iterator[Figure]:
    """A run of two hundred nodes whose worker is killed twenty times."""
    chance = random.Random(1)
    environment = {"WORKERS": "1", "MAX_PARALLEL_NODES_PER_RUN": "3", "RUN_TIMEOUT_SECONDS": "3600"}
    with (
        running_simulator(latency="lognormal:1000:0.5") as simulation,
        running_site(folder / "k", **environment) as site,
    ):
        run_id = start_simulated_run(site, simulation, KILLED_NODES)
        killed = 0
        while killed < KILLS and tell_of_run(site, run_id)["status"] in ("queued", "running"):
            time.sleep(chance.uniform(0.5, 4.0))
            kill_a_worker(site)
            killed += 1
        told = wait_for_end(site, run_id, within_s=900)
        bill = simulation.bill()
    if told["status"] != "completed":
        print(f"the run ended as {told['status']}: {told['error']}; nodes: {told['nodes']}")
    command = f"manage.py up; {killed} times kill -9 of the worker at random moments, seed 1"
    again = sum(count - 1 for count in told["completedEvents"].values())
    lost = KILLED_NODES - told["nodes"].get("completed", 0)
    yield Figure(f"finished results lost in {killed} kills", "nodes", [lost], command, 0)
    yield Figure("finished nodes done again", "nodes", [again], command, 0)
    yield Figure("reservations left open", "reservations", [told["openReservations"]], command, 0)
    yield Figure("calls that ledger and bill disagree on", "calls", [_disagreements(told, bill)], command, 0)


def _disagreements(told: Mapping[str, Any], bill: Mapping[str, Any]) -> int:
    try:
        assert_money_adds_up(dict(told), dict(bill))
    except AssertionError as difference:
        print(difference)
        return 1
    return 0


def _prepare(home: Path) -> Path:
    home.mkdir(parents=True)
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=_environment(home), check=True)
    return home


def _environment(home: Path) -> dict[str, str]:
    return clean_environment(home, MAX_PARALLEL_NODES_PER_RUN=SLOTS, LOG_LEVEL="ERROR")


def _drive(home: Path, simulation: Simulation, count: int, slots: int, times: int) -> list[dict[str, Any]]:
    arguments = [json.dumps(simulation.connection), str(count), str(slots), str(times)]
    command = [sys.executable, "-m", "tests.bench.driver", *arguments]
    output = subprocess.run(command, cwd=ROOT, env=_environment(home), stdout=-1, text=True, check=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def _each(told: list[dict[str, Any]], name: str) -> list[float]:
    return [float(item[name]) for item in told]


def _shown(count: int, slots: int, latency: str = "100ms") -> str:
    return f"python -m tests.bench.driver ... {count} {slots}, beside manage.py simulate_provider --latency {latency}"
