"""Cascade: cheap first, a judge of another family, and a stronger model only when it is needed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from catalog.shapes import Budget
from runs.plans.cascade import is_stronger
from runs.plans.desk import family_of
from runs.plans.make import make_plan
from runs.shapes import Mode, NodeStatus, Plan, Purpose, RunOptions, RunRequest
from tests.runs.plans.desks import MODELS, make_desk, model
from tests.runs.plans.play import FAIL, play

TASK = "How many moons has Mars?"


def plan(desk=None, **changes: object) -> Plan:
    return make_plan(RunRequest(Mode.CASCADE, task=TASK, **changes), desk or make_desk())


def verdict(score: object) -> str:
    return json.dumps({"score": score, "reasons": ["because"]})


def by_key(made: Plan) -> dict:
    return {node.key: node for node in made.nodes}


def test_a_cheap_answer_that_passes_is_the_answer_and_nothing_else_is_paid():
    played = play(plan(), {"cheap": "Two.", "judge": verdict(9)})
    assert played.answer == "Two."
    assert played.called == ["cheap", "judge"]
    assert played.status["premium"] is NodeStatus.SKIPPED


def test_a_short_right_answer_does_not_escalate():
    assert play(plan(), {"cheap": "2", "judge": verdict(10)}).answer == "2"


def test_below_the_threshold_the_stronger_model_sees_the_cheap_answer_and_the_reasons():
    played = play(plan(), {"cheap": "Mars has seven.", "judge": verdict(3), "premium": "Two."})
    assert played.answer == "Two."
    prompt = played.prompt("premium")
    assert "Mars has seven." in prompt
    assert "because" in prompt
    assert TASK in prompt


@pytest.mark.parametrize(("score", "is_escalated"), [(6.9, True), (7, False)])
def test_the_threshold_itself_passes(score: float, is_escalated: bool):
    assert ("premium" in play(plan(), {"judge": verdict(score)}).called) is is_escalated


def test_the_threshold_can_be_set():
    assert "premium" in play(plan(judge_threshold=9.5), {"judge": verdict(9)}).called


def test_a_failed_cheap_model_escalates_at_once_without_a_judge():
    played = play(plan(), {"cheap": FAIL, "premium": "Two."})
    assert played.answer == "Two."
    assert played.called == ["cheap", "premium"]


@pytest.mark.parametrize("said", [FAIL, "I like it.", verdict(12), verdict(0), verdict("good")])
def test_without_a_verdict_that_can_be_read_nothing_passes(said: object):
    assert "premium" in play(plan(), {"judge": said}).called


def test_a_failed_escalation_leaves_the_cheap_answer():
    played = play(plan(), {"cheap": "Seven.", "judge": verdict(4), "premium": FAIL})
    assert played.answer == "Seven."
    assert played.readings["answer"].data["picked"] == "cheap"


@pytest.mark.parametrize("budget", list(Budget))
def test_the_judge_is_of_another_family_and_the_escalation_really_stronger(budget: Budget):
    made = by_key(plan(budget=budget))
    cheap, judge, premium = (made[key].model for key in ("cheap", "judge", "premium"))
    assert family_of(judge.model_id) != family_of(cheap.model_id)
    assert premium.score >= cheap.score + 2
    assert all(spare.score >= cheap.score + 2 for spare in made["premium"].fallbacks)
    assert cheap.prompt_usd_per_mtok <= 1


def test_judge_and_escalation_can_be_named():
    made = by_key(plan(judge_model="meta/open", model="anthropic/grand"))
    assert made["judge"].model.model_id == "meta/open"
    assert made["premium"].model.model_id == "anthropic/grand"
    assert made["cheap"].model.model_id != "anthropic/grand"


def test_a_judge_of_the_same_family_is_pointed_out():
    made = plan(judge_model="google/quick")
    assert any("own family" in note for note in made.notes)


def test_without_a_stronger_model_the_cheap_one_is_planned_alone():
    made = plan(desk=make_desk((MODELS[4], model("meta/open", 72.5, "4"))))
    assert [node.model.model_id for node in made.nodes] == ["google/quick"]
    assert any("clearly stronger" in note for note in made.notes)


def test_unmeasured_models_and_a_lead_within_the_uncertainty_are_not_stronger():
    low = model("a/low", 70, "1")
    assert is_stronger(model("b/high", 72, "1"), low)
    assert not is_stronger(model("b/near", 71.9, "1"), low)
    assert not is_stronger(replace(model("b/unknown", 99, "1"), score=None), low)
    assert not is_stronger(low, low)


def test_a_vote_in_a_cascade_is_taken_before_the_judge_and_again_in_the_escalation():
    made = plan(options=RunOptions(vote_count=2))
    vote = json.dumps({"answers": {"A": {"score": 4}, "B": {"score": 8}}, "winner": "B"})
    script = {"cheap-v2": "cheap B", "cheap-vote": vote, "judge": verdict(2), "premium-v1": "strong A"}
    script["premium-vote"] = vote.replace('"score": 4', '"score": 9')
    played = play(made, script)
    assert "cheap B" in played.prompt("judge")
    assert played.answer == "strong A"


def test_an_escalation_that_is_not_needed_costs_none_of_its_votes():
    played = play(plan(options=RunOptions(vote_count=3)), {"judge": verdict(9)})
    assert not [key for key in played.called if key.startswith("premium")]
    assert [node.purpose for node in plan().nodes if node.key == "premium"] == [Purpose.ESCALATION]
