"""The route playground, as people of each role use it."""

from __future__ import annotations

import json
import re
import shlex
from html import unescape
from typing import Any

import pytest

from routing.inputs import read_pick
from routing.keywords import classify_by_keywords
from routing.models import Correction, StoredDecision
from smartspawn.access.shapes import Role
from smartspawn.mcp.server import TOOLS
from tests.catalog.pages import signed_in, text_of
from tests.factories import HOSTILE_NAME, make_entry, make_snapshot, publish_snapshot

pytestmark = pytest.mark.django_db

TASK = "Fix the crash in the login form"


@pytest.fixture
def snapshot() -> Any:
    return publish_snapshot()


@pytest.fixture(autouse=True)
def _words_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the pages show is tested with a classifier that always says the same."""
    monkeypatch.setattr("routing.page_queries.classify", lambda text: classify_by_keywords(text, note="No bundle."))


def ask(role: Role = Role.VIEWER, path: str = "/route/", **fields: Any) -> Any:
    return signed_in(role).post(path, {"task": TASK, **fields})


def pick_of(html: bytes) -> str:
    found = re.search(r'class="id quiet">([^<]+)<', html.decode())
    assert found, "no pick"
    return found.group(1)


def buttons(html: bytes) -> list[str]:
    return re.findall(r'name="right"\s+value="([^"]+)"', html.decode())


@pytest.mark.usefixtures("snapshot")
def test_the_empty_page_offers_examples_that_lead_to_answers() -> None:
    client = signed_in()
    html = client.get("/route/").content.decode()

    links = re.findall(r'href="(/route/\?task=[^"]+)"', html)
    assert len(links) == 4
    assert all(pick_of(client.get(unescape(link)).content) for link in links)


@pytest.mark.usefixtures("snapshot")
def test_a_task_is_answered_with_a_pick_its_reasons_and_its_labels() -> None:
    html = ask().content
    text = text_of(html)

    assert pick_of(html) == "acme/alpha-40"
    assert "Alpha 40 leads 42 models for coding" in text
    assert "bugfix" in text
    assert "budget 20 outside $0-5 per million prompt tokens" in text
    assert "worth 24 ratings" in text


@pytest.mark.usefixtures("snapshot")
def test_it_says_clearly_when_words_decided() -> None:
    text = text_of(ask().content)

    assert "Words decided, not the classifier." in text
    assert "No bundle." in text


@pytest.mark.usefixtures("snapshot")
def test_the_part_is_the_answer_without_the_page() -> None:
    response = ask(path="/route/_answer")

    assert b"<html" not in response.content
    assert b'id="answer"' in response.content
    assert pick_of(response.content) == "acme/alpha-40"


@pytest.mark.usefixtures("snapshot")
def test_wishes_change_the_pick() -> None:
    assert pick_of(ask(budget="low").content) == "acme/free-1:free"
    assert pick_of(ask(budget="any").content) == "initech/gamma-60"
    assert "in rank" in text_of(ask(preference="0").content)
    assert "in rank" not in text_of(ask().content)
    assert pick_of(ask(require=["vision"], context="long-context", minContext="32000").content) == "acme/alpha-40"
    assert b"No model is left" in ask(minContext="100000000").content


@pytest.mark.usefixtures("snapshot")
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"budget": "lots"}, "Invalid budget"),
        ({"preference": "11"}, "preference must be a whole number"),
        ({"floor": "often"}, "quality floor is a score from 0 to 100"),
        ({"floor": "101"}, "quality floor is a score from 0 to 100"),
        ({"floor": "nan"}, "quality floor is a score from 0 to 100"),
        ({"task": "a\x00b"}, "which is no text"),
        ({"task": "x" * 200_001}, "longer than 200000"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(fields: dict[str, str], words: str) -> None:
    for path in ("/route/", "/route/_answer"):
        response = ask(path=path, **fields)
        assert response.status_code == 422
        assert words in text_of(response.content)


@pytest.mark.usefixtures("snapshot")
def test_the_strip_names_every_budget_and_the_floor() -> None:
    text = text_of(ask(floor="30").content)

    for name in ("low budget", "medium budget asked for", "high budget", "any budget", "cheapest above the floor"):
        assert name in text
    assert "score 30.0 or more" in text


@pytest.mark.usefixtures("snapshot")
def test_the_command_asks_the_api_the_very_same() -> None:
    fields = {
        "task": "Say \"it's\" $HOME `now`\nand 'then'",
        "budget": "high",
        "require": ["vision"],
        "minContext": "32000",
    }
    html = signed_in().post("/route/", fields).content.decode()
    command = unescape(re.search(r'<pre id="route-curl"[^>]*>(.*?)</pre>', html, re.DOTALL).group(1))  # type: ignore[union-attr]

    words = shlex.split(command)
    body = json.loads(words[words.index("-d") + 1])
    answer = signed_in().post("/api/pick", json.dumps(body), content_type="application/json")

    assert body["task"] == fields["task"]
    assert body["minContext"] == 32000
    assert answer.status_code == 200
    assert answer.json()["data"]["id"] == pick_of(html.encode())


@pytest.mark.usefixtures("snapshot")
def test_numbers_are_read_as_leniently_as_the_api_reads_them() -> None:
    html = ask(minContext="32000 or so").content

    assert pick_of(html) == "acme/alpha-40"
    assert '"minContext": 32000}' in unescape(html.decode())


@pytest.mark.usefixtures("snapshot")
def test_a_category_by_name_has_nothing_to_classify() -> None:
    html = ask(Role.MEMBER, task="coding").content

    assert "asked for by its name" in text_of(html)
    assert buttons(html) == []
    assert ask(Role.MEMBER, "/route/_correct", task="coding", right="task_type:test").status_code == 400


def test_without_a_snapshot_the_page_says_that_nothing_is_left() -> None:
    assert "No model is left" in text_of(ask().content)


def test_hostile_names_and_tasks_are_shown_as_text() -> None:
    publish_snapshot(make_snapshot(make_entry("hostile/one", name=HOSTILE_NAME)))

    html = ask(task="<img src=x onerror=alert(1)> {{ 7|add:7 }}").content

    assert b"<script>alert" not in html
    assert b"<img src=x" not in html
    assert HOSTILE_NAME in text_of(html) or "alert(1)" in unescape(html.decode())


@pytest.mark.usefixtures("snapshot")
def test_playing_stores_nothing_and_asks_the_database_little(django_assert_max_num_queries: Any) -> None:
    client = signed_in(Role.MEMBER)
    task = "1. Design the schema\n2. Build the API\n3. Write docs"
    client.post("/route/", {"task": task})
    with django_assert_max_num_queries(8):
        client.post("/route/", {"task": task})

    assert not StoredDecision.objects.exists()
    assert not Correction.objects.exists()


# --- that is wrong ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("snapshot")
def test_a_member_corrects_a_head_with_one_click_and_takes_it_back_with_another() -> None:
    offered = buttons(ask(Role.MEMBER).content)
    assert {"task_type:test", "risk:low", "category:research", "complexity:hard"} <= set(offered)
    assert "task_type:bugfix" not in offered  # that is what was predicted

    card = ask(Role.MEMBER, "/route/_correct", right="task_type:test").content

    assert "You said test" in text_of(card)
    assert b'id="head-task_type"' in card
    assert b"<html" not in card
    assert Correction.objects.get().right == "test"
    assert "task_type:bugfix" in buttons(card)  # undo
    assert "You said test" in text_of(ask(Role.MEMBER).content)  # and it is still there on the next visit

    card = ask(Role.MEMBER, "/route/_correct", right="task_type:bugfix").content
    assert "You said" not in text_of(card)
    assert not Correction.objects.exists()


@pytest.mark.usefixtures("snapshot")
def test_without_scripts_the_whole_page_comes_back_as_it_was() -> None:
    response = ask(Role.MEMBER, "/route/correct/", right="risk:low", budget="any")

    assert pick_of(response.content) == "initech/gamma-60"
    assert "You said low" in text_of(response.content)


@pytest.mark.usefixtures("snapshot")
def test_a_viewer_reads_without_correcting() -> None:
    assert buttons(ask(Role.VIEWER).content) == []
    assert ask(Role.VIEWER, "/route/_correct", right="task_type:test").status_code == 403
    assert not Correction.objects.exists()


@pytest.mark.usefixtures("snapshot")
@pytest.mark.parametrize("right", ["", "task_type", "task_type:", "nonsense:test", "risk:bugfix"])
def test_a_label_that_there_is_not_is_refused(right: str) -> None:
    for path in ("/route/_correct", "/route/correct/"):
        assert ask(Role.MEMBER, path, right=right).status_code == 400
    assert not Correction.objects.exists()


def test_the_call_over_mcp_is_one_that_the_tool_takes(snapshot: Any) -> None:
    html = ask(budget="low", preference="3", context="python", require=["vision"]).content.decode()
    found = re.search(r'id="route-mcp"[^>]*>(.+?)</pre>', html, re.DOTALL)
    assert found
    call = json.loads(unescape(found[1]))
    assert call["name"] == "smartspawn_pick"
    schema = TOOLS["smartspawn_pick"].schema
    assert set(call["arguments"]) <= set(schema["properties"])
    wanted = read_pick(call["arguments"])
    assert (wanted.task, wanted.budget, wanted.required_capabilities) == (TASK, "low", ("vision",))


@pytest.mark.usefixtures("snapshot")
def test_what_was_routed_can_be_done_without_typing_it_again() -> None:
    client = signed_in(Role.MEMBER)
    page = client.post("/route/", {"task": TASK, "budget": "low"}).content.decode()
    assert 'action="/runs/new/"' in page
    form = client.post("/runs/new/", {"task": TASK, "budget": "low", "turnTo": "single"}).content.decode()
    assert f"{TASK}</textarea>" in form
    assert re.search(r'value="low"\s+selected', form)
    assert 'action="/runs/new/"' not in ask(Role.VIEWER).content.decode()


@pytest.mark.usefixtures("snapshot")
def test_a_task_in_parts_can_be_done_in_parts() -> None:
    task = "1. Write the parser\n2. Write its tests\n3. Document it"
    assert "Have it done in 3 parts" in text_of(ask(Role.MEMBER, task=task).content)


@pytest.mark.usefixtures("snapshot")
def test_choosing_without_a_task_says_what_is_missing() -> None:
    words = "There is no task yet"
    assert words in text_of(signed_in().post("/route/_answer", {"task": "  "}).content)
    assert words not in text_of(signed_in().get("/route/").content)
