"""A run in the words of Swarm's daemon."""

from __future__ import annotations

from typing import Any

import pytest

from runs.keeping.artifacts import NewArtifact, write_artifacts
from runs.keeping.events import EventKind, NewEvent, add_events, list_events
from runs.models import Node, Run
from runs.shapes import Mode, NodeStatus, Purpose, RunRequest, RunStatus
from runs.swarm.events import SwarmTelling
from tests.runs.rows import make_node, make_run

pytestmark = pytest.mark.django_db


def end(run: Run, node: Node, status: NodeStatus = NodeStatus.COMPLETED, text: str = "", **fields: Any) -> None:
    Node.objects.filter(pk=node.pk).update(status=status, duration_ms=120, **fields)
    if text:
        write_artifacts(run.pk, [NewArtifact(node.key, "raw", text)])
    add_events(run.pk, [NewEvent(EventKind(f"node.{status.value}"), node_key=node.key)])


def close(run: Run, status: RunStatus = RunStatus.COMPLETED, **fields: Any) -> None:
    Run.objects.filter(pk=run.pk).update(status=status, **fields)
    add_events(run.pk, [NewEvent(EventKind(f"run.{status.value}"))])


def told(run: Run, shape: str) -> list[dict[str, Any]]:
    return list(SwarmTelling(run.pk, shape).tell(list_events(run.pk)))


def test_each_prompt_is_told_with_its_place_and_text_as_it_ends() -> None:
    run = make_run(request=RunRequest(mode=Mode.PARALLEL, prompts=("a", "b")))
    first, second = make_node(run, "task-1"), make_node(run, "task-2")
    end(run, second, text="B")
    end(run, first, text="A")
    close(run)
    *progress, last = told(run, "parallel")
    assert [(item["event"], item["index"], item["result"]) for item in progress] == [
        ("progress", 1, "B"),
        ("progress", 0, "A"),
    ]
    assert last["results"] == ["A", "B"]
    assert last["stats"] == {"successful": 2, "failed": 0}


def test_a_failed_prompt_is_told_with_its_reason_and_is_null_in_the_results() -> None:
    run = make_run(request=RunRequest(mode=Mode.PARALLEL, prompts=("a", "b")))
    first, second = make_node(run, "task-1"), make_node(run, "task-2")
    end(run, first, text="A")
    end(run, second, NodeStatus.FAILED, error="no answer", error_code="TIMEOUT")
    close(run)
    _, failed, last = told(run, "parallel")
    assert (failed["success"], failed["error"], failed["category"]) == (False, "no answer", "timeout")
    assert last["results"] == ["A", None]
    assert last["errors"] == [{"index": 1, "error": "no answer"}]


def test_a_run_without_any_answer_ends_in_an_error() -> None:
    run = make_run(request=RunRequest(mode=Mode.PARALLEL, prompts=("a",)))
    end(run, make_node(run), NodeStatus.FAILED, error="no key", error_code="NO_KEY")
    close(run, RunStatus.FAILED, error="task-1: no key", error_code="NO_KEY")
    assert [(item["event"], item.get("error")) for item in told(run, "parallel")] == [
        ("progress", "no key"),
        ("error", "task-1: no key"),
    ]


def test_a_canceled_run_gives_what_there_is() -> None:
    run = make_run(request=RunRequest(mode=Mode.PARALLEL, prompts=("a", "b")))
    end(run, make_node(run, "task-1"), text="A")
    end(run, make_node(run, "task-2"), NodeStatus.CANCELED)
    close(run, RunStatus.CANCELED)
    last = told(run, "parallel")[-1]
    assert (last["event"], last["status"], last["results"]) == ("complete", "canceled", ["A", None])


def test_cost_is_summed_over_all_nodes_and_written_as_swarm_writes_it() -> None:
    run = make_run(request=RunRequest(mode=Mode.PARALLEL, prompts=("a", "b")))
    for key in ("task-1", "task-2"):
        node = make_node(run, key)
        end(run, node, text="x", cost_nano_usd=1_500_000, fresh_input_tokens=10, cache_read_tokens=2, output_tokens=5)
    close(run)
    cost = told(run, "parallel")[-1]["cost"]
    assert (cost["swarmCost"], cost["inputTokens"], cost["outputTokens"]) == ("0.003000", 24, 10)
    assert cost["session"]["swarmCost"] == "0.003000"


