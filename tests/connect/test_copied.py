"""What the page gives to copy works as it was copied, against a running site with a provider behind it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.runs.chat.served import Served, served_site
from tests.site import ROOT

pytestmark = pytest.mark.faults
_COPY = """
import json
from django.template.loader import render_to_string
from smartspawn.access.keys import create_key
from smartspawn.access.models import User
from smartspawn.connect.clients import CLIENTS
from smartspawn.connect.inputs import WORK, scopes_for
admin = User.objects.get().as_actor()
key = create_key(actor=admin, name="copied", scopes=scopes_for(WORK, admin), expires_at=None).token
given = {{"base_url": {address!r}, "key": key}}
print(json.dumps({{part.name: render_to_string(part.template, given) for one in CLIENTS for part in one.snippets}}))
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_site(tmp_path_factory.mktemp("copied")) as running:
        yield running


@pytest.fixture(scope="module")
def copied(served: Served) -> Mapping[str, str]:
    """The texts as the page shows them after its button was pressed, by name."""
    return dict(served.told(_COPY.format(address=served.site.address)))


def run(*command: str, **environment: str) -> str:
    kept = {"PATH": os.environ["PATH"], "NO_PROXY": "*", **environment}
    done = subprocess.run(command, env=kept, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["openai-python", "anthropic-python"])
def test_the_python_of_both_sdks_gets_an_answer(copied: Mapping[str, str], name: str) -> None:
    assert "Hello" in run(sys.executable, "-c", copied[name])


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed here")
def test_the_shells_lines_choose_and_start_work(copied: Mapping[str, str]) -> None:
    assert "/" in json.loads(run("sh", "-c", copied["curl-pick"]))["data"]["id"]
    started = json.loads(run("sh", "-c", copied["curl-run"]))["data"]
    assert (started["needsApproval"], started["capUsd"]) == (False, 0.5)


def test_the_commands_file_opens_the_site(copied: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "smartspawn").mkdir()
    (tmp_path / "smartspawn" / "config.toml").write_text(copied["command"])
    picked = run(sys.executable, "-m", "smartspawn.cli", "pick", "coding", XDG_CONFIG_HOME=str(tmp_path))
    assert "/" in picked
    spent = run(sys.executable, "-m", "smartspawn.cli", "spend", "--json", XDG_CONFIG_HOME=str(tmp_path))
    assert json.loads(spent)["windows"]
