"""Chains as nodes: what each stage is given, and what becomes of failures."""

from __future__ import annotations

import json

import pytest

from runs.chains.perspectives import PERSPECTIVES
from runs.chains.templates import TEMPLATES
from runs.plans.make import make_plan
from runs.shapes import Mode, NodeKind, NodeStatus, Plan, RunOptions, RunRequest
from runs.texts.wording import CRITERIA
from tests.runs.plans.desks import make_desk
from tests.runs.plans.play import FAIL, play


def plan(*stages: dict, text: str = "THE INPUT", options: RunOptions | None = None, **changes: object) -> Plan:
    chain = {"name": "Own", "input": text, "stages": list(stages), **changes}
    return make_plan(RunRequest(Mode.CHAIN, chain=chain, options=options or RunOptions()), make_desk())


def stage(name: str, mode: str = "single", **changes: object) -> dict:
    return {"name": name, "mode": mode, **({} if "prompts" in changes else {"prompt": f"Do {name}."}), **changes}


def test_each_stage_works_on_what_the_one_before_gave():
    played = play(plan(stage("Draw"), stage("Write")), {"s1-draw": "FACTS"})
    assert "THE INPUT" in played.prompt("s1-draw")
    assert "FACTS" in played.prompt("s2-write")
    assert "THE INPUT" not in played.prompt("s2-write")
    assert played.answer == "output of s2-write"


def test_a_fan_out_asks_every_perspective_and_a_reduce_reads_them_all():
    made = plan(stage("Views", "fan-out", perspectives=["analyst", "critic", "a pirate"]), stage("End", "reduce"))
    played = play(made)
    assert [node.key for node in made.nodes] == ["s1-analyst-1", "s1-critic-2", "s1-views-3", "s2-end"]
    assert PERSPECTIVES["analyst"].instruction in played.prompt("s1-analyst-1")
    assert "a pirate" in played.prompt("s1-views-3")
    assert "### Views: analyst" in played.prompt("s2-end")


def test_one_lost_perspective_does_not_sink_the_chain():
    played = play(
        plan(stage("Views", "fan-out", perspectives=["analyst", "critic"]), stage("End")), {"s1-critic-2": FAIL}
    )
    assert played.answer == "output of s2-end"
    assert "failed and gave no result" in played.prompt("s2-end")


def test_prompts_of_a_parallel_stage_are_tasks_of_their_own():
    prompts = ["Count.", {"instruction": "Translate.", "input": "OWN TEXT"}]
    played = play(plan(stage("Both", "parallel", prompts=prompts)))
    assert "THE INPUT" in played.prompt("s1-both-1")
    assert "OWN TEXT" in played.prompt("s1-both-2")
    assert "THE INPUT" not in played.prompt("s1-both-2")
    assert played.answer.startswith("## Both: Count.\n\noutput of s1-both-1")


def test_a_task_with_an_input_of_its_own_does_not_wait_for_the_stage_before():
    prompts = ["Count.", {"instruction": "Translate.", "input": "OWN TEXT"}]
    played = play(plan(stage("Draw"), stage("Both", "parallel", prompts=prompts)), {"s1-draw": "FACTS"})
    assert "FACTS" in played.prompt("s2-both-1")
    assert "FACTS" not in played.prompt("s2-both-2")
    assert played.specs["s2-both-2"].wave == 0


def test_a_list_is_shared_out_to_as_many_prompts():
    made = plan(stage("List", outputTransform="split"), stage("Each", "parallel", prompts=["First?", "Second?"]))
    played = play(made, {"s1-list": "- apples\n- pears"})
    assert "apples" in played.prompt("s2-each-1")
    assert "pears" not in played.prompt("s2-each-1")
    assert "pears" in played.prompt("s2-each-2")


def test_one_prompt_over_a_list_becomes_a_task_for_each_item():
    made = plan(
        stage("List", outputTransform="jsonParse"), stage("Each", "parallel", prompts=["Describe it."]), stage("End")
    )
    played = play(made, {"s1-list": '```json\n["apples", {"kind": "pears"}, 3]\n```'})
    assert [key for key in played.called if "item" in key] == ["s2-item-1", "s2-item-2", "s2-item-3"]
    assert '{"kind": "pears"}' in played.prompt("s2-item-2")
    assert "output of s2-item-3" in played.prompt("s3-end")


