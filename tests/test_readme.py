"""The commands of the README do what it says.

Every line ``$ command`` in a block marked ``console`` is run, or looked up if it is a ``make`` target (CI runs
those); ``http://localhost:8000`` stands for the running site, and anything but these kinds fails. A block without
that mark is not run: use it for what needs a key or a file.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.site import ROOT, Site, running_site

README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```console\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)
COMMANDS = [
    line[2:].strip()
    for block in BLOCK.finditer(README)
    for line in block["body"].replace("\\\n", " ").splitlines()
    if line.startswith("$ ")
]
MAKE = [command for command in COMMANDS if command.startswith("make")]
CURL = [command for command in COMMANDS if command.startswith("curl")]
MANAGE = [command for command in COMMANDS if command.startswith(".venv/bin/python manage.py")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("readme"), is_first_start=True) as running:
        yield running


def test_the_readme_shows_how_to_start_to_test_and_to_ask() -> None:
    assert "make up" in MAKE
    assert "make test" in MAKE
    assert CURL


def test_every_command_is_of_a_kind_that_is_tried() -> None:
    assert [command for command in COMMANDS if command not in (*MAKE, *CURL, *MANAGE)] == []


def rehearse(command: str) -> subprocess.CompletedProcess[str]:
    """What make would do; told apart from the make that runs these tests."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        [*command.split(), "-n"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("command", MAKE)
def test_every_make_target_exists(command: str) -> None:
    done = rehearse(command)
    assert done.returncode == 0, done.stderr


def test_make_up_is_what_these_tests_start() -> None:
    done = rehearse("make up")
    assert done.stdout.splitlines()[-1] == "exec .venv/bin/python manage.py up"


def test_ci_runs_the_readmes_own_commands() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert re.search(r"^make test$", script, re.MULTILINE)
    assert re.search(r"^make check$", script, re.MULTILINE)


@pytest.mark.faults
@pytest.mark.parametrize("command", CURL)
def test_every_curl_command_gets_an_answer(site: Site, command: str) -> None:
    assert shutil.which("curl"), "curl is missing"
    assert "localhost:8000" in command
    here = command.replace("http://localhost:8000", site.address)
    done = subprocess.run(["bash", "-c", here], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    if "/api" in command and "|" not in command:
        answer = json.loads(done.stdout)
        assert "error" not in answer, answer
        assert answer["data"]


@pytest.mark.faults
def test_every_manage_command_works_beside_the_running_site(site: Site) -> None:
    for command in MANAGE:
        done = subprocess.run(
            ["bash", "-c", command.replace(".venv/bin/python", sys.executable)],
            cwd=ROOT,
            env=dict(site.environment),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