def test_research_is_told_in_phases_and_texts_stay_with_their_subject() -> None:
    run = make_run(request=RunRequest(mode=Mode.RESEARCH, subjects=("Alpha", "Beta"), topic="news"))
    search = make_node(run, "search-1", purpose=Purpose.SEARCH, kind="search")
    alpha, beta = make_node(run, "analyze-1"), make_node(run, "analyze-2")
    for node, subject in ((alpha, "Alpha"), (beta, "Beta")):
        node.spec["params"] = {"subject": subject}
        node.save()
    add_events(run.pk, [NewEvent(EventKind.NODE_STARTED, node_key="search-1")])
    end(run, search, NodeStatus.FAILED, error="none found")
    add_events(run.pk, [NewEvent(EventKind.NODE_STARTED, node_key="analyze-2")])
    end(run, beta, text="about Beta")
    end(run, alpha, NodeStatus.FAILED, error="nothing")
    close(run)
    items = told(run, "research")
    assert [item["name"] for item in items if item["event"] == "phase"] == ["Search", "Analyze"]
    assert items[-1]["analyses"] == [{"subject": "Beta", "analysis": "about Beta", "sources": []}]
    assert items[-1]["errors"] == [{"subject": "Alpha", "error": "nothing"}]
    assert (items[-1]["subjects"], items[-1]["topic"]) == (["Alpha", "Beta"], "news")


@pytest.mark.parametrize(
    ("found", "read", "named", "shown"),
    [
        ("found", "read", "named", "named"),
        ("found", "read", "", "read"),
        ("found", "", "", "found"),
    ],
)
def test_an_analysis_comes_with_what_it_rests_on(found: str, read: str, named: str, shown: str) -> None:
    """What the model names goes before the pages that were read, and these before what a search found."""
    pages = {word: [{"url": f"https://{word}.example", "title": word}] for word in (found, read, named) if word}
    run = make_run(request=RunRequest(mode=Mode.RESEARCH, subjects=("Alpha",)))
    search = make_node(run, "search-1", purpose=Purpose.SEARCH, kind="search", data=pages[found])
    fetch = make_node(run, "fetch-1", purpose=Purpose.FETCH, kind="fetch", data=pages.get(read))
    data = {"citations": pages[named]} if named else None
    alpha = make_node(run, "research-1", depends_on=["search-1", "fetch-1"], data=data)
    alpha.spec["params"] = {"subject": "Alpha"}
    alpha.save()
    for node in (search, fetch, alpha):
        end(run, node, text="about Alpha")
    close(run)
    assert told(run, "research")[-1]["analyses"][0]["sources"] == pages[shown]


def test_a_chain_is_told_stage_by_stage() -> None:
    run = make_run(request=RunRequest(mode=Mode.CHAIN, task="x"))
    nodes = [make_node(run, key, purpose=Purpose.STAGE) for key in ("a", "b", "c")]
    for node, stage in zip(nodes, ("Extract", "Views", "Views"), strict=True):
        node.spec["params"] = {"stage": stage, "mode": "fan-out" if stage == "Views" else "single"}
        node.save()
    for node in nodes:
        add_events(run.pk, [NewEvent(EventKind.NODE_STARTED, node_key=node.key)])
        end(run, node, text=node.key.upper())
    write_artifacts(run.pk, [NewArtifact("merged", "merged", "ABC")])
    close(run)
    items = told(run, "chain")
    phases = [(item["event"], item["name"]) for item in items if item["event"].startswith("phase")]
    assert phases == [
        ("phase_start", "Extract"),
        ("phase_complete", "Extract"),
        ("phase_start", "Views"),
        ("phase_complete", "Views"),
    ]
    assert items[-1]["output"] == "ABC"
    assert [(stage["stage"], stage["mode"], stage["results"]) for stage in items[-1]["stages"]] == [
        ("Extract", "single", ["A"]),
        ("Views", "fan-out", ["B", "C"]),
    ]


def test_judges_and_skipped_nodes_are_no_answers() -> None:
    run = make_run(request=RunRequest(mode=Mode.CHAIN, task="x"))
    end(run, make_node(run, "judge", purpose=Purpose.JUDGE), text="8")
    end(run, make_node(run, "merge", purpose=Purpose.MERGE), NodeStatus.SKIPPED)
    assert told(run, "chain") == []


def test_a_node_that_nobody_announced_is_told_all_the_same() -> None:
    run = make_run(request=RunRequest(mode=Mode.PARALLEL, prompts=("a",)))
    telling = SwarmTelling(run.pk, "parallel")
    end(run, make_node(run, "task-1"), text="A")
    telling.tell(list_events(run.pk))
    # Its driver died between the new row and the word of it; the next one goes on with the row.
    end(run, make_node(run, "task-2"), text="B")
    assert [item["result"] for item in telling.tell(list_events(run.pk, after=1))] == ["B"]
