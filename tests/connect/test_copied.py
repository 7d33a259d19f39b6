"""What the page gives to copy works as it was copied, against a running site with a provider behind it."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

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
from smartspawn.connect.views import command_words
admin = User.objects.get().as_actor()
key = create_key(actor=admin, name="copied", scopes=scopes_for(WORK, admin), expires_at=None).token
given = {{"base_url": {address!r}, "key": key, **command_words()}}
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


def test_the_file_and_the_line_for_codex_make_the_site_its_model(copied: Mapping[str, str]) -> None:
    codex = tomllib.loads(copied["codex-model"])
    provider = codex["model_providers"][codex["model_provider"]]
    key = copied["codex-env"].strip().removeprefix(f"export {provider['env_key']}=")
    with openai.OpenAI(base_url=provider["base_url"], api_key=key, max_retries=0) as client:
        assert "Hello" in client.responses.create(model=codex["model"], input="Hello").output_text


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


async def tools_of(transport: Any) -> set[str]:
    async with Client(transport) as client:
        return {tool.name for tool in (await client.list_tools()).tools}


async def tools_at(url: str, header: str) -> set[str]:
    name, _, value = header.partition(": ")
    async with httpx2.AsyncClient(headers={name: value}, timeout=60) as http:
        return await tools_of(streamable_http_client(url, http_client=http))


def test_the_lines_for_claude_code_and_codex_over_stdio_start_a_server_from_any_folder(
    served: Served, copied: Mapping[str, str], tmp_path: Path
) -> None:
    given, _, claude = copied["claude-stdio"].partition(" -- ")
    codex = tomllib.loads(copied["codex-stdio"])["mcp_servers"]["smart-spawn"]
    name, _, home = shlex.split(given)[-1].partition("=")  # of a site that keeps its data elsewhere
    kept = {key: value for key, value in served.site.environment.items() if key != name}
    for (command, *words), told in (
        (shlex.split(claude), {name: home}),
        ([codex["command"], *codex["args"]], codex["env"]),
    ):
        started = StdioServerParameters(command=command, args=words, cwd=tmp_path, env={**kept, **told})
        assert "smartspawn_pick" in asyncio.run(tools_of(started))


def test_the_addresses_and_keys_for_claude_code_codex_and_cursor_open_the_tools(copied: Mapping[str, str]) -> None:
    words = shlex.split(copied["claude-http"].replace("\\\n", " "))
    codex = tomllib.loads(copied["codex-http"])["mcp_servers"]["smart-spawn"]
    key = copied["codex-env"].strip().removeprefix(f"export {codex['bearer_token_env_var']}=")
    cursor = json.loads(copied["cursor"])["mcpServers"]["smart-spawn"]
    for url, header in (
        (words[words.index("smart-spawn") + 1], words[words.index("--header") + 1]),
        (codex["url"], f"Authorization: Bearer {key}"),
        (cursor["url"], f"Authorization: {cursor['headers']['Authorization']}"),
    ):
        assert "smartspawn_run_create" in asyncio.run(tools_at(url, header))
