"""The site under ``manage.py up`` survives the death of any of its processes, and dies without leaving one behind."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.site import ROOT, Site, clean_environment, running_site, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("site")]

PROCESS_COUNT = 7  # with one worker: supervisor, web; queue main, sentinel, worker, monitor, pusher
QUEUE_A_NAP = "from django_q.tasks import async_task; async_task('time.sleep', {seconds})"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One worker: when it is idle, it holds the lock of the cluster's internal queue."""
    with running_site(tmp_path_factory.mktemp("site"), WORKERS="1") as running:
        wait_until(lambda: len(running.processes()) == PROCESS_COUNT, within_s=20, what="all processes run")
        yield running


def ring(site: Site, mark: Path) -> None:
    """Queue a task that leaves a file when it is executed."""
    site.run_python(
        "from pathlib import Path; from django_q.tasks import async_task; "
        f"async_task('pathlib.Path.touch', Path({str(mark)!r}))"
    )


def assert_work_gets_done(site: Site, *, within_s: float) -> None:
    mark = site.home / f"mark-{time.monotonic_ns()}"
    ring(site, mark)
    wait_until(mark.exists, within_s=within_s, what="a queued task is executed")


def assert_whole(site: Site) -> None:
    """Exactly one process of each kind: nobody is missing, and no orphan goes on beside its successor."""
    wait_until(lambda: len(site.processes()) == PROCESS_COUNT, within_s=30, what="each process once")


def test_an_idle_worker_killed_with_the_queue_lock_in_hand_does_not_stop_the_queue(site: Site) -> None:
    cluster = site.main_of("work")
    site.workers()[0].kill()
    assert_work_gets_done(site, within_s=45)
    assert site.main_of("work") != cluster, "the stall was not seen; this test no longer stalls the queue"
    assert "worker stalled" in site.console
    assert_whole(site)


@pytest.mark.parametrize("victim", ["queue main", "sentinel", "web"])
def test_a_killed_process_comes_back_without_orphans(site: Site, victim: str) -> None:
    old = site.processes()
    target = {
        "queue main": lambda: site.main_of("work"),
        "sentinel": site.sentinel,
        "web": lambda: site.main_of("serve"),
    }[victim]()
    target.kill()
    target.wait(10)  # a killed process lives on until the kernel comes to it
    wait_until(lambda: site.status_of("/healthz") == 200, within_s=30, what="the site answers")
    assert_whole(site)
    assert target not in site.processes()
    if victim != "web":
        survivors = {process for process in site.processes() if process in old}
        assert survivors == {psutil.Process(site.supervisor.pid), site.main_of("serve")}
    assert_work_gets_done(site, within_s=30)


def test_a_frozen_queue_is_replaced(site: Site) -> None:
    cluster = site.main_of("work")
    cluster.suspend()
    wait_until(lambda: not cluster.is_running(), within_s=30, what="the frozen cluster is killed")
    assert_work_gets_done(site, within_s=30)
    assert_whole(site)


def test_a_long_task_is_not_taken_for_a_stall(site: Site) -> None:
    cluster = site.main_of("work")
    site.run_python(QUEUE_A_NAP.format(seconds=20))
    time.sleep(19)
    assert site.main_of("work") == cluster
    assert_work_gets_done(site, within_s=30)
    assert site.main_of("work") == cluster


def test_readiness_follows_the_queue(site: Site) -> None:
    wait_until(lambda: site.status_of("/readyz") == 200, within_s=20, what="ready")
    with urllib.request.urlopen(f"{site.address}/readyz", timeout=5) as response:
        checks = json.load(response)["checks"]
    assert checks["queue"]["heartbeat_age_s"] <= 10
    assert checks["database"]["ok"] is True


# --- the end ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_within_seconds(tmp_path: Path, number: int) -> None:
    with running_site(tmp_path / "home") as site:
        wait_until(lambda: len(site.processes()) == PROCESS_COUNT + 1, within_s=20, what="all processes run")
        started = time.monotonic()
        assert site.stop(number) == 0
        assert time.monotonic() - started < 6
        assert site.processes() == []
        assert "Stopped." in site.console


def test_stopping_does_not_wait_for_ever_for_a_task(tmp_path: Path) -> None:
    with running_site(tmp_path / "home") as site:
        site.run_python(QUEUE_A_NAP.format(seconds=600))
        time.sleep(2)
        started = time.monotonic()
        assert site.stop() == 0
        assert time.monotonic() - started < 12
        assert site.processes() == []


def test_a_task_that_a_dead_cluster_had_taken_is_done_at_the_next_start(tmp_path: Path) -> None:
    home, mark = tmp_path / "home", tmp_path / "mark"
    with running_site(home) as site:
        site.stop()
        ring(site, mark)
        # Taken, and not to be given to anybody else for half an hour.
        site.run_python(
            "from datetime import timedelta; from django.utils import timezone; from django_q.models import OrmQ; "
            "OrmQ.objects.update(lock=timezone.now() + timedelta(minutes=30))"
        )
    with running_site(home):
        wait_until(mark.exists, within_s=20, what="the task left behind is executed")


def test_a_killed_supervisor_leaves_nothing_behind(tmp_path: Path) -> None:
    with running_site(tmp_path / "home") as site:
        site.supervisor.kill()
        wait_until(lambda: site.processes() == [], within_s=10, what="nothing is left")


def test_supervisor_and_queue_main_killed_together_leave_nothing_behind(tmp_path: Path) -> None:
    with running_site(tmp_path / "home") as site:
        cluster = site.main_of("work")
        site.supervisor.kill()
        cluster.kill()
        wait_until(lambda: site.processes() == [], within_s=10, what="nothing is left")


# --- reasons not to start ----------------------------------------------------------------------------


def refusal(home: Path, **environment: str) -> tuple[int, str]:
    """How ``manage.py up`` ends where it cannot start: exit code and words."""
    home.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env=clean_environment(home, **environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, words = refusal(tmp_path / "home", PORT=str(port))
    assert code == 3
    assert f"port {port}" in words
    assert "Traceback" not in words


def test_a_second_start_in_the_same_home_is_refused(tmp_path: Path) -> None:
    with running_site(tmp_path / "home") as site:
        code, words = refusal(site.home)
        assert code == 6
        assert str(site.supervisor.pid) in words
        assert site.status_of("/healthz") == 200


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "smartspawn.db").write_bytes(b"this is not a database" * 100)
    code, words = refusal(home)
    assert code == 4
    assert "smartspawn.db" in words
    assert "Traceback" not in words


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running_site(home) as site:
        site.run_python(
            "from django.db import connection; from django.db.migrations.recorder import MigrationRecorder; "
            "MigrationRecorder(connection).record_applied('access', '9999_from_the_future')"
        )
        site.stop()
    code, words = refusal(home)
    assert code == 4
    assert "newer version" in words
    assert "9999_from_the_future" in words


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    done = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env={**clean_environment(tmp_path), "SMARTSPAWN_HOME": str(file / "home")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert str(file / "home") in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_settings_are_named(tmp_path: Path) -> None:
    code, words = refusal(tmp_path / "home", PORT="eighty")
    assert (code, "PORT='eighty'" in words) == (2, True)
