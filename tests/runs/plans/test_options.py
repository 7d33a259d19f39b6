"""Reflect, vote, skeleton and structured answers, played through with good and bad answers."""

from __future__ import annotations

import json

import pytest

from runs.plans.desk import family_of
from runs.plans.make import make_plan
from runs.shapes import MergeStyle, Mode, NodeStatus, Plan, RunOptions, RunRequest
from runs.texts.wording import CRITERIA
from smartspawn.lib.errors import InvalidParam
from tests.runs.plans.desks import make_desk
from tests.runs.plans.play import FAIL, play

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["city", "people"],
    "additionalProperties": False,
}


def plan(mode: Mode = Mode.SINGLE, **options: object) -> Plan:
    request = RunRequest(mode, task="Describe Oslo.", prompts=("One?", "Two?", "One?"), options=RunOptions(**options))
    return make_plan(request, make_desk())


def critique(*scores: int) -> str:
    return json.dumps({"scores": dict(zip(CRITERIA, scores, strict=True)), "weakest": "x", "critique": "Say more."})


def by_key(made: Plan) -> dict:
    return {node.key: node for node in made.nodes}


# --- reflect -------------------------------------------------------------------------------


def test_a_text_above_the_threshold_is_kept_as_it_is():
    played = play(plan(reflect=True), {"task-draft": "Good.", "task-critic-1": critique(8, 8, 8, 8, 8)})
    assert played.answer == "Good."
    assert played.called == ["task-draft", "task-critic-1"]


def test_below_the_threshold_the_better_text_is_kept():
    script = {
        "task-draft": "Poor.",
        "task-critic-1": critique(4, 5, 6, 2, 5),
        "task-refine-1": "Better.",
        "task-critic-2": critique(8, 8, 8, 7, 8),
    }
    played = play(plan(reflect=True), script)
    assert played.answer == "Better."
    told = played.readings["task"].data
    assert (told["original_score"], told["final_score"], told["is_refined"]) == (4.4, 7.8, True)
    assert told["weakest"] == "actionability"
    assert "Say more." in played.prompt("task-refine-1")


def test_a_rewriting_that_made_it_worse_is_not_taken():
    script = {
        "task-draft": "First.",
        "task-critic-1": critique(6, 6, 6, 6, 6),
        "task-refine-1": "Second.",
        "task-critic-2": critique(5, 5, 5, 5, 5),
    }
    played = play(plan(reflect=True), script)
    assert played.answer == "First."
    assert played.readings["task"].data["is_refined"] is False


@pytest.mark.parametrize("failed", ["task-refine-1", "task-critic-2"])
def test_a_failed_rewriting_never_erases_the_text(failed: str):
    played = play(plan(reflect=True), {"task-draft": "First.", "task-critic-1": critique(1, 1, 1, 1, 1), failed: FAIL})
    assert played.answer == "First."


def test_a_critic_that_cannot_be_read_is_no_pass_but_a_note():
    played = play(plan(reflect=True), {"task-draft": "First.", "task-critic-1": "Pass! All fine."})
    told = played.readings["task"].data
    assert played.answer == "First."
    assert told["final_score"] is None
    assert "nobody judged it" in told["note"]


def test_a_critics_own_sum_and_pass_count_for_nothing():
    said = json.dumps({"scores": dict.fromkeys(CRITERIA, 1), "score": 10, "verdict": "pass", "critique": "x"})
    assert "task-refine-1" in play(plan(reflect=True), {"task-critic-1": said}).called


def test_so_many_refinements_as_asked_and_the_best_of_all_is_kept():
    script = {
        "task-critic-1": critique(2, 2, 2, 2, 2),
        "task-refine-1": "second",
        "task-critic-2": critique(6, 6, 6, 6, 6),
        "task-refine-2": "third",
        "task-critic-3": critique(5, 5, 5, 5, 5),
    }
    played = play(plan(reflect=True, max_refinements=2), script)
    assert played.answer == "second"
    assert played.readings["task"].data["cycles"] == 2


def test_the_critic_is_of_another_family_than_the_writer():
    made = by_key(plan(reflect=True))
    assert family_of(made["task-critic-1"].model.model_id) != family_of(made["task-draft"].model.model_id)
    assert made["task-refine-1"].model == made["task-draft"].model


def test_a_failed_text_is_not_criticised_and_fails_the_answer():
    played = play(plan(reflect=True), {"task-draft": FAIL})
    assert played.called == ["task-draft"]
    assert played.status["task"] is NodeStatus.SKIPPED


# --- vote ----------------------------------------------------------------------------------


def votes(**scores: int) -> str:
    return json.dumps({"answers": {label: {"score": score} for label, score in scores.items()}, "reasons": "R."})


def test_the_judge_takes_the_best_answer_and_its_reasons_are_kept():
    played = play(plan(vote_count=3), {"task-v2": "the best", "task-vote": votes(A=5, B=9, C=7)})
    assert played.answer == "the best"
    told = played.readings["task"].data
    assert (told["picked"], told["winner"], told["reasons"]) == ("task-v2", "B", "R.")
    assert told["scores"] == {"A": 5.0, "B": 9.0, "C": 7.0}


def test_letters_stay_with_their_answers_when_one_fails():
    played = play(plan(vote_count=3), {"task-v1": FAIL, "task-v3": "third", "task-vote": votes(B=5, C=9)})
    assert played.answer == "third"
    assert "Answer A" not in played.prompt("task-vote").split("## The answers")[1]


