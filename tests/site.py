"""A whole site, started as its owner starts it, for tests that need more than one process."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

import psutil

ROOT = Path(__file__).resolve().parent.parent
STARTED = re.compile(r"is up at\s+(?P<address>\S+)")
LINK = re.compile(r"with\s+(?P<link>http\S+)")
DATABASE, STATIC = "smartspawn.db", "static"  # in a site's home
START_TIMEOUT_S = 180.0  # a quiet machine takes five; others may keep it busy
# The suite's own variables are not for the product: it reads its settings as it would anywhere.
_OURS = ("DJANGO_SETTINGS_MODULE", "SMARTSPAWN_", "PYTEST_", "HOST", "PORT", "SECRET_KEY", "DEBUG")


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """An environment for a site of its own in ``home``, on a free port, on SQLite."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    kept = {name: value for name, value in kept.items() if not name.endswith("_API_KEY")}  # no provider is asked
    kept.pop("DATABASE_URL", None)
    kept.pop("REDIS_URL", None)
    own = {"SMARTSPAWN_HOME": str(home), "SMARTSPAWN_DOTENV": "off", "SMARTSPAWN_AUTO_REFRESH": "off", "PORT": "0"}
    return {**kept, **own, **more}


def wait_until(is_true: Callable[[], object], *, within_s: float, what: str) -> None:
    """Return when the condition holds; fail the test with ``what`` when it does not in time."""
    deadline = time.monotonic() + within_s
    while not is_true():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        time.sleep(0.1)


class Site:
    """A running ``manage.py up``."""

    def __init__(self, home: Path, environment: Mapping[str, str], *options: str) -> None:
        self.home = home
        self.environment = environment
        self._console_path = home / "console.txt"
        self._console = self._console_path.open("ab")
        self.supervisor = subprocess.Popen(
            [sys.executable, "manage.py", "up", *options],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._console,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    # --- what it says -----------------------------------------------------------------------

    @property
    def console(self) -> str:
        """Everything it has printed."""
        return self._console_path.read_text()

    @property
    def address(self) -> str:
        """Where it answers."""
        found = STARTED.findall(self.console)
        return str(found[-1])

    @property
    def signin_link(self) -> str:
        """The link that signs an admin in, once."""
        found = LINK.findall(self.console)
        return str(found[-1])

    def wait_for_start(self) -> None:
        """Return when it has told its address."""
        wait_until(
            lambda: STARTED.search(self.console) or self.supervisor.poll() is not None,
            within_s=START_TIMEOUT_S,
            what="the site is up",
        )
        assert self.supervisor.poll() is None, self.console

    def status_of(self, path: str) -> int:
        """The HTTP status of a GET; 0 while nobody answers."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.address + path, timeout=5) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    # --- its processes ----------------------------------------------------------------------

    def processes(self) -> list[psutil.Process]:
        """Every process of this site that runs, orphans too, the supervisor first."""
        mine = []
        for process in psutil.process_iter(["pid"]):
            try:
                is_mine = process.environ().get("SMARTSPAWN_HOME") == str(self.home)
                if is_mine and process.status() != psutil.STATUS_ZOMBIE:
                    mine.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return sorted(mine, key=lambda process: process.pid != self.supervisor.pid)

    def main_of(self, command: str) -> psutil.Process:
        """The supervisor's child that runs ``manage.py serve`` or ``work``."""
        children = psutil.Process(self.supervisor.pid).children()
        return next(child for child in children if command in child.cmdline())

    def sentinel(self) -> psutil.Process:
        """The process that guards the queue's workers."""
        (sentinel,) = self.main_of("work").children()
        return sentinel

    def workers(self) -> list[psutil.Process]:
        """The queue's workers; the sentinel starts them before monitor and pusher."""
        children = sorted(self.sentinel().children(), key=lambda process: (process.create_time(), process.pid))
        return children[: int(self.environment.get("WORKERS", "2"))]

    def run_python(self, code: str) -> str:
        """What this code prints when it runs beside the site."""
        done = subprocess.run(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", code],
            cwd=ROOT,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    # --- its end ----------------------------------------------------------------------------

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it by a signal and return its exit code."""
        self.supervisor.send_signal(number)
        return self.supervisor.wait(20)

    def kill_all(self) -> None:
        """Leave nothing, whatever the test did."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.supervisor.wait(20)
        self._console.close()


@lru_cache(maxsize=1)
def _prepared_home() -> Path:
    """A home as the first start leaves it, made once for all tests of this process: that takes longer than starting."""
    home = Path(mkdtemp(prefix="prepared-home-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    prepare = "from smartspawn.startup import prepare_site; prepare_site(print)"
    subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", prepare],
        cwd=ROOT,
        env=clean_environment(home),
        capture_output=True,
        check=True,
    )
    return home


def furnish_home(home: Path) -> None:
    """Have tables, catalogue and static files stand in an empty home; its secrets it makes itself."""
    home.mkdir(parents=True, exist_ok=True)
    if not (home / DATABASE).exists():
        shutil.copy(_prepared_home() / DATABASE, home)
        shutil.copytree(_prepared_home() / STATIC, home / STATIC, dirs_exist_ok=True)


@contextmanager
def running_site(home: Path, *, is_first_start: bool = False, **environment: str) -> Iterator[Site]:
    """A site that is up; gone afterwards. Unless it is about the first start, its home is furnished already."""
    if is_first_start:
        home.mkdir(parents=True, exist_ok=True)
    else:
        furnish_home(home)
    site = Site(home, clean_environment(home, **environment))
    try:
        site.wait_for_start()
        yield site
    finally:
        site.kill_all()
