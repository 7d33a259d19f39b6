"""What pages and the API tell of agents: which can be used, what is to be done for the others, what they cost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from runs.keeping.serial import request_from_json
from runs.models import Balance, Node, Run
from runs.shapes import NodeKind, NodeStatus
from runs.views.forms import read_new_run, refill
from smartspawn.access.shapes import Role
from tests.catalog.pages import signed_in
from tests.runs.harness.agents import Agents
from tests.runs.rows import make_node, make_run, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
NEW = reverse("runs:new")


@pytest.fixture
def person(client: Client) -> Client:
    client.force_login(make_user())
    return client


@pytest.fixture
def _only_claude(agents: Agents, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Claude can be used, Codex is switched on alone, Gemini is not even that."""
    monkeypatch.setenv("PATH", str(agents.folder))
    agents.add("claude", "")
    agents.add("gemini", "")
    settings.HARNESSES = ["claude", "codex"]


@pytest.mark.usefixtures("_only_claude")
def test_a_new_run_offers_the_agents_that_can_be_used_and_no_others(person: Client) -> None:
    page = person.get(NEW).content.decode()

    assert '<option value="claude"' in page
    assert '<option value="codex"' not in page
    assert '<option value="gemini"' not in page


def test_where_there_are_none_nobody_is_asked_for_one(person: Client) -> None:
    assert 'name="driver"' not in person.get(NEW).content.decode()


@pytest.mark.usefixtures("_only_claude")
def test_the_form_starts_a_run_by_the_agent_and_fills_it_in_again(person: Client) -> None:
    person.post(NEW, {"mode": "single", "task": "Tidy up", "driver": "claude"})
    run = Run.objects.get()
    (node,) = Node.objects.filter(run=run)

    assert (node.kind, node.spec["params"]["driver"]) == (NodeKind.HARNESS, "claude")
    assert any("pays from its own account" in note for note in run.plan["notes"])
    words = QueryDict(mutable=True)
    words.update(refill(request_from_json(run.request)))
    assert read_new_run(words).said["driver"] == "claude"


@pytest.mark.usefixtures("_only_claude")
def test_what_is_not_installed_is_refused_with_what_to_do(person: Client) -> None:
    answer = person.post(NEW, {"mode": "single", "task": "Tidy up", "driver": "codex"})

    assert answer.status_code == 422
    assert "npm install -g @openai/codex" in answer.content.decode()
    assert not Run.objects.exists()


@pytest.mark.usefixtures("_only_claude")
def test_the_api_and_the_page_of_connections_say_what_can_be_used(person: Client) -> None:
    told = {agent["name"]: agent for agent in person.get("/api/connections").json()["meta"]["agents"]}

    assert told["claude"] == {
        "name": "claude", "title": "Claude Code", "isEnabled": True, "isInstalled": True, "advice": None
    }  # fmt: skip
    assert (told["codex"]["isEnabled"], told["codex"]["isInstalled"]) == (True, False)
    assert "HARNESSES" in told["gemini"]["advice"]
    page = signed_in(Role.VIEWER).get(reverse("runs:connections")).content.decode()
    assert "npm install -g @openai/codex" in page


@pytest.mark.parametrize(
    ("kind", "cost_nano_usd", "is_uncertain", "shown", "hidden"),
    [
        (NodeKind.HARNESS, 0, True, ["not told", "codex"], ["$0.00</", "uncertain"]),
        (NodeKind.HARNESS, 2_000_000_000, False, ["$2.00"], ["not told"]),
        (NodeKind.CALL, 2_000_000_000, True, ["$2.00", "uncertain"], ["not told"]),
    ],
)
def test_a_cost_that_was_not_told_is_not_shown_as_nothing(
    client: Client, kind: NodeKind, cost_nano_usd: int, *, is_uncertain: bool, shown: list[str], hidden: list[str]
) -> None:
    user = make_user()
    client.force_login(user)
    run = make_run(user=user)
    make_node(run, "task", NodeStatus.COMPLETED)
    money = {"cost_nano_usd": cost_nano_usd, "is_cost_uncertain": is_uncertain}
    Node.objects.update(kind=kind, connection="codex", **money)
    rows = client.get(reverse("runs:run", args=[run.pk])).content.decode().partition('aria-label="Nodes"')[2]
    page = client.get(reverse("runs:node", args=[run.pk, "task"])).content.decode().partition("<dt>Cost</dt>")[2][:300]

    assert all(words in rows for words in shown)
    assert shown[0] in page
    assert not any(words in page for words in hidden)


@pytest.mark.parametrize(
    ("is_untold", "spent_nano_usd", "shown"),
    [(True, 0, "not told"), (True, 2_000_000_000, "$2.00 and more, not told"), (False, 0, "$0.00")],
)
def test_nor_is_it_nothing_in_the_sum_of_the_run(
    client: Client, spent_nano_usd: int, shown: str, *, is_untold: bool
) -> None:
    user = make_user()
    client.force_login(user)
    run = make_run(user=user, status="completed")
    make_node(run, "task", NodeStatus.COMPLETED, kind=NodeKind.HARNESS, is_cost_uncertain=is_untold)
    Balance.objects.filter(scope=f"run:{run.pk}").update(spent_nano_usd=spent_nano_usd)
    page = client.get(reverse("runs:run", args=[run.pk])).content.decode()
    listed = client.get(reverse("runs:runs")).content.decode()
    assert _words(page.partition("<dt>Cost</dt>")[2].partition("</dd>")[0]) == shown
    assert shown in _words(listed.partition("<tbody>")[2].partition("</tr>")[0])
    assert client.get(f"/api/runs/{run.pk}").json()["data"]["cost"]["untoldNodes"] == is_untold


def _words(html: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", html).split())
