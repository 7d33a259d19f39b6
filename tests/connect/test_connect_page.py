"""The page with configuration to copy, and the key that is made on it."""

from __future__ import annotations

import html
import json
import re
import shlex
import tomllib

import pytest
from django.test import Client

from smartspawn.access.keys import find_key_actor
from smartspawn.access.models import ApiKey
from smartspawn.access.shapes import Role, Scope
from smartspawn.connect.clients import CLIENTS
from tests.access.conftest import Browse, MakeUser, browse, make_user

pytestmark = pytest.mark.django_db
__all__ = ["browse", "make_user"]

TOKEN = re.compile(r"ss_[0-9a-f]{8}_[\w-]{43}")
BASE = "http://testserver"


def snippets(page: str) -> dict[str, str]:
    """The texts to copy, by name, as the reader's clipboard gets them."""
    found = re.findall(r'<code id="copy-([\w-]+)">(.*?)</code>', page, re.DOTALL)
    return {name: html.unescape(text) for name, text in found}


def make(client: Client, **given: str) -> str:
    body = {"name": "my editor", "purpose": "work", "lifetime": "30", **given}
    return client.post("/connect/", body).content.decode()


def test_every_program_has_its_texts_with_the_readers_own_address(browse: Browse, make_user: MakeUser) -> None:
    page = browse(make_user()).get("/connect/").content.decode()
    shown = snippets(page)
    assert set(shown) == {snippet.name for client in CLIENTS for snippet in client.snippets}
    away = browse(make_user("other")).get("/connect/", headers={"host": "localhost:8123"}).content.decode()
    assert "http://localhost:8123/v1" in snippets(away)["openai-python"]
    assert not TOKEN.search(page)
    assert ApiKey.objects.count() == 0  # looking makes no key


def test_a_fresh_key_stands_in_all_that_needs_one_and_is_shown_once(browse: Browse, make_user: MakeUser) -> None:
    client = browse(make_user(role=Role.MEMBER))
    page = make(client)
    (token,) = set(TOKEN.findall(page))
    shown = snippets(page)
    with_key = {name for name, text in shown.items() if token in text}
    assert with_key == {
        *("claude-http", "claude-model", "codex-env", "cursor", "openai-python", "openai-node", "anthropic-python"),
        *("curl-pick", "curl-run", "command", "gemini", "opencode", "openclaw-mcp", "openclaw-model"),
    }
    assert "YOUR_KEY" not in page
    assert token not in client.get("/connect/").content.decode()


def test_files_are_what_their_programs_can_read(browse: Browse, make_user: MakeUser) -> None:
    page = make(browse(make_user(role=Role.MEMBER)))
    (token,) = set(TOKEN.findall(page))
    shown = snippets(page)
    cursor = json.loads(shown["cursor"])["mcpServers"]["smart-spawn"]
    assert cursor == {"url": f"{BASE}/mcp", "headers": {"Authorization": f"Bearer {token}"}}
    plugin = json.loads(shown["openclaw"])["plugins"]["entries"]["smart-spawn"]["config"]
    assert plugin["apiUrl"] == f"{BASE}/api"
    opencode = json.loads(shown["opencode"])
    assert opencode["provider"]["smart-spawn"]["options"] == {"baseURL": f"{BASE}/v1", "apiKey": token}
    assert opencode["mcp"]["smart-spawn"]["url"] == f"{BASE}/mcp"
    provider = json.loads(shlex.split(shown["openclaw-model"])[5])
    assert (provider["baseUrl"], provider["apiKey"]) == (f"{BASE}/v1", token)
    assert tomllib.loads(shown["codex-http"])["mcp_servers"]["smart-spawn"]["url"] == f"{BASE}/mcp"
    both = tomllib.loads(f"{shown['codex-model']}\n{shown['codex-http']}")
    provider = both["model_providers"][both["model_provider"]]
    assert (provider["base_url"], provider["wire_api"]) == (f"{BASE}/v1", "responses")
    assert f"export {provider['env_key']}={token}" in shown["codex-env"]
    assert tomllib.loads(shown["command"]) == {"url": BASE, "key": token}
    compile(shown["openai-python"], "openai", "exec")
    compile(shown["anthropic-python"], "anthropic", "exec")


@pytest.mark.parametrize(
    ("role", "purpose", "scopes"),
    [
        (Role.VIEWER, "choose", {Scope.CATALOG_READ}),
        (Role.ADMIN, "choose", {Scope.CATALOG_READ}),
        (Role.MEMBER, "work", {Scope.CATALOG_READ, Scope.RUNS_READ, Scope.RUNS_WRITE}),
        (Role.ADMIN, "work", {Scope.CATALOG_READ, Scope.RUNS_READ, Scope.RUNS_WRITE}),
        (Role.VIEWER, "work", {Scope.CATALOG_READ, Scope.RUNS_READ}),
    ],
)
def test_a_key_may_do_what_its_purpose_needs_and_nothing_of_an_admins(
    browse: Browse, make_user: MakeUser, role: Role, purpose: str, scopes: set[Scope]
) -> None:
    (token,) = set(TOKEN.findall(make(browse(make_user(role=role)), purpose=purpose)))
    actor = find_key_actor(token)
    assert actor is not None
    assert {scope for scope in actor.scopes if scope.startswith(("catalog", "runs"))} == scopes
    assert not any(scope.endswith(":admin") for scope in actor.scopes)
    assert (Scope.FEEDBACK_WRITE in actor.scopes) == (purpose == "work" and role is not Role.VIEWER)  # to teach


@pytest.mark.parametrize("wrong", [{"name": ""}, {"purpose": "rule"}, {"lifetime": "4000"}])
def test_a_form_that_cannot_be_used_makes_no_key(browse: Browse, make_user: MakeUser, wrong: dict[str, str]) -> None:
    client = browse(make_user(role=Role.ADMIN))
    answer = client.post("/connect/", {"name": "x", "purpose": "work", "lifetime": "30", **wrong})
    assert answer.status_code == 422
    assert 'class="error"' in answer.content.decode()
    assert ApiKey.objects.count() == 0