def test_an_optional_stage_that_fails_leaves_what_there_was():
    made = plan(stage("Draw"), stage("Enrich", required=False), stage("End"))
    assert "FACTS" in play(made, {"s1-draw": "FACTS", "s2-enrich": FAIL}).prompt("s3-end")
    assert "MORE" in play(made, {"s1-draw": "FACTS", "s2-enrich": "MORE"}).prompt("s3-end")


def test_a_required_stage_that_fails_ends_the_chain():
    played = play(plan(stage("Draw"), stage("End")), {"s1-draw": FAIL})
    assert played.status["s2-end"] is NodeStatus.SKIPPED


def test_an_input_is_cut_visibly_at_the_limit_of_its_stage():
    made = plan(stage("Draw"), stage("End", maxInputChars=1_000))
    prompt = play(made, {"s1-draw": "A" * 5_000 + "Z"}).prompt("s2-end")
    assert prompt.count("A") < 1_000
    assert "characters are left out here" in prompt
    assert "Z" in prompt


def test_the_first_input_is_cut_visibly_too():
    prompt = plan(stage("Draw", maxInputChars=200), text="B" * 1_000).nodes[0].prompt
    assert prompt.count("B") < 200
    assert "characters are left out here" in prompt


def test_transforms_cost_no_call():
    made = plan(
        stage("Views", "fan-out", perspectives=["analyst", "critic"], outputTransform="mergeUnique"), stage("End")
    )
    played = play(made, {"s1-analyst-1": "same\nsame \nown", "s1-critic-2": "SAME\nother"})
    assert played.readings["s1-out"].output == "same\nown\nother"
    assert "s1-out" not in played.called


def test_a_stage_that_wants_the_web_gets_it_where_it_can_be_had():
    chain = {"input": "x", "stages": [stage("Look", webSearch=True)]}
    request = RunRequest(Mode.CHAIN, chain=chain, model="google/quick")
    assert make_plan(request, make_desk()).nodes[0].uses_web_search
    blind = make_plan(RunRequest(Mode.CHAIN, chain=chain, model="openai/big"), make_desk())
    assert not blind.nodes[0].uses_web_search
    assert any("works from what it knows" in note for note in blind.notes)


def test_a_stages_own_words_take_the_place_of_a_perspective():
    made = plan(stage("Draw", systemPrompt="You are terse.", context="About frogs."))
    assert made.nodes[0].system == "You are terse."
    assert "About frogs." in made.nodes[0].prompt


@pytest.mark.parametrize("key", TEMPLATES)
def test_every_template_can_be_played_to_its_end(key: str):
    chain = {"template": key, "data": "MATERIAL", "task": "THE TASK"}
    played = play(make_plan(RunRequest(Mode.CHAIN, chain=chain), make_desk()))
    assert played.answer
    calls = [node for node in played.specs.values() if node.kind is NodeKind.CALL]
    assert all("THE TASK" in node.prompt for node in calls)
    assert "MATERIAL" in calls[0].prompt


def test_a_chain_can_be_reflected_on():
    said = json.dumps({"scores": dict.fromkeys(CRITERIA, 9), "critique": "-"})
    played = play(plan(stage("Draw"), stage("End"), options=RunOptions(reflect=True)), {"s2-end-critic-1": said})
    assert played.answer == "output of s2-end-draft"


def test_a_chain_that_ends_with_a_list_of_tasks_can_be_reflected_on():
    stages = (stage("List", outputTransform="split"), stage("Each", "parallel", prompts=["Describe it."]))
    made = plan(*stages, options=RunOptions(reflect=True))
    low = json.dumps({"scores": dict.fromkeys(CRITERIA, 3), "critique": "More."})
    script = {
        "s1-list": "- a\n- b",
        "s2-all-critic-1": low,
        "s2-all-refine-1": "again",
        "s2-all-critic-2": low.replace("3", "9"),
    }
    played = play(made, script)
    assert "output of s2-item-2" in played.prompt("s2-all-critic-1")
    assert played.specs["s2-all-refine-1"].kind is NodeKind.CALL
    assert played.answer == "again"


def test_a_task_alone_is_given_an_automatic_chain():
    made = make_plan(RunRequest(Mode.CHAIN, task="Compare tea and coffee"), make_desk())
    assert "Extract, Compare, Synthesise" in made.summary
