"""What each mode plans, and what becomes of the plan when its nodes succeed or fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.shapes import Budget
from runs.plans.desk import family_of
from runs.plans.make import make_plan
from runs.shapes import (
    Feed,
    MergeStyle,
    Mode,
    NodeKind,
    NodeStatus,
    Plan,
    Purpose,
    RoleRequest,
    RunOptions,
    RunRequest,
)
from smartspawn.lib.errors import InvalidParam, NoModel
from tests.runs.plans.desks import MODELS, make_desk, model
from tests.runs.plans.play import FAIL, play

TASK = "Explain why the sky is blue."
LIST = "1. Write the database schema\n2. Write the REST API\n3. Write the tests"


def plan(mode: Mode, task: str = TASK, desk=None, **changes: object) -> Plan:
    return make_plan(RunRequest(mode, task=task, **changes), desk or make_desk())


def by_key(made: Plan) -> dict:
    return {node.key: node for node in made.nodes}


def families(made: Plan, purpose: Purpose) -> list[str]:
    return [family_of(node.model.model_id) for node in made.nodes if node.purpose is purpose]


# --- single --------------------------------------------------------------------------------


def test_single_takes_the_best_of_the_budget_and_has_others_in_reserve():
    made = plan(Mode.SINGLE)
    (node,) = made.nodes
    assert node.model.model_id == "openai/big"
    assert [spare.model_id for spare in node.fallbacks] == ["anthropic/middle", "x-ai/wide"]
    assert made.final == "task"
    assert made.decision_ids == ("d1",)


def test_a_model_asked_for_by_name_is_taken_alone():
    (node,) = plan(Mode.SINGLE, model="meta/open").nodes
    assert (node.model.model_id, node.fallbacks) == ("meta/open", ())


def test_an_unknown_model_is_refused_by_name():
    with pytest.raises(InvalidParam, match="no model 'no/such'"):
        plan(Mode.SINGLE, model="no/such")


def test_a_model_that_nobody_serves_is_refused_with_the_reason():
    desk = make_desk(why_unreachable=lambda _model_id: "No connection serves it. A key for Meta would help.")
    with pytest.raises(InvalidParam, match="A key for Meta"):
        plan(Mode.SINGLE, desk=desk, model="meta/open")


def test_no_model_at_all_is_said_with_the_reason():
    with pytest.raises(NoModel, match="nothing fits"):
        plan(Mode.SINGLE, desk=make_desk(()))


def test_role_and_background_go_into_the_prompt_and_the_task_stays_the_task():
    role = RoleRequest(persona="editor", stack=("python",))
    (node,) = plan(Mode.SINGLE, role=role, context="For children.").nodes
    assert node.system == "editor python"
    assert node.prompt == f"{TASK}\n\n## Background\n\nFor children."


def test_what_a_role_cannot_do_is_noted():
    assert "Unknown persona" in plan(Mode.SINGLE, role=RoleRequest(persona="nobody")).notes


def test_a_long_prompt_asks_for_models_with_room():
    desk = make_desk()
    make_plan(RunRequest(Mode.SINGLE, task="word " * 40_000), desk)
    assert desk.choose.__self__.asks[0].prompt_tokens >= 40_000


def test_a_driver_without_a_model_uses_its_own():
    (node,) = plan(Mode.SINGLE, driver="claude").nodes
    assert (node.kind, node.model.model_id, node.params["driver"]) == (NodeKind.HARNESS, "", "claude")


def test_a_driver_and_a_model_are_told_apart():
    made = plan(Mode.SINGLE, driver="claude", model="meta/open")
    assert made.nodes[0].model.model_id == ""
    assert any("not with meta/open" in note for note in made.notes)


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode not in (Mode.SINGLE, Mode.PLAN)])
def test_agents_never_work_side_by_side_in_one_folder(mode: Mode):
    with pytest.raises(InvalidParam, match="works alone"):
        plan(mode, driver="claude", prompts=("a",))


@pytest.mark.parametrize("options", [RunOptions(vote_count=2), RunOptions(skeleton=True)])
def test_what_an_agent_does_cannot_be_doubled(options: RunOptions):
    with pytest.raises(InvalidParam, match="works alone"):
        plan(Mode.SINGLE, driver="claude", options=options)


def test_an_agents_answer_cannot_be_held_to_a_schema():
    with pytest.raises(InvalidParam, match="agent's answer"):
        plan(Mode.SINGLE, driver="claude", options=RunOptions(schema={"type": "object"}))


def test_steps_of_an_agent_are_put_together_by_a_model_or_by_the_agent():
    merge = by_key(plan(Mode.PLAN, LIST, driver="claude"))["merge"]
    assert (merge.kind, merge.model.model_id) == (NodeKind.CALL, "anthropic/grand")
    alone = by_key(plan(Mode.PLAN, LIST, make_desk(()), driver="claude"))["merge"]
    assert (alone.kind, alone.params["driver"]) == (NodeKind.HARNESS, "claude")


def test_an_agents_work_is_criticised_by_a_model_and_mended_by_the_agent():
    made = by_key(plan(Mode.SINGLE, driver="claude", options=RunOptions(reflect=True)))
    assert made["task-critic-1"].kind is NodeKind.CALL
    assert (made["task-refine-1"].kind, made["task-refine-1"].params["driver"]) == (NodeKind.HARNESS, "claude")
    with pytest.raises(NoModel, match="could judge"):
        plan(Mode.SINGLE, desk=make_desk(()), driver="claude", options=RunOptions(reflect=True))


# --- models by hand ------------------------------------------------------------------------


def test_one_node_gets_the_model_that_was_chosen_by_hand():
    made = by_key(plan(Mode.COLLECTIVE, node_models={"task-2": "meta/open"}))
    assert made["task-2"].model.model_id == "meta/open"
    assert made["task-1"].model.model_id != "meta/open"


def test_a_node_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(InvalidParam, match=r"no node 'task-9'.*merge.*task-1"):
        plan(Mode.COLLECTIVE, node_models={"task-9": "meta/open"})


def test_an_unknown_model_for_a_node_is_refused():
    with pytest.raises(InvalidParam, match=r"nodeModels\.task-1: there is no model"):
        plan(Mode.COLLECTIVE, node_models={"task-1": "no/such"})


def test_what_options_add_can_be_given_a_model_too():
    made = plan(Mode.SINGLE, options=RunOptions(reflect=True), node_models={"task-critic-1": "meta/open"})
    assert by_key(made)["task-critic-1"].model.model_id == "meta/open"


def test_options_work_with_the_model_that_was_chosen_by_hand():
    made = plan(Mode.SINGLE, options=RunOptions(vote_count=3), node_models={"task": "meta/open"})
    assert {by_key(made)[f"task-v{number}"].model.model_id for number in (1, 2, 3)} == {"meta/open"}


# --- collective ----------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "planned"), [(2, 2), (3, 3), (5, 5), (9, 5), (0, 2)])
def test_a_collective_has_two_to_five_models_of_different_providers(asked: int, planned: int):
    made = plan(Mode.COLLECTIVE, budget=Budget.ANY, collective_count=asked)
    found = families(made, Purpose.TASK)
    assert len(found) == len(set(found)) == planned


def test_a_collective_is_merged_one_tier_up_and_in_full():
    made = by_key(plan(Mode.COLLECTIVE))
    assert made["merge"].model.model_id == "anthropic/grand"
    assert "in full" in made["merge"].prompt
    assert "never by counting votes" in made["merge"].prompt


@pytest.mark.parametrize(
    ("style", "words"), [(MergeStyle.CONCISE, "as short as it can be"), (MergeStyle.DECISION, "first what to do")]
)
def test_the_style_of_a_merge_can_be_chosen(style: MergeStyle, words: str):
    assert words in by_key(plan(Mode.COLLECTIVE, merge_style=style))["merge"].prompt


def test_the_model_of_a_merge_can_be_chosen_and_nobody_stands_in_for_it():
    merge = by_key(plan(Mode.COLLECTIVE, merge_model="meta/open"))["merge"]
    assert (merge.model.model_id, merge.fallbacks) == ("meta/open", ())


@pytest.mark.parametrize("mode", [Mode.COLLECTIVE, Mode.PLAN, Mode.SWARM])
def test_others_stand_in_for_the_model_of_a_merge_that_was_chosen_here(mode: Mode):
    merge = by_key(plan(mode, LIST))["merge"]
    assert merge.fallbacks
    assert family_of(merge.model.model_id) not in {family_of(spare.model_id) for spare in merge.fallbacks}


def test_one_failed_worker_does_not_sink_a_collective():
    played = play(plan(Mode.COLLECTIVE), {"task-2": FAIL})
    assert played.answer == "output of merge"
    prompt = played.prompt("merge")
    assert "output of task-1" in prompt
    assert "failed and gave no result" in prompt


def test_nothing_is_merged_when_all_workers_failed():
    played = play(plan(Mode.COLLECTIVE), dict.fromkeys(["task-1", "task-2", "task-3"], FAIL))
    assert played.status["merge"] is NodeStatus.SKIPPED
    assert "merge" not in played.called


def test_the_merge_reads_letters_and_not_the_names_of_models():
    prompt = play(plan(Mode.COLLECTIVE)).prompt("merge")
    assert "### Answer A" in prompt
    assert "openai/big" not in prompt


def test_a_collective_of_one_is_planned_as_single_and_says_so():
    made = plan(Mode.COLLECTIVE, desk=make_desk((MODELS[0],)), budget=Budget.ANY)
    assert (made.final, len(made.nodes)) == ("task", 1)
    assert any("planned as single" in note for note in made.notes)


# --- parallel ------------------------------------------------------------------------------


def test_each_prompt_is_a_node_in_its_order_by_one_model():
    made = plan(Mode.PARALLEL, task="", prompts=("One?", "Two?", "Three?"))
    assert [node.prompt for node in made.nodes] == ["One?", "Two?", "Three?"]
    assert made.final == ""
    assert len({node.model.model_id for node in made.nodes}) == 1


def test_equal_prompts_are_asked_once_and_all_get_the_answer():
    played = play(plan(Mode.PARALLEL, task="", prompts=("Same", "Other", "Same")), {"task-1": "yes", "task-2": "no"})
    assert played.called == ["task-1", "task-2"]
    assert [played.readings[f"task-{number}"].output for number in (1, 2, 3)] == ["yes", "no", "yes"]


def test_equal_prompts_are_asked_each_where_that_is_wished():
    made = plan(Mode.PARALLEL, task="", prompts=("Same", "Same"), options=RunOptions(share_equal=False))
    assert [node.kind for node in made.nodes] == [NodeKind.CALL, NodeKind.CALL]


def test_a_common_task_stands_before_each_prompt():
    made = plan(Mode.PARALLEL, task="Translate into Danish:", prompts=("cat", "dog"))
    assert made.nodes[1].prompt == "Translate into Danish:\n\ndog"


def test_every_prompt_of_a_vote_is_still_one_task():
    made = plan(Mode.PARALLEL, task="", prompts=("One?", "Two?"), options=RunOptions(vote_count=3, reflect=True))
    assert [node.key for node in made.nodes if node.purpose is Purpose.TASK] == ["task-1", "task-2"]


# --- steps and swarms ----------------------------------------------------------------------


def test_each_step_sees_what_the_former_ones_brought():
    played = play(plan(Mode.PLAN, LIST), {"step-1": "THE SCHEMA", "step-2": "THE API"})
    prompt = played.prompt("step-3")
    assert "THE SCHEMA" in prompt
    assert "THE API" in prompt
    assert played.called == ["step-1", "step-2", "step-3", "merge"]


def test_a_failed_step_ends_those_after_it_and_what_there_is_is_put_together():
    played = play(plan(Mode.PLAN, LIST), {"step-2": FAIL})
    assert played.called == ["step-1", "step-2", "merge"]
    assert played.status["step-3"] is NodeStatus.SKIPPED
    assert "failed and gave no result" in played.prompt("merge")


def test_a_sequence_ends_with_its_last_step():
    made = plan(Mode.PLAN, "First collect the complaints of last month, then write a summary for the board.")
    assert made.final == "step-2"


def test_a_task_in_one_piece_is_planned_as_single_and_says_so():
    made = plan(Mode.PLAN, "Write a haiku.")
    assert made.final == "task"
    assert any("planned as single" in note.lower() for note in made.notes)


def test_parts_of_a_swarm_start_when_what_they_need_is_there():
    made = by_key(plan(Mode.SWARM, LIST))
    assert made["swarm-1"].wave == 0
    assert all(key.startswith("swarm-") for key in made["swarm-3"].depends_on)
    assert made["merge"].depends_on == ("swarm-1", "swarm-2", "swarm-3")


def test_hard_parts_of_a_swarm_get_a_dearer_budget():
    desk = make_desk()
    make_plan(RunRequest(Mode.SWARM, task="- Design the security architecture\n- Write a simple readme"), desk)
    assert {ask.budget for ask in desk.choose.__self__.asks if ask.is_part} == {Budget.HIGH, Budget.LOW}


def test_a_part_brings_its_own_persona_only_where_none_was_asked_for():
    steps = make_desk().split(LIST, Budget.MEDIUM)
    named = replace(steps, subtasks=tuple(replace(part, persona="tester") for part in steps.subtasks))
    desk = make_desk(split=lambda _task, _budget: named)
    assert by_key(plan(Mode.PLAN, LIST, desk))["step-1"].system == "tester"
    own = by_key(plan(Mode.PLAN, LIST, desk, role=RoleRequest(persona="editor")))
    assert own["step-1"].system == "editor"


# --- limits --------------------------------------------------------------------------------


def test_an_answer_is_never_longer_than_its_model_can():
    short = model("tiny/model", 90, "1", max_output_tokens=1_000, context_length_tokens=4_096)
    (node,) = plan(Mode.SINGLE, desk=make_desk((short,))).nodes
    assert node.max_output_tokens == 1_000


def test_a_callers_limit_bounds_answers_and_not_verdicts():
    made = by_key(plan(Mode.CASCADE, max_output_tokens=100))
    assert made["cheap"].max_output_tokens == 100
    assert made["judge"].max_output_tokens > 100
    assert made["cheap"].feed is Feed.NONE


def test_the_time_limit_of_a_node_is_the_requests():
    assert {node.timeout_s for node in plan(Mode.COLLECTIVE, node_timeout_s=33.0).nodes} == {33.0}
