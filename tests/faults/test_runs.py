"""Workers are killed in the middle of runs: nothing finished is lost or done again, and the money adds up."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.faults.run_script import (
    cancel_simulated_run,
    make_key,
    post_parallel,
    start_simulated_run,
    tell_of_run,
)
from tests.runs.simulation import Simulation, running_simulator
from tests.site import Site, running_site, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("site")]

NODES = 200
KILLS = 3
SEED = 20261121


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with running_simulator(latency="lognormal:300:0.5") as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    environment = {"WORKERS": "1", "MAX_PARALLEL_NODES_PER_RUN": "10"}
    with running_site(tmp_path_factory.mktemp("runs"), **environment) as running:
        yield running


def kill_a_worker(site: Site) -> None:
    with suppress(psutil.NoSuchProcess, ValueError):
        random.choice(site.workers()).kill()


def wait_for_end(site: Site, run_id: str, *, within_s: float) -> dict[str, Any]:
    told: dict[str, Any] = {}

    def is_over() -> bool:
        told.update(tell_of_run(site, run_id))
        return told["status"] not in ("queued", "running")

    wait_until(is_over, within_s=within_s, what=f"the run ends: {told}")
    return told


def assert_money_adds_up(told: dict[str, Any], bill: dict[str, Any]) -> None:
    """Every call that was billed is in the ledger at what was billed, or flagged as uncertain; and no other is."""
    lines = {call_id: (status, cost) for call_id, status, cost in told["ledger"]}
    billed = {key: line for key, line in bill["calls"].items() if key in lines or line["costNanoUsd"]}
    for key, line in billed.items():
        status, cost = lines[key]
        assert status == "uncertain" or cost == line["costNanoUsd"], f"{key}: {status} {cost}, billed {line}"
    for key, (status, cost) in lines.items():
        assert status == "uncertain" or key in bill["calls"] or cost == 0, f"{key} was never made"


def test_a_run_survives_killed_workers(site: Site, simulation: Simulation) -> None:
    """About six seconds of work, and its worker is killed at random moments of it."""
    chance = random.Random(SEED)
    run_id = start_simulated_run(site, simulation, NODES)
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.5, 2.5))
        kill_a_worker(site)
    told = wait_for_end(site, run_id, within_s=120)
    assert told["status"] == "completed", told["error"]
    assert told["nodes"] == {"completed": NODES}
    assert told["driveCount"] >= 2, "no kill hit the run; the test tests nothing"
    assert set(told["completedEvents"].values()) == {1}, "a finished node was done again"
    assert told["openReservations"] == 0
    assert_money_adds_up(told, simulation.bill())


def test_a_killed_workers_run_goes_on_within_a_minute(site: Site, simulation: Simulation) -> None:
    run_id = start_simulated_run(site, simulation, NODES)
    wait_until(lambda: tell_of_run(site, run_id)["driveCount"] == 1, within_s=30, what="the run is driven")
    kill_a_worker(site)
    killed_at = time.monotonic()
    wait_until(lambda: tell_of_run(site, run_id)["driveCount"] == 2, within_s=60, what="another driver goes on")
    assert time.monotonic() - killed_at < 60
    assert wait_for_end(site, run_id, within_s=60)["status"] == "completed"


def test_a_run_that_the_web_process_drove_is_gone_on_with_by_a_worker(site: Site, simulation: Simulation) -> None:
    lines = post_parallel(site, make_key(site, simulation), [f"What is {number} times 7?" for number in range(60)])
    run_id = next(lines)["runId"]
    next(line for line in lines if line["event"] == "progress")
    site.main_of("serve").kill()
    told = wait_for_end(site, run_id, within_s=90)
    assert told["status"] == "completed"
    assert (told["driveCount"], told["drivenBy"].split()[0]) == (2, "worker")
    assert told["nodes"] == {"completed": 60}
    assert set(told["completedEvents"].values()) == {1}
    assert told["openReservations"] == 0
    assert_money_adds_up(told, simulation.bill())


def test_a_canceled_run_closes_its_connections_to_the_provider_within_two_seconds(site: Site) -> None:
    with running_simulator(latency="30s") as slow:
        run_id = start_simulated_run(site, slow, 30)
        wait_until(lambda: slow.bill()["inFlight"] == 10, within_s=60, what="ten calls are open")
        cancel_simulated_run(site, run_id)
        canceled_at = time.monotonic()
        wait_until(lambda: slow.bill()["inFlight"] == 0, within_s=5, what="every connection is closed")
        assert time.monotonic() - canceled_at < 2
        told = wait_for_end(site, run_id, within_s=10)
        assert (told["status"], told["nodes"]) == ("canceled", {"canceled": 30})
        assert slow.bill()["totals"]["seen"] == 10, "something new was started"
        assert told["openReservations"] == 0


def test_a_stopped_site_hands_its_runs_over_to_the_next_start(tmp_path: Path, simulation: Simulation) -> None:
    home = tmp_path / "home"
    environment = {"WORKERS": "1", "MAX_PARALLEL_NODES_PER_RUN": "5"}
    with running_site(home, **environment) as first:
        run_id = start_simulated_run(first, simulation, 60)
        wait_until(lambda: tell_of_run(first, run_id)["nodes"].get("completed"), within_s=30, what="it is under way")
        first.stop()
    with running_site(home, **environment) as second:
        told = wait_for_end(second, run_id, within_s=90)
    assert told["status"] == "completed"
    assert set(told["completedEvents"].values()) == {1}
    assert told["openReservations"] == 0