def test_one_survivor_wins_without_a_judge():
    played = play(plan(vote_count=3), {"task-v1": FAIL, "task-v2": FAIL, "task-v3": "alone"})
    assert played.answer == "alone"
    assert "task-vote" not in played.called


@pytest.mark.parametrize("said", [FAIL, "B is best", votes(Z=9), votes(A=11)])
def test_without_a_verdict_the_first_answer_is_taken_and_that_is_said(said: object):
    played = play(plan(vote_count=2), {"task-v1": "first", "task-vote": said})
    assert played.answer == "first"
    assert "No judge chose" in played.readings["task"].data["note"]


def test_a_vote_at_temperature_zero_is_pointed_out():
    request = RunRequest(Mode.SINGLE, task="x", temperature=0.0, options=RunOptions(vote_count=3))
    assert any("temperature 0" in note for note in make_plan(request, make_desk()).notes)


# --- skeleton ------------------------------------------------------------------------------

OUTLINE = "Here it is:\n1. **History**: from the founding\n2. Today: people and work\n3. Outlook"


def test_sections_are_written_side_by_side_and_stand_in_the_order_of_the_outline():
    played = play(plan(skeleton=True), {"task-outline": OUTLINE, "task-section-2": "Many people."})
    sections = ["task-section-1", "task-section-2", "task-section-3"]
    assert played.called == ["task-outline", *sections]
    assert played.answer.startswith("## History\n\noutput of task-section-1\n\n## Today\n\nMany people.")
    assert "people and work" in played.prompt("task-section-2")
    assert "Describe Oslo." in played.prompt("task-section-2")


def test_a_section_that_failed_is_seen_to_be_missing():
    played = play(plan(skeleton=True), {"task-outline": OUTLINE, "task-section-2": FAIL})
    assert "## Today\n\n*This section could not be written.*" in played.answer
    assert played.readings["task"].data == {"missing_sections": ["Today"]}


def test_an_outline_that_is_none_still_gives_an_answer():
    played = play(plan(skeleton=True), {"task-outline": "I would write about Oslo.", "task-section-1": "Oslo is..."})
    assert "Oslo is..." in played.answer


def test_sections_beyond_the_limit_go_to_the_last_author():
    outline = "\n".join(f"{number}. Part {number}: about {number}" for number in range(1, 13))
    played = play(plan(skeleton=True), {"task-outline": outline})
    assert [key for key in played.called if "section" in key] == [f"task-section-{n}" for n in range(1, 9)]
    assert "Part 12: about 12" in played.prompt("task-section-8")


def test_a_model_puts_the_sections_together_where_a_merge_is_asked_for():
    request = RunRequest(
        Mode.SINGLE, task="Describe Oslo.", merge_style=MergeStyle.DETAILED, options=RunOptions(skeleton=True)
    )
    played = play(make_plan(request, make_desk()), {"task-outline": OUTLINE, "task": "whole"})
    assert played.answer == "whole"
    assert "output of task-section-3" in played.prompt("task")


def test_sections_can_be_criticised_and_written_again_as_a_whole():
    script = {"task-outline": OUTLINE, "task-critic-1": critique(3, 3, 3, 3, 3), "task-refine-1": "Whole."}
    played = play(plan(skeleton=True, reflect=True), {**script, "task-critic-2": critique(9, 9, 9, 9, 9)})
    assert "output of task-section-3" in played.prompt("task-critic-1")
    assert played.answer == "Whole."


def test_a_vote_on_sections_that_a_model_puts_together_is_none_and_harms_nothing():
    options = RunOptions(skeleton=True, vote_count=3)
    request = RunRequest(Mode.PARALLEL, prompts=("One?",), merge_style=MergeStyle.CONCISE, options=options)
    played = play(make_plan(request, make_desk()), {"task-1-outline": OUTLINE, "task-1": "whole"})
    assert played.readings["task-1"].output == "whole"
    assert "output of task-1-section-2" in played.prompt("task-1")


# --- structured answers --------------------------------------------------------------------


def test_the_schema_goes_to_every_node_whose_text_can_be_the_answer():
    made = by_key(plan(Mode.CASCADE, schema=SCHEMA, reflect=True, vote_count=2))
    with_schema = {key for key, node in made.items() if node.schema is not None}
    answers = {"cheap-v1", "cheap-v2", "premium-v1", "premium-v2", "answer-refine-1"}
    assert with_schema == answers


def test_a_collectives_workers_write_freely_and_its_merge_keeps_the_schema():
    made = by_key(plan(Mode.COLLECTIVE, schema=SCHEMA))
    assert [key for key, node in made.items() if node.schema] == ["merge"]


def test_every_prompt_of_a_parallel_run_keeps_the_schema():
    made = by_key(plan(Mode.PARALLEL, schema=SCHEMA))
    assert [key for key, node in made.items() if node.schema] == ["task-1", "task-2"]


def test_a_structured_answer_is_clean_json_whatever_stands_around_it():
    said = 'Sure!\n```json\n{"city": "Oslo", "people": 709000}\n```\nAnything else?'
    assert json.loads(play(plan(schema=SCHEMA), {"task": said}).answer) == {"city": "Oslo", "people": 709000}


def test_what_does_not_satisfy_the_schema_is_no_answer():
    played = play(plan(schema=SCHEMA), {"task": '{"city": "Oslo", "people": "many"}'})
    assert played.status["task"] is NodeStatus.FAILED
    assert "at people: 'many' is not of type 'integer'" in played.readings["task"].problem


def test_sections_joined_by_rule_cannot_be_structured():
    with pytest.raises(InvalidParam, match="by rule"):
        plan(schema=SCHEMA, skeleton=True)
