"""Every mode with every option, planned on the real desk and driven by the real engine to its end."""

from __future__ import annotations

import json

import pytest

from runs.create import start_run
from runs.keeping.artifacts import MERGED_KEY, read_artifact
from runs.models import LedgerEntry, Run
from runs.shapes import ChatRequest, ChatResult, Endpoint, Mode, NodeStatus, RunOptions, RunRequest, RunStatus
from runs.simulator.answers import make_answer
from tests.runs.fakes import FakeModels, answer, drive, nodes_of, prompt_of, serve_models
from tests.runs.rows import make_user

pytestmark = pytest.mark.django_db(transaction=True)

TASK = "1. Write the database schema\n2. Write the REST API\n3. Write the tests"
CHAIN = {
    "input": "Apples and pears.",
    "stages": [
        {"name": "List", "prompt": "Make a numbered list.", "outputTransform": "split"},
        {"name": "Each", "mode": "parallel", "prompts": ["Describe it."]},
        {"name": "Views", "mode": "fan-out", "perspectives": ["analyst", "critic"], "required": False},
        {"name": "End", "mode": "reduce", "prompt": "Put it together."},
    ],
}
SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "pages": {"type": "integer"}},
    "required": ["title", "pages"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def _models(world: None, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_models(monkeypatch)


def models(score: float) -> FakeModels:
    """Models that fill in what they are asked for, judging everything with this score."""

    def script(request: ChatRequest, _endpoint: Endpoint) -> ChatResult:
        schema = (request.response_format or {}).get("json_schema", {}).get("schema")
        return answer(make_answer(prompt_of(request), schema, output_tokens=60, score=score))

    return FakeModels(script)


def run(mode: Mode, score: float = 9, **changes: object) -> Run:
    fields = {"task": TASK, "is_simulated": True, **changes}
    if mode is Mode.PARALLEL:
        fields |= {"task": "", "prompts": ("One?", "Two?", "One?")}
    if mode is Mode.CHAIN:
        fields["chain"] = CHAIN
    if mode is Mode.RESEARCH:
        fields |= {"subjects": ("Mars", "Venus"), "topic": "moons"}
    started = start_run(request=RunRequest(mode, **fields), actor=make_user().as_actor(), rings=False)
    return drive(started.run.pk, models(score))


MODES = [mode for mode in Mode if mode is not Mode.RESEARCH]


@pytest.mark.parametrize("score", [9, 3], ids=["judges are pleased", "judges are not"])
@pytest.mark.parametrize("mode", MODES)
def test_every_mode_comes_to_an_answer(mode: Mode, score: float):
    done = run(mode, score)
    assert (done.status, done.error) == (RunStatus.COMPLETED, "")
    nodes = nodes_of(done.pk)
    assert {node.status for node in nodes.values()} <= {NodeStatus.COMPLETED, NodeStatus.SKIPPED}
    if done.plan["final"]:
        assert read_artifact(done.pk, MERGED_KEY).content
    if mode is Mode.CASCADE:
        assert nodes["premium"].status == (NodeStatus.SKIPPED if score > 7 else NodeStatus.COMPLETED)


@pytest.mark.parametrize(
    "options",
    [
        RunOptions(reflect=True, max_refinements=2),
        RunOptions(vote_count=3),
        RunOptions(skeleton=True),
        RunOptions(reflect=True, vote_count=2, skeleton=True),
    ],
    ids=["reflect", "vote", "skeleton", "all"],
)
@pytest.mark.parametrize("mode", MODES)
def test_every_option_goes_with_every_mode(mode: Mode, options: RunOptions):
    done = run(mode, 5, options=options)
    assert (done.status, done.error) == (RunStatus.COMPLETED, "")
    assert NodeStatus.FAILED not in {node.status for node in nodes_of(done.pk).values()}


@pytest.mark.parametrize("mode", [Mode.SINGLE, Mode.COLLECTIVE, Mode.CASCADE, Mode.PLAN, Mode.SWARM])
def test_a_structured_answer_satisfies_its_schema_in_every_mode(mode: Mode):
    done = run(mode, 4, options=RunOptions(schema=SCHEMA, vote_count=2, reflect=True))
    assert done.status == RunStatus.COMPLETED
    value = json.loads(read_artifact(done.pk, MERGED_KEY).content)
    assert set(value) == {"title", "pages"}
    assert isinstance(value["pages"], int)


def test_a_broken_structure_is_mended_by_the_model_itself():
    said = iter(['{"title": "A", "pages": "many"}', '{"title": "A", "pages": 3}'])
    started = start_run(
        request=RunRequest(Mode.SINGLE, task="Describe.", is_simulated=True, options=RunOptions(schema=SCHEMA)),
        actor=make_user().as_actor(),
        rings=False,
    )
    asked = FakeModels(lambda _request, _endpoint: answer(next(said)))
    done = drive(started.run.pk, asked)
    assert json.loads(read_artifact(done.pk, MERGED_KEY).content) == {"title": "A", "pages": 3}
    assert "'many' is not of type 'integer'" in asked.prompts[1]
    assert LedgerEntry.objects.count() == 2


def test_equal_prompts_are_paid_once():
    done = run(Mode.PARALLEL)
    assert LedgerEntry.objects.count() == 2
    nodes = nodes_of(done.pk)
    assert read_artifact(done.pk, "task-3").content == read_artifact(done.pk, "task-1").content
    assert nodes["task-3"].cost_nano_usd == 0


def test_the_ledger_tells_judging_from_work():
    run(Mode.CASCADE, 3)
    assert set(LedgerEntry.objects.values_list("purpose", flat=True)) == {"task", "judge", "escalation"}
