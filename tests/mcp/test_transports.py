"""MCP as clients meet it: over HTTP at a running site, and over stdio."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from tests.site import ROOT, Site, running_site

pytestmark = pytest.mark.faults

MAKE_KEY = """
from smartspawn.access.keys import create_key
from smartspawn.access.models import User
from smartspawn.access.shapes import Scope
admin = User.objects.get()
print(create_key(actor=admin.as_actor(), name="mcp", scopes=frozenset(Scope), expires_at=None).token)
"""

MAKE_FINISHED_RUN = """
from runs.shapes import NodeStatus, RunStatus
from smartspawn.access.models import User
from tests.runs.rows import make_node, make_run
run = make_run(status=RunStatus.COMPLETED, user_id=User.objects.get().pk)
make_node(run, "task-1", NodeStatus.COMPLETED, model_id="acme/one")
print(run.pk)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("mcp")) as running:
        yield running


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    return site.run_python(MAKE_KEY).splitlines()[-1]


async def pick(client: Client) -> dict[str, Any]:
    tools = {tool.name for tool in (await client.list_tools()).tools}
    assert {"smartspawn_run_create", "smartspawn_pick"} <= tools
    result = await client.call_tool("smartspawn_pick", {"task": "coding"})
    return dict(json.loads(result.content[0].text))  # type: ignore[union-attr]  # a text, as every answer of ours


def ask(site: Site, **headers: str) -> httpx2.Response:
    named = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    return httpx2.post(f"{site.address}/mcp", json=body, headers=named, timeout=30)


def test_over_http_with_a_key(site: Site, token: str) -> None:
    async def talk() -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=30) as http,
            Client(streamable_http_client(f"{site.address}/mcp", http_client=http)) as client,
        ):
            return await pick(client)

    assert "/" in asyncio.run(talk())["id"]


def test_over_stdio_beside_the_site(site: Site) -> None:
    async def talk() -> dict[str, Any]:
        command = StdioServerParameters(
            command=sys.executable, args=["manage.py", "mcp"], env=dict(site.environment), cwd=ROOT
        )
        async with Client(command) as client:
            return await pick(client)

    assert "/" in asyncio.run(talk())["id"]


def test_over_stdio_a_person_rates_their_run_and_has_spend_and_a_week(site: Site) -> None:
    made = site.run_python(MAKE_FINISHED_RUN).splitlines()[-1]

    async def talk() -> list[Any]:
        command = StdioServerParameters(
            command=sys.executable, args=["-m", "smartspawn.cli", "mcp"], env=dict(site.environment), cwd=ROOT
        )
        async with Client(command) as client:
            asked = [("rate", {"run": made, "rating": 4}), ("spend", {}), ("digest", {})]
            return [await client.call_tool(f"smartspawn_{name}", given) for name, given in asked]

    rated, spent, week = asyncio.run(talk())
    assert [answer.is_error for answer in (rated, spent, week)] == [False, False, False]
    assert json.loads(rated.content[0].text)["run"] == made
    assert [line["scope"] for line in json.loads(spent.content[0].text)["windows"]][:1] == ["user:1"]
    assert json.loads(week.content[0].text)["everybody"] is False


def test_over_stdio_nobody_is_taken_for_somebody_else(site: Site) -> None:
    with pytest.raises(AssertionError, match="There is no active person 'bob'"):
        site.run_python("from django.core.management import call_command\ncall_command('mcp', user='bob')")


def test_without_a_key_nobody_is_let_in(site: Site) -> None:
    answer = ask(site)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null"])
def test_pages_of_other_sites_are_not_let_in_even_with_a_key(site: Site, token: str, origin: str) -> None:
    answer = ask(site, Authorization=f"Bearer {token}", Origin=origin)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")


def test_a_host_that_is_not_ours_is_refused(site: Site, token: str) -> None:
    assert ask(site, Authorization=f"Bearer {token}", Host="evil.example").status_code == 400


def test_the_site_itself_may_ask(site: Site, token: str) -> None:
    answer = ask(site, Authorization=f"Bearer {token}", Origin=site.address)
    assert answer.status_code == 200
    assert "smartspawn_pick" in answer.text


def test_what_is_no_json_rpc_is_refused_in_the_protocols_own_shape(site: Site, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
    headers["Content-Type"] = "application/json"
    answer = httpx2.post(f"{site.address}/mcp", content=b"{]", headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32700)
