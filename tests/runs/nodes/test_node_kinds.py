"""Nodes that no model answers: searches, pages, command-line agents."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from runs.driving.host import Host
from runs.harness import HarnessFailed, HarnessResult
from runs.models import Artifact, LedgerEntry, Reservation, Run
from runs.nodes import agents
from runs.nodes.floor import Floor
from runs.nodes.outside import Outside
from runs.shapes import NodeInput, NodeKind, NodeSpec, NodeStatus, Reading, RunStatus, Usage
from smartspawn.lib.errors import UpstreamUnreachable
from tests.runs.fakes import FakeModels, make_run, nodes_of, serve_models, spec

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _models(monkeypatch: pytest.MonkeyPatch) -> None:
    serve_models(monkeypatch)


def drive_with(run_id: UUID, outside: Outside) -> Run:
    async def do() -> None:
        host = Host(outside, "test")
        try:
            await host.drive(run_id)
        finally:
            await host.close()

    asyncio.run(do())
    return Run.objects.get(pk=run_id)


def outside(**tools: Any) -> Outside:
    return replace(FakeModels().outside(), **tools)


# --- searches and pages ------------------------------------------------------------------------------


def test_a_search_feeds_a_fetch_and_that_an_analysis() -> None:
    async def search(asked: NodeSpec, _inputs: Sequence[NodeInput]) -> Reading:
        return Reading(f"results for {asked.params['query']}", data=[{"url": "https://example.org"}])

    async def fetch(_asked: NodeSpec, inputs: Sequence[NodeInput]) -> Reading:
        return Reading(f"pages of {inputs[0].data}")

    found = spec("found", kind=NodeKind.SEARCH, model=None, params={"query": "owls"})
    pages = spec("pages", "found", kind=NodeKind.FETCH, model=None)
    run_id = make_run([found, pages], final="pages")
    run = drive_with(run_id, outside(search=search, fetch=fetch))
    assert run.status == RunStatus.COMPLETED
    assert Artifact.objects.get(run=run, node_key="merged").content == "pages of [{'url': 'https://example.org'}]"
    assert not Reservation.objects.exists(), "no model was called"


def test_a_search_that_finds_nothing_or_cannot_be_made_fails_its_node_with_the_reason() -> None:
    async def search(asked: NodeSpec, _inputs: Sequence[NodeInput]) -> Reading:
        if asked.key == "broken":
            raise UpstreamUnreachable("the search provider cannot be reached")
        return Reading("", problem="the search found nothing")

    nodes = [spec(key, kind=NodeKind.SEARCH, model=None) for key in ("empty", "broken")]
    run_id = make_run(nodes)
    drive_with(run_id, outside(search=search))
    told = {key: (node.status, node.error_code, node.error) for key, node in nodes_of(run_id).items()}
    assert told["empty"] == ("failed", "nothing_usable", "Title of empty: the search found nothing.")
    assert told["broken"] == ("failed", "upstream_unreachable", "the search provider cannot be reached")


def test_a_search_that_hangs_ends_with_its_time() -> None:
    async def search(_asked: NodeSpec, _inputs: Sequence[NodeInput]) -> Reading:
        await asyncio.sleep(30)
        raise AssertionError

    run_id = make_run([spec("slow", kind=NodeKind.SEARCH, model=None, timeout_s=0.2)])
    drive_with(run_id, outside(search=search))
    assert nodes_of(run_id)["slow"].error_code == "timed_out"


# --- command-line agents -----------------------------------------------------------------------------

AGENT = spec("agent", kind=NodeKind.HARNESS, system="be brief", params={"driver": "claude"})


def test_an_agents_work_is_kept_and_what_it_says_it_cost_is_booked() -> None:
    asked: dict[str, Any] = {}

    async def run_harness(name: str, prompt: str, **options: Any) -> HarnessResult:
        asked.update(options, name=name, prompt=prompt)
        options["on_text"]("working")
        return HarnessResult("done", Usage(output_tokens=9), Decimal("0.0125"), "opus", 12.0)

    run_id = make_run([AGENT], final="agent")
    run = drive_with(run_id, outside(run_harness=run_harness))
    assert run.status == RunStatus.COMPLETED, run.error
    assert (asked["name"], asked["folder"]) == ("claude", str(run_id))
    assert "be brief" in asked["prompt"]
    assert "prompt of agent" in asked["prompt"]
    (entry,) = LedgerEntry.objects.all()
    assert (entry.driver, entry.cost_nano_usd, entry.status) == ("claude", 12_500_000, "ok")
    assert (entry.reported_nano_usd, entry.is_estimated) == (12_500_000, False)
    node = nodes_of(run_id)["agent"]
    assert (node.served_model, node.connection, node.cost_nano_usd) == ("opus", "claude", 12_500_000)
    assert not node.is_cost_uncertain


@pytest.mark.parametrize("is_well", [True, False])
def test_what_an_agent_does_not_say_it_cost_passes_for_no_measured_nothing(*, is_well: bool) -> None:
    async def run_harness(name: str, prompt: str, **options: Any) -> HarnessResult:
        done = HarnessResult("done", Usage(output_tokens=9), None, "", 12.0)
        if is_well:
            return done
        raise HarnessFailed("it gave up", partial=done)

    run_id = make_run([AGENT], final="agent")
    drive_with(run_id, outside(run_harness=run_harness))
    (entry,) = LedgerEntry.objects.all()
    assert (entry.cost_nano_usd, entry.reported_nano_usd, entry.is_estimated) == (0, None, True)
    assert entry.output_tokens == 9
    assert nodes_of(run_id)["agent"].is_cost_uncertain


@pytest.mark.parametrize(("asked_s", "given_s"), [(None, 900.0), (60.0, 60.0), (3600.0, 900.0)])
def test_an_agent_has_a_time_limit_of_its_own_that_a_run_may_lower(asked_s: float | None, given_s: float) -> None:
    given: list[float] = []

    async def run_harness(name: str, prompt: str, **options: Any) -> HarnessResult:
        given.append(options["timeout_s"])
        return HarnessResult("done", None, None, "", 12.0)

    drive_with(make_run([replace(AGENT, timeout_s=asked_s)], final="agent"), outside(run_harness=run_harness))
    assert given == [given_s]


def test_what_an_agent_says_is_shown_as_it_wrote_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(agents, "DRAFT_EVERY_S", 0.0)
    monkeypatch.setattr(Floor, "draft", lambda _self, _place, text: shown.append(text))

    async def run_harness(name: str, prompt: str, **options: Any) -> HarnessResult:
        for piece in ("I lo", "ok."):
            options["on_text"](piece)
        return HarnessResult("done", None, None, "", 12.0)

    drive_with(make_run([AGENT], final="agent"), outside(run_harness=run_harness))
    assert shown == ["I lo", "I look."]


def test_an_agent_that_fails_is_not_started_again() -> None:
    starts = []

    async def run_harness(name: str, prompt: str, **options: Any) -> HarnessResult:
        starts.append(name)
        raise HarnessFailed("it gave up")

    run_id = make_run([AGENT], final="agent")
    drive_with(run_id, outside(run_harness=run_harness))
    node = nodes_of(run_id)["agent"]
    assert (node.status, node.error_code, node.error) == (NodeStatus.FAILED, "harness_failed", "it gave up")
    assert starts == ["claude"]
    assert not Reservation.objects.filter(state="open").exists()


def test_a_simulated_run_starts_no_agent() -> None:
    run_id = make_run([AGENT], final="agent", is_simulated=True)
    Run.objects.filter(pk=run_id).update(is_simulated=True)
    drive_with(run_id, outside())
    assert nodes_of(run_id)["agent"].error_code == "simulated"
