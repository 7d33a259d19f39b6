"""``manage.py work``: execute queued tasks."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from types import FrameType

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseFault
from django.db import close_old_connections

from smartspawn.checks import SETTINGS_TAG
from smartspawn.lib.errors import SmartSpawnError
from smartspawn.management.commands.sync_schedules import SCHEDULES
from smartspawn.processes import end_forks_with_parent, end_with_supervisor

LOG = logging.getLogger(__name__)
# A task gets this long to finish after the signal to stop; less than the supervisor's own patience.
STOP_GRACE_S = 6.0
RECORD_EVERY_S = 5.0
TICK_S = 0.5


class Command(BaseCommand):
    help = "Execute queued tasks until told to stop (SIGTERM or Ctrl-C)."
    requires_system_checks = (SETTINGS_TAG,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--beat-file", type=Path, help="touched while tasks come through, for a watchdog")
        parser.add_argument(
            "--sole", action="store_true", help="no other worker serves this database: take over tasks left behind"
        )

    def handle(self, *_args: object, beat_file: Path | None, sole: bool, **_options: object) -> None:
        from django_q.cluster import Cluster

        from smartspawn import heartbeat

        end_with_supervisor()
        end_forks_with_parent()
        folder = _make_folder(beat_file)
        os.environ[heartbeat.BEATS_DIR_VARIABLE] = str(folder)
        heartbeat.mark_busy_workers()
        if sole:
            released = heartbeat.release_taken_tasks()
            LOG.info("took over %d tasks left behind", released)
        _load_tasks()
        try:
            cluster = Cluster()
            _stop_hard_after_grace(cluster, folder)
            cluster.start()
            _watch(cluster, folder, beat_file)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _load_tasks() -> None:
    """Load what the queue calls before the workers are forked: they share it, and no first task waits for it."""
    for function, _argument, _minutes in SCHEDULES.values():
        import_module(function.rpartition(".")[0])


def _make_folder(beat_file: Path | None) -> Path:
    """An empty folder for the workers' signs; the one beside the beat file holds what a killed cluster left."""
    if beat_file is None:
        return Path(tempfile.mkdtemp(prefix="smartspawn-queue-"))
    folder = beat_file.with_suffix(".signs")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _stop_hard_after_grace(cluster: object, folder: Path) -> None:
    """On a signal, let the cluster finish what it does, but not for ever."""
    from smartspawn.heartbeat import announce_stop

    def stop(number: int, frame: FrameType | None) -> None:
        announce_stop(folder)
        end = threading.Timer(STOP_GRACE_S, os._exit, args=[1])  # the forks follow their parent
        end.daemon = True
        end.start()
        cluster.sig_handler(number, frame)  # type: ignore[attr-defined]  # django-q2 ships no types

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _watch(cluster: object, folder: Path, beat_file: Path | None) -> None:
    """Pass on the sign of life while the cluster works; return when it has ended."""
    from smartspawn.heartbeat import is_flowing

    (folder / "beat").touch()  # the workers are being started: the first beat has its time, too
    is_alive_now = threading.Event()
    threading.Thread(target=_record, args=(is_alive_now,), daemon=True).start()
    while cluster.sentinel.is_alive():  # type: ignore[attr-defined]  # django-q2 ships no types
        if is_flowing(folder, time.time()):
            is_alive_now.set()
            if beat_file:
                beat_file.touch()
        else:
            is_alive_now.clear()
        time.sleep(TICK_S)


def _record(is_alive_now: threading.Event) -> None:
    """Write the heartbeat row while tasks come through; a slow database must not delay the watchdog's file.

    Runs whose driver died are looked for here too: all workers may be busy with long ones.
    """
    from runs.driving.sweep import sweep_runs
    from smartspawn.heartbeat import QUEUE_NAME_PREFIX, record_heartbeat

    name = f"{QUEUE_NAME_PREFIX}{socket.gethostname()}:{os.getpid()}"
    while True:
        is_alive_now.wait()
        try:
            record_heartbeat(name)
            sweep_runs()
        except (DatabaseFault, SmartSpawnError):
            LOG.warning("the heartbeat could not be written, or forsaken runs not be looked for", exc_info=True)
        close_old_connections()
        time.sleep(RECORD_EVERY_S)
