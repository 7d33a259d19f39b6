"""A driver starts each node when its own inputs are there, and brings the run to its end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from runs.control import retry_run
from runs.models import Artifact, Event, LedgerEntry, Node, NodeDraft, Reservation, Run
from runs.providers.faults import FaultCode
from runs.shapes import (
    ChatDelta,
    ChatRequest,
    ChatResult,
    Endpoint,
    Feed,
    Gate,
    GateKind,
    NodeKind,
    NodeStatus,
    Purpose,
    RunOptions,
    RunStatus,
)
from smartspawn.access.shapes import COMMAND_LINE
from tests.runs.fakes import (
    CALL_NANO,
    FakeModels,
    answer,
    drive,
    failure,
    make_run,
    nodes_of,
    prompt_of,
    serve_models,
    spec,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _models(monkeypatch: pytest.MonkeyPatch) -> None:
    serve_models(monkeypatch)


def _drafts() -> list[str]:
    try:
        return list(NodeDraft.objects.values_list("text", flat=True))
    finally:
        connection.close()


def failing(*keys: str) -> FakeModels:
    """Models that refuse the prompts of these nodes for good."""

    def script(request: ChatRequest, _endpoint: Endpoint) -> object:
        is_refused = any(prompt_of(request).startswith(f"prompt of {key}") for key in keys)
        return failure(FaultCode.CONTENT_FILTERED) if is_refused else answer(f"answer to: {prompt_of(request)}")

    return FakeModels(script=script)  # type: ignore[arg-type]


def test_a_run_of_one_node_ends_with_its_answer_its_cost_and_its_events() -> None:
    run_id = make_run([spec("task-1")], final="task-1")
    run = drive(run_id, FakeModels())
    assert (run.status, run.error, run.lease_token) == (RunStatus.COMPLETED, "", None)
    assert Artifact.objects.get(run=run, node_key="merged").content == "answer to: prompt of task-1"
    assert Artifact.objects.get(run=run, node_key="task-1").content == "answer to: prompt of task-1"
    (node,) = nodes_of(run_id).values()
    assert (node.status, node.attempt, node.cost_nano_usd) == (NodeStatus.COMPLETED, 1, CALL_NANO)
    assert (node.fresh_input_tokens, node.output_tokens, node.model_id) == (10, 20, "acme/one")
    assert list(LedgerEntry.objects.values_list("cost_nano_usd", "status")) == [(CALL_NANO, "ok")]
    assert set(Reservation.objects.values_list("state", flat=True)) == {"settled"}
    kinds = list(Event.objects.filter(run=run).order_by("seq").values_list("kind", flat=True))
    assert kinds == ["run.started", "node.started", "node.completed", "run.completed"]


def test_a_node_reads_what_it_depends_on() -> None:
    models = FakeModels()
    run_id = make_run([spec("a"), spec("b", "a", feed=Feed.CONTEXT)], final="b")
    drive(run_id, models)
    assert models.prompts[0] == "prompt of a"
    assert "answer to: prompt of a" in models.prompts[1]


def test_a_node_starts_the_moment_its_own_inputs_are_there() -> None:
    """Nobody waits for an unrelated sibling."""
    order: list[str] = []
    last_ended = asyncio.Event()

    class Slow(FakeModels):
        async def call(self, *args: object, **options: object) -> ChatResult:
            request = args[2]
            assert isinstance(request, ChatRequest)
            order.append(prompt_of(request)[:11])
            if prompt_of(request).startswith("prompt of x"):
                async with asyncio.timeout(20):
                    await last_ended.wait()
            result = await super().call(*args, **options)  # type: ignore[arg-type]
            order.append(f"end {prompt_of(request)[:11]}")
            if prompt_of(request).startswith("prompt of c"):
                last_ended.set()
            return result

    drive(make_run([spec("x"), spec("a"), spec("b", "a"), spec("c", "b")]), Slow())
    assert order.index("end prompt of c") < order.index("end prompt of x")


def test_what_needs_a_failed_node_is_skipped_at_once_and_the_run_names_the_culprit() -> None:
    run_id = make_run([spec("a"), spec("b", "a"), spec("c", "b"), spec("other")], final="c")
    run = drive(run_id, failing("a"))
    nodes = nodes_of(run_id)
    assert [nodes[key].status for key in "abc"] == ["failed", "skipped", "skipped"]
    assert nodes["other"].status == NodeStatus.COMPLETED
    assert run.status == RunStatus.FAILED
    assert "Title of a (a)" in run.error
    assert run.error_code == "content_filtered"


def test_a_merge_takes_what_came_where_fewer_are_enough() -> None:
    merge = spec("merge", "a", "b", "c", purpose=Purpose.MERGE, feed=Feed.CANDIDATES, least_inputs=1)
    models = failing("b")
    run_id = make_run([spec("a"), spec("b"), spec("c"), merge], final="merge")
    run = drive(run_id, models)
    assert run.status == RunStatus.COMPLETED
    assert "answer to: prompt of a" in models.prompts[-1]
    assert "answer to: prompt of c" in models.prompts[-1]


def test_answers_are_kept_below_one_another_where_what_was_to_merge_them_failed() -> None:
    merge = spec("merge", "a", "b", "c", purpose=Purpose.MERGE, feed=Feed.CANDIDATES, least_inputs=1)
    run = drive(make_run([spec("a"), spec("b"), spec("c"), merge], final="merge"), failing("b", "merge"))
    assert run.status == RunStatus.FAILED
    kept = Artifact.objects.get(run=run, node_key="merged")
    assert kept.is_partial
    assert "answer to: prompt of a" in kept.content
    assert "answer to: prompt of c" in kept.content


def test_parallel_prompts_end_well_when_one_of_them_did() -> None:
    run_id = make_run([spec("a"), spec("b")])
    assert drive(run_id, failing("a")).status == RunStatus.COMPLETED
    assert nodes_of(run_id)["a"].error_code == "content_filtered"
    assert drive(make_run([spec("a"), spec("b")]), failing("a", "b")).status == RunStatus.FAILED


def test_a_node_that_its_gate_keeps_shut_is_skipped_and_the_text_before_it_is_the_answer() -> None:
    gate = Gate(GateKind.SCORE_BELOW, "judge", 7.0)
    judge = spec("judge", "cheap", purpose=Purpose.JUDGE, feed=Feed.PREVIOUS, params={"verdict": "score"})
    dear = spec("dear", "cheap", "judge", purpose=Purpose.ESCALATION, gate=gate, feed=Feed.PREVIOUS)

    def script(request: ChatRequest, _endpoint: Endpoint) -> ChatResult:
        is_judge = prompt_of(request).startswith("prompt of judge")
        return answer('{"score": 9, "reasons": "good"}' if is_judge else "the cheap answer")

    run_id = make_run([spec("cheap"), judge, dear], final="dear")
    run = drive(run_id, FakeModels(script=script))
    nodes = nodes_of(run_id)
    assert (nodes["judge"].status, nodes["judge"].score) == (NodeStatus.COMPLETED, 9)
    assert (nodes["dear"].status, nodes["dear"].error_code) == (NodeStatus.SKIPPED, "not_needed")
    assert run.status == RunStatus.COMPLETED
    assert Artifact.objects.get(run=run, node_key="merged").content == "the cheap answer"


def test_no_more_calls_are_open_at_once_than_the_run_allows() -> None:
    models = FakeModels(delay_s=0.02)
    run = drive(make_run([spec(f"task-{number}") for number in range(30)], max_parallel_nodes=4), models)
    assert run.status == RunStatus.COMPLETED
    assert len(models.calls) == 30
    assert models.most_open == 4


def test_an_outline_grows_into_sections_that_are_merged() -> None:
    params = {"rule": "sections", "outline": "outline"}
    merge = spec("merge", "outline", kind=NodeKind.TRANSFORM, model=None, params=params)
    outline = spec("outline", purpose=Purpose.OUTLINE, expands="sections", params={"into": "merge", "prompt": "task"})

    def script(request: ChatRequest, _endpoint: Endpoint) -> ChatResult:
        if prompt_of(request) == "prompt of outline":
            return answer("- One: the first\n- Two: the second")
        return answer("text of a section")

    run_id = make_run([outline, merge], final="merge")
    run = drive(run_id, FakeModels(script=script))
    merged = Artifact.objects.get(run=run, node_key="merged").content
    assert run.status == RunStatus.COMPLETED, run.error
    assert [line for line in merged.splitlines() if line.startswith("##")] == ["## One", "## Two"]
    assert Event.objects.filter(run=run, kind="plan.grown").count() == 1
    assert Node.objects.filter(run=run).count() == 4


@pytest.mark.parametrize(("kind", "named"), [("sections", "section"), ("items", "item")])
def test_what_is_done_again_and_grows_into_less_leaves_nothing_of_the_former_growth(kind: str, named: str) -> None:
    params: dict[str, Any] = {"into": "merge", "prompt": "task", "pattern": {"title": "Item", "prompt": "Do it."}}
    merge = spec("merge", "list", feed=Feed.CANDIDATES, purpose=Purpose.MERGE)
    run_id = make_run([spec("list", expands=kind, params=params), merge], final="merge")
    said = {
        "sections": ["- A: a\n- B: b\n- C: c", "- D: d"],
        "items": ['["a", "b", "c"]', '["d"]'],
    }[kind]

    def drive_saying(listed: str) -> FakeModels:
        models = FakeModels(script=lambda request, _: answer(listed if "prompt of list" in prompt_of(request) else "x"))
        run = drive(run_id, models)
        assert (run.status, run.error) == (RunStatus.COMPLETED, "")
        return models

    assert len(drive_saying(said[0]).calls) == 1 + 3 + 1
    retry_run(run_id=run_id, actor=COMMAND_LINE, node_keys=["list"])
    assert len(drive_saying(said[1]).calls) == 1 + 1 + 1, "what is not called for any more is not paid for again"
    nodes = nodes_of(run_id)
    states = {key: (node.status, node.error_code) for key, node in nodes.items() if f"-{named}-" in key}
    assert sorted(states.values()) == [("completed", ""), ("skipped", "superseded"), ("skipped", "superseded")]
    first = nodes[f"list-{named}-1"]
    assert (first.attempt, first.cost_nano_usd) == (2, 2 * CALL_NANO), "each attempt has a number of its own"
    assert f"list-{named}-2" not in nodes["merge"].depends_on
    assert Artifact.objects.filter(run_id=run_id, node_key__contains=f"-{named}-").count() == 1
    # And a third time, into more than ever.
    retry_run(run_id=run_id, actor=COMMAND_LINE, node_keys=["list"])
    assert len(drive_saying(said[0]).calls) == 1 + 3 + 1
    assert {node.status for node in nodes_of(run_id).values()} == {NodeStatus.COMPLETED}
    assert Artifact.objects.filter(run_id=run_id, node_key__contains=f"-{named}-").count() == 3


def test_a_transform_that_has_nothing_to_work_on_fails_its_node_alone() -> None:
    empty = spec("parsed", "a", kind=NodeKind.TRANSFORM, model=None, params={"rule": "jsonParse"})
    run_id = make_run([spec("a"), empty, spec("b")])
    assert drive(run_id, FakeModels()).status == RunStatus.COMPLETED
    assert nodes_of(run_id)["parsed"].error_code == "nothing_usable"


def test_a_fault_of_ours_fails_its_node_alone(caplog: pytest.LogCaptureFixture) -> None:
    def script(request: ChatRequest, _endpoint: Endpoint) -> ChatResult:
        if prompt_of(request) == "prompt of a":
            raise ZeroDivisionError("a bug")
        return answer()

    run_id = make_run([spec("a"), spec("b")])
    assert drive(run_id, FakeModels(script=script)).status == RunStatus.COMPLETED
    nodes = nodes_of(run_id)
    assert (nodes["a"].status, nodes["a"].error_code) == (NodeStatus.FAILED, "internal")
    assert nodes["b"].status == NodeStatus.COMPLETED
    assert "a bug" in caplog.text
    assert not Reservation.objects.filter(state="open").exists()


def test_what_cannot_be_written_down_ends_the_run_instead_of_asking_again_for_ever() -> None:
    beyond = answer()
    beyond = replace(beyond, usage=replace(beyond.usage, output_tokens=10**20))
    run_id = make_run([spec("a")])
    run = drive(run_id, FakeModels(script=lambda _request, _endpoint: beyond))
    assert (run.status, run.error_code, run.lease_token) == (RunStatus.FAILED, "unwritable", None)
    assert nodes_of(run_id)["a"].status == NodeStatus.CANCELED


def test_what_a_model_writes_is_shown_while_it_writes() -> None:
    seen: list[str] = []

    class Writing(FakeModels):
        async def call(self, *args: object, **options: object) -> ChatResult:
            on_delta = options["on_delta"]
            for word in ("one ", "two ", "three "):
                await asyncio.sleep(0.3)
                on_delta(ChatDelta(text=word))  # type: ignore[operator]
            await asyncio.sleep(0.2)
            loop = asyncio.get_running_loop()
            seen.extend(await loop.run_in_executor(None, _drafts))
            return await super().call(*args, **options)  # type: ignore[arg-type]

    run = drive(make_run([spec("a")], final="a", options=RunOptions(stream=True)), Writing())
    assert run.status == RunStatus.COMPLETED
    assert seen == ["one two "]
    assert not NodeDraft.objects.exists()


def test_a_node_whose_model_nobody_serves_says_what_would_help(monkeypatch: pytest.MonkeyPatch) -> None:
    serve_models(monkeypatch, {})
    run_id = make_run([spec("a")], final="a")
    run = drive(run_id, FakeModels())
    assert run.status == RunStatus.FAILED
    assert "acme/one cannot be reached" in run.error
    assert nodes_of(run_id)["a"].hint


def test_an_unknown_price_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.runs.fakes import endpoint_of

    unpriced = replace(endpoint_of("acme/one"), prompt_usd_per_mtok=None)
    serve_models(monkeypatch, {"acme/one": [unpriced]})
    models = FakeModels()
    run_id = make_run([spec("a")], final="a")
    drive(run_id, models)
    assert models.calls == []
    assert nodes_of(run_id)["a"].error_code == "model_unpriced"


@pytest.mark.parametrize(
    ("code", "status"),
    [("canceled", RunStatus.CANCELED), ("timed_out", RunStatus.FAILED), ("stopped", RunStatus.FAILED)],
)
def test_one_prompt_done_again_does_not_make_a_run_whole_that_was_ended_early(code: str, status: RunStatus) -> None:
    run_id = make_run([spec(f"task-{number}") for number in range(3)])
    Run.objects.filter(pk=run_id).update(status=status)
    Node.objects.filter(run_id=run_id).update(status=NodeStatus.CANCELED, error_code=code)
    retry_run(run_id=run_id, actor=COMMAND_LINE, node_keys=("task-1",))
    run = drive(run_id, FakeModels())
    assert nodes_of(run_id)["task-1"].status == NodeStatus.COMPLETED
    assert (run.status, run.stop_reason) == (status, code)
    retry_run(run_id=run_id, actor=COMMAND_LINE)
    assert drive(run_id, FakeModels()).status == RunStatus.COMPLETED, "once nothing is left out"
