"""The page of a run: what it shows of many nodes, and what can be done again."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from runs.charts import BOX_HEIGHT, MOST_CELLS, draw_cells, draw_nodes
from runs.keeping.artifacts import MERGED_KEY, NewArtifact, write_artifacts
from runs.ledger import run_money
from runs.models import Breaker, LedgerEntry, Node, NodeDraft, Run
from runs.shapes import API_DRIVER, Mode, NodeStatus, RunRequest, RunStatus
from tests.runs.connections.builders import make_connection
from tests.runs.rows import make_node, make_run, make_user

pytestmark = pytest.mark.django_db


def sign_in(client: Client) -> Run:
    ann = make_user()
    client.force_login(ann)
    run = make_run(ann, status=RunStatus.BUDGET_EXHAUSTED, cap_nano_usd=1_000_000_000)
    make_node(run, "task-1", NodeStatus.FAILED)
    return run


def test_a_run_whose_money_ended_goes_on_with_a_higher_cap(client: Client) -> None:
    run = sign_in(client)
    assert b'name="maxUsd"' in client.get(reverse("runs:run", args=[run.pk])).content
    client.post(reverse("runs:retry", args=[run.pk]), {"maxUsd": "2.50"})
    run.refresh_from_db()
    assert run.status == RunStatus.QUEUED
    assert run_money([run.pk])[run.pk].cap_nano_usd == 2_500_000_000


def test_a_cap_that_is_no_amount_changes_nothing_and_says_why(client: Client) -> None:
    run = sign_in(client)
    answer = client.post(reverse("runs:retry", args=[run.pk]), {"maxUsd": "much"}, follow=True)
    assert "amount in dollars" in answer.content.decode()
    run.refresh_from_db()
    assert run.status == RunStatus.BUDGET_EXHAUSTED


def test_a_single_node_is_done_again_from_its_own_page(client: Client) -> None:
    run = sign_in(client)
    done = make_node(run, "task-2", NodeStatus.COMPLETED)
    assert b"Do this again" in client.get(reverse("runs:node", args=[run.pk, "task-2"])).content
    client.post(reverse("runs:retry", args=[run.pk]), {"node": "task-2"})
    done.refresh_from_db()
    assert done.status == NodeStatus.QUEUED
    assert Node.objects.get(run=run, key="task-1").status == NodeStatus.FAILED


def test_many_texts_that_are_being_written_are_shown_in_part(client: Client) -> None:
    run = sign_in(client)
    Run.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING)
    for number in range(2, 14):
        node = make_node(run, f"task-{number}", NodeStatus.RUNNING)
        NodeDraft.objects.create(node=node, attempt=1, text="x" * 100_000 + "END", updated_at=timezone.now())
    page = client.get(reverse("runs:live-part", args=[run.pk])).content.decode()
    assert page.count("END</pre>") == 8
    assert "4 more are writing" in page
    assert len(page) < 100_000


def test_of_too_many_nodes_neighbours_share_a_cell_that_shows_the_failure_among_them() -> None:
    nodes = [Node(key=f"task-{number}", status=NodeStatus.COMPLETED) for number in range(10_000)]
    nodes[4_321].status = NodeStatus.FAILED
    cells = draw_cells(nodes)
    assert len(cells) == MOST_CELLS
    assert [cell.title for cell in cells if cell.status == NodeStatus.FAILED] == [
        "task-4320 to task-4329: 9 completed, 1 failed"
    ]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (RunStatus.QUEUED, "The run is stopped."),
        (RunStatus.COMPLETED, "There was nothing left to stop: the run had ended (completed)."),
    ],
)
def test_whoever_cancels_is_told_what_came_of_it(client: Client, status: RunStatus, words: str) -> None:
    run = sign_in(client)
    Run.objects.filter(pk=run.pk).update(status=status)
    answer = client.post(reverse("runs:cancel", args=[run.pk]), follow=True)
    assert words in answer.content.decode()


@pytest.mark.parametrize(("node_status", "is_asked"), [(NodeStatus.COMPLETED, True), (NodeStatus.CANCELED, False)])
def test_only_a_run_with_something_to_rate_asks_for_a_rating(
    client: Client, node_status: NodeStatus, is_asked: bool
) -> None:
    ann = make_user("ann")
    client.force_login(ann)
    run = make_run(ann, status=RunStatus.CANCELED)
    make_node(run, "a", status=node_status)
    page = client.get(reverse("runs:run", args=[run.pk])).content.decode()
    assert (reverse("feedback:run-part", args=[run.pk]) in page) is is_asked


def test_the_answers_of_many_prompts_stand_on_the_page_each_under_its_prompt(client: Client) -> None:
    ann = make_user()
    client.force_login(ann)
    run = make_run(ann, status=RunStatus.COMPLETED, mode=Mode.PARALLEL)
    for number in range(1, 53):
        make_node(run, f"task-{number}", NodeStatus.COMPLETED)
    write_artifacts(run.pk, [NewArtifact(f"task-{number}", "raw", f"The answer {number}.") for number in range(1, 53)])
    page = client.get(reverse("runs:run", args=[run.pk])).content.decode()
    assert "The answer 1." in page
    assert page.count("The answer ") == 50
    assert "2 more are in the file" in page
    told = client.get(reverse("api-run-result", args=[run.pk]), {"includeRaw": "true"})
    assert "The answer 52." in told.content.decode()


def test_an_ended_run_shows_its_answer_before_how_it_was_done(client: Client) -> None:
    ann = make_user()
    client.force_login(ann)
    run = make_run(ann, status=RunStatus.COMPLETED)
    make_node(run, "task-1", NodeStatus.COMPLETED)
    write_artifacts(run.pk, [NewArtifact(MERGED_KEY, "merged", "It is blue.")])
    page = client.get(reverse("runs:run", args=[run.pk])).content.decode()
    assert page.index("It is blue.") < page.index("How it was done") < page.index("What happened")


@pytest.mark.parametrize(("connection", "is_told"), [("simulator", True), ("groq", False)])
def test_a_run_that_waits_for_a_place_that_failed_says_so(client: Client, connection: str, is_told: bool) -> None:
    ann = make_user()
    client.force_login(ann)
    run = make_run(ann, status=RunStatus.RUNNING, is_simulated=True)
    make_node(run, "task-1", NodeStatus.RUNNING)
    make_connection("simulator")
    until = timezone.now() + timedelta(minutes=1)
    Breaker.objects.create(connection=connection, model_id="", open_until=until, reason="it cannot be reached")
    page = client.get(reverse("runs:live-part", args=[run.pk])).content.decode()
    assert ("left alone until" in page) is is_told
    assert ("it cannot be reached" in page) is is_told


def test_the_page_of_a_node_renews_itself_until_the_node_has_ended(client: Client) -> None:
    ann = make_user()
    client.force_login(ann)
    run = make_run(ann, status=RunStatus.RUNNING)
    node = make_node(run, "task-1", NodeStatus.RUNNING)
    address = reverse("runs:node", args=[run.pk, "task-1"])
    assert 'hx-trigger="every 2s"' in client.get(address).content.decode()
    Node.objects.filter(pk=node.pk).update(status=NodeStatus.COMPLETED)
    assert "every 2s" not in client.get(address).content.decode()
    assert client.get(address, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


@pytest.mark.parametrize(("is_simulated", "why"), [(True, "prices of its own"), (False, "own search finds long pages")])
def test_it_is_said_why_calls_cost_more_than_was_set_aside(client: Client, why: str, *, is_simulated: bool) -> None:
    run = sign_in(client)
    Run.objects.filter(pk=run.pk).update(is_simulated=is_simulated)
    amounts = {"cost_nano_usd": 6_000_000, "reserved_nano_usd": 1_000_000}
    said = {
        "kind": "charge",
        "status": "ok",
        "driver": API_DRIVER,
        "day": timezone.now().date(),
        "is_simulated": is_simulated,
    }
    LedgerEntry.objects.create(call_id=uuid4(), run_id=run.pk, **amounts, **said)
    assert why in client.get(reverse("runs:run", args=[run.pk])).content.decode()


def test_nodes_that_wait_for_nobody_fill_rows_in_their_order_and_others_stand_in_waves() -> None:
    def drawn(count: int, *, waits: bool) -> list[tuple[int, int]]:
        names = [f"task-{number}" for number in range(count)]
        nodes = [Node(key=name, title=name, status=NodeStatus.QUEUED, wave=0, depends_on=[]) for name in names]
        if waits:
            nodes.append(Node(key="merge", title="Merge", status=NodeStatus.QUEUED, wave=1, depends_on=names))
        picture = draw_nodes(nodes)
        assert picture is not None
        places = {box.key: (box.x, box.y) for box in picture.boxes}
        assert max(y for _, y in places.values()) + BOX_HEIGHT <= picture.height
        columns, rows = (sorted(set(axis)) for axis in zip(*places.values(), strict=True))
        return [(columns.index(places[node.key][0]), rows.index(places[node.key][1])) for node in nodes]

    assert drawn(6, waits=False) == [(0, 0), (1, 0), (2, 0), (3, 0), (0, 1), (1, 1)]
    assert drawn(3, waits=False) == [(0, 0), (0, 1), (0, 2)]
    assert drawn(5, waits=True) == [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 2)]


def test_the_page_shows_all_that_was_asked_and_says_where_it_is_cut(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.views.run.MOST_ASKED_SHOWN", 7)
    user = make_user()
    client.force_login(user)
    prompts = tuple(f"Name the hill number {number}." for number in range(9))
    run = make_run(
        user, task="\n".join(prompts[:5]), request=RunRequest(Mode.PARALLEL, prompts=prompts, context="In Kent")
    )
    page = client.get(reverse("runs:run", args=[run.pk])).content.decode().partition("What was asked")[2]
    assert [prompt in page for prompt in prompts] == [True] * 7 + [False] * 2
    assert "And 2 more" in page
    assert "In Kent" in page
    research = RunRequest(Mode.RESEARCH, subjects=("cloves", "tea"), topic="The trade in")
    run = make_run(user, task="The trade in: cloves, tea", request=research)
    page = client.get(reverse("runs:run", args=[run.pk])).content.decode().partition("What was asked")[2]
    assert "The trade in\n\ncloves\ntea" in page
    assert "more; the API" not in page
