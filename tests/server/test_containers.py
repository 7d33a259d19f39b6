"""The steps of Dockerfile and compose.yaml, taken from those files and run by hand on PostgreSQL and Redis."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from django.db import connection

from tests.site import ROOT, clean_environment, wait_until

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
needs_servers = pytest.mark.skipif(
    not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")),
    reason="runs where DATABASE_URL and REDIS_URL name a PostgreSQL and a Redis",
)


def instructions(name: str) -> list[str]:
    """The arguments of every such instruction, continued lines joined."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return [line.split(maxsplit=1)[1] for line in joined.splitlines() if line.split(maxsplit=1)[:1] == [name]]


def image_environment() -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", " ".join(instructions("ENV"))))


def argv(command: list[str]) -> list[str]:
    assert command[0] == "python"
    return [sys.executable, *command[1:]]


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv(command), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


# --- what the files say -------------------------------------------------------------------------------


def test_the_image_holds_every_folder_of_the_product_and_no_other() -> None:
    copied = {line.split()[-1] for line in instructions("COPY") if not line.startswith("--from")} - {"./"}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert copied == packages | {"integrations", "templates", "static"}


def test_everything_that_the_image_copies_passes_the_dockerignore() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for line in instructions("COPY"):
        if not line.startswith("--from"):
            for source in line.split()[:-1]:
                assert any(fnmatch.fnmatch(source, pattern) for pattern in allowed), source
    assert not any(fnmatch.fnmatch(secret, pattern) for secret in (".env", "var", ".git") for pattern in allowed)


def test_the_image_runs_as_somebody_who_is_not_root() -> None:
    assert instructions("USER") == ["smartspawn"]
    assert instructions("USER")[-1] not in {"root", "0"}
    assert DOCKERFILE.index("\nUSER") < DOCKERFILE.index("\nCMD")


def test_every_service_restarts_and_is_watched() -> None:
    assert set(SERVICES) == {"prepare", "web", "worker", "postgres", "redis"}
    assert SERVICES["worker"]["deploy"]["replicas"] == 2
    for name, service in SERVICES.items():
        assert service["restart"] == ("no" if name == "prepare" else "unless-stopped"), name
    for name in ("worker", "postgres", "redis"):
        assert SERVICES[name]["healthcheck"]["test"], name
    assert instructions("HEALTHCHECK")


def test_no_secret_stands_in_the_files() -> None:
    assert "${POSTGRES_PASSWORD:?" in SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"]
    assert SERVICES["web"]["env_file"] == ".env"
    assert not re.search(r"(?i)(secret_key|password)\s*[:=]\s*[\"']?[a-z0-9]{8}", (ROOT / "compose.yaml").read_text())


def test_the_health_check_of_the_image_fails_where_nobody_answers(tmp_path: Path) -> None:
    check = json.loads(instructions("HEALTHCHECK")[0].split("CMD", 1)[1])
    assert run(check, clean_environment(tmp_path, PORT="1")).returncode != 0


# --- what they do ---------------------------------------------------------------------------------------


@contextmanager
def running(service: str, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The service's own command, as a container would run it."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv(SERVICES[service]["command"]),
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0, log.read_text()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


@pytest.fixture
def site_environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What compose.yaml sets, with the local servers in place of its own."""
    database = f"smartspawn_compose_{os.getpid()}"
    parameters = connection.get_connection_params()
    server = {key: parameters[key] for key in ("host", "port", "user", "password") if parameters.get(key)}
    with psycopg.connect(dbname="postgres", autocommit=True, **server) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {database}")
        home = tmp_path / "data"
        home.mkdir()
        environment = clean_environment(home, **image_environment())
        environment |= SERVICES["web"]["environment"]
        environment |= {
            "SMARTSPAWN_HOME": str(home),
            "PATH": os.environ["PATH"],
            "PORT": "18231",
            "DATABASE_URL": re.sub(r"/[^/]*$", f"/{database}", os.environ["DATABASE_URL"]),
            "REDIS_URL": os.environ["REDIS_URL"],
            "SMARTSPAWN_AUTO_REFRESH": "off",
        }
        yield environment
        admin.execute(f"DROP DATABASE {database} WITH (FORCE)")


@needs_servers
@pytest.mark.faults
@pytest.mark.django_db
def test_web_and_two_workers_serve_one_postgresql_together(site_environment: dict[str, str], tmp_path: Path) -> None:
    prepared = run(SERVICES["prepare"]["command"], site_environment)
    assert prepared.returncode == 0, prepared.stdout + prepared.stderr
    health_check = json.loads(instructions("HEALTHCHECK")[0].split("CMD", 1)[1])
    address = f"http://127.0.0.1:{site_environment['PORT']}"
    with ExitStack() as stack:
        stack.enter_context(running("web", site_environment, tmp_path / "web.log"))
        for number in range(SERVICES["worker"]["deploy"]["replicas"]):
            stack.enter_context(running("worker", site_environment, tmp_path / f"worker{number}.log"))
        wait_until(
            lambda: run(health_check, site_environment).returncode == 0,
            within_s=30,
            what="the image's health check passes",
        )
        wait_until(lambda: is_ready(address), within_s=30, what="ready")
        seen = set(tasks_executed_by(site_environment, tmp_path, count=40))
        assert len(seen) >= 3, "the tasks were executed by processes of both workers"


def is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=5) as response:
            return bool(json.load(response)["checks"]["database"]["ok"])
    except OSError:
        return False


def tasks_executed_by(environment: dict[str, str], folder: Path, *, count: int) -> list[str]:
    """The process ids that executed so many tasks; each task exactly once."""
    marks = folder / "marks"
    marks.mkdir()
    code = (
        "from django_q.tasks import async_task\n"
        f"for number in range({count}):\n"
        f"    async_task('subprocess.check_call', f'sleep 0.2; echo $PPID >> {marks}/{{number}}', shell=True)"
    )
    subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", code], cwd=ROOT, env=environment, check=True
    )
    wait_until(lambda: len(list(marks.iterdir())) == count, within_s=60, what="all tasks are executed")
    pids = [path.read_text().split() for path in marks.iterdir()]
    assert all(len(executions) == 1 for executions in pids)
    return [executions[0] for executions in pids]
