"""Tasks that were taken apart are kept with every part's pick, and can be made again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from catalog.shapes import Category
from routing.adjustments import publish
from routing.decompose.decide import decompose, swarm
from routing.decompose.kept import PART_KEPT_CHARS, parts_of, restore
from routing.decompose.shapes import DecomposeRequest
from routing.limits import SITE, set_limits
from routing.models import ChosenModel, StoredDecision
from routing.replays import replay
from routing.shapes import Adjustment, Evidence, Limits
from smartspawn.access.shapes import ANONYMOUS, COMMAND_LINE, Actor, Role
from smartspawn.lib.errors import NotFound
from tests.factories import make_snapshot, publish_snapshot
from tests.routing.conftest import BLIND, entry, models

pytestmark = pytest.mark.usefixtures("catalogue")

ANN = Actor(label="ann", role=Role.MEMBER, user_id=1)
BEN = Actor(label="ben", role=Role.MEMBER, user_id=2)
FOUR_PARTS = "Our shop:\n1. Design the schema\n2. Build the API\n3. Write a poem about it\n4. Deploy it to AWS"


def post(client: Client, address: str, body: object) -> Any:
    return client.post(f"/api/{address}", data=json.dumps(body), content_type="application/json").json()


def again(client: Client, decision_id: str) -> Any:
    return client.get(f"/api/decisions/{decision_id}/replay").json()["data"]


@pytest.mark.parametrize("address", ["decompose", "swarm"])
def test_what_was_taken_apart_is_kept_and_made_again(client: Client, address: str) -> None:
    answer = post(client, address, {"task": FOUR_PARTS, "budget": "high", "context": "vision"})
    parts = answer["steps"] if address == "decompose" else answer["dag"]["tasks"]

    row = StoredDecision.objects.get()
    assert answer["decisionId"] == str(row.pk)
    assert (row.kind, row.budget, row.task, row.reason) == (address, "high", FOUR_PARTS, answer["reason"])
    assert row.chosen == list(dict.fromkeys(part["model"]["id"] for part in parts))
    assert row.category in {part["category"] for part in parts}
    assert set(ChosenModel.objects.values_list("model_id", flat=True)) == set(row.chosen)

    told = again(client, answer["decisionId"])
    assert told["same"] is True
    assert [part["then"] for part in told["parts"]] == [part["model"]["id"] for part in parts]
    assert [part["now"] for part in told["parts"]] == [part["model"]["id"] for part in parts]
    assert [part["task"] for part in told["parts"]] == [part.get("task") or part["description"] for part in parts]


def test_a_task_left_whole_is_a_decision_too(client: Client) -> None:
    answer = post(client, "swarm", {"task": "Explain salt and pepper"})
    row = StoredDecision.objects.get(pk=answer["decisionId"])
    assert (row.chosen, row.category, row.reason) == ([], "", answer["reason"])
    assert again(client, answer["decisionId"])["parts"] == []


def test_an_answer_is_read_back_as_it_was_given() -> None:
    request = DecomposeRequest(FOUR_PARTS, context_tags=("python",), max_parallel=2)
    given = swarm(request=request, actor=ANN)
    row = StoredDecision.objects.get()

    found = restore(parts_of(row.basis, row.outcome), task=row.task)

    assert (found.graph, found.waves, found.cost) == (given.graph, given.waves, given.cost)
    assert found.steps.split == given.steps.split
    for part, told in zip(found.steps.subtasks, given.steps.subtasks, strict=True):
        assert (part.text, part.category, part.budget, part.persona) == (
            told.text,
            told.category,
            told.budget,
            told.persona,
        )
        assert (part.model, part.reason, part.candidate_count) == (told.model, told.reason, told.candidate_count)


def test_what_changes_later_changes_no_replay() -> None:
    kept = swarm(request=DecomposeRequest(FOUR_PARTS), actor=ANN).steps
    first = kept.subtasks[0].model
    assert first is not None
    set_limits(Limits(deny_models=frozenset({first.model_id})), scope=SITE, actor=COMMAND_LINE)
    publish([Adjustment(Evidence.COMMUNITY, first.model_id, category, 0.0, 30) for category in Category])
    other = swarm(request=DecomposeRequest(FOUR_PARTS), actor=ANN).steps
    assert other.subtasks[0].model != first

    assert replay(kept.decision_id, actor=ANN).is_same
    assert replay(other.decision_id, actor=ANN).is_same


def test_a_replay_names_the_part_that_comes_out_otherwise() -> None:
    kept = decompose(request=DecomposeRequest("1. Write a simple form\n2. Review the critical security"), actor=ANN)
    row = StoredDecision.objects.get()
    outcome = row.outcome
    dear = next(pick for pick in outcome["picks"] if pick["budget"] == "high")
    dear["model"]["model_id"] = "somebody/else"
    StoredDecision.objects.update(outcome=outcome)

    told = replay(kept.decision_id, actor=ANN)

    assert not told.is_same
    assert [part.is_same for part in told.parts] == [True, False]
    assert told.parts[1].then == "somebody/else"
    assert told.parts[1].now in told.chosen_now


def test_a_replay_takes_the_snapshot_of_then() -> None:
    kept = swarm(request=DecomposeRequest(FOUR_PARTS), actor=ANN).steps
    StoredDecision.objects.update(catalog_revision=987)
    with pytest.raises(NotFound, match="Revision 987"):
        replay(kept.decision_id, actor=ANN)

    publish_snapshot(make_snapshot(*models(), entry("new/best", 99, "3")))
    newer = swarm(request=DecomposeRequest(FOUR_PARTS), actor=ANN).steps
    assert newer.subtasks[0].model is not None
    assert newer.subtasks[0].model.model_id == "new/best"


def test_what_the_context_asked_for_counts_again() -> None:
    few = [entry(f"some/model-{number}", 50, "3") for number in range(8)]
    wide = entry("c/wide", 84, "3", context_length_tokens=2_000_000)
    publish_snapshot(make_snapshot(*few, entry("a/blind", 90, "3", capabilities=BLIND), entry("b/sees", 85, "3"), wide))
    request = DecomposeRequest(FOUR_PARTS, context_tags=("vision", "long-context"))
    kept = swarm(request=request, actor=ANN).steps
    assert {part.model.model_id for part in kept.subtasks if part.model} == {"c/wide"}  # neither best nor blind
    assert replay(kept.decision_id, actor=ANN).is_same


def test_nobody_else_makes_a_person_s_decision_again() -> None:
    own = swarm(request=DecomposeRequest(FOUR_PARTS), actor=ANN).steps.decision_id
    open_one = swarm(request=DecomposeRequest(FOUR_PARTS), actor=ANONYMOUS).steps.decision_id
    with pytest.raises(NotFound):
        replay(own, actor=BEN)
    assert replay(open_one, actor=BEN).is_same


def test_fifty_long_parts_are_kept_in_little_room() -> None:
    task = "\n".join(f"- Build engine {number} " + "and describe how it works " * 60 for number in range(50))
    swarm(request=DecomposeRequest(task), actor=ANN)
    row = StoredDecision.objects.get()
    texts = [part["text"] for part in row.basis["parts"]]
    assert len(texts) == 50
    assert {len(text) for text in texts} == {PART_KEPT_CHARS}
    assert len(row.task) == 4000
    assert replay(str(row.pk), actor=ANN).is_same


def test_a_row_of_another_shape_says_so() -> None:
    kept = swarm(request=DecomposeRequest(FOUR_PARTS), actor=ANN).steps
    StoredDecision.objects.update(basis={"parts": 3})
    with pytest.raises(NotFound, match="another shape"):
        replay(kept.decision_id, actor=ANN)
