"""Chains as callers write them: everything wrong with one is said at once, and nothing is guessed."""

from __future__ import annotations

import copy

import pytest

from runs.chains.auto import GENERAL, MEASURES, PATTERNS, STAGES, find_pattern, pick_perspectives, plan_stages
from runs.chains.perspectives import PERSPECTIVES
from runs.chains.reading import ChainFault, read_chain
from runs.chains.shapes import Depth, StageMode, TransformRule
from runs.chains.templates import TEMPLATES

GOOD = {"input": "text", "stages": [{"name": "One", "prompt": "Do."}]}


def errors_of(chain: dict) -> tuple[str, ...]:
    with pytest.raises(ChainFault) as caught:
        read_chain(chain)
    return caught.value.errors


# --- written chains ------------------------------------------------------------------------


def test_a_stage_is_read_as_it_was_meant():
    raw = {
        "name": "Views",
        "mode": "fan-out",
        "perspectives": ["analyst", "a pirate"],
        "prompt": "Look.",
        "inputTransform": "jsonParse",
        "outputTransform": "mergeUnique",
        "webSearch": True,
        "maxInputChars": 9_000,
        "required": False,
    }
    (stage,) = read_chain({"input": "x", "stages": [raw]}).stages
    assert stage.mode is StageMode.FAN_OUT
    assert stage.perspectives == ("analyst", "a pirate")
    assert (stage.input_transform, stage.output_transform) == (TransformRule.JSON_PARSE, TransformRule.MERGE_UNIQUE)
    assert (stage.uses_web_search, stage.max_input_chars, stage.is_required) == (True, 9_000, False)


def test_everything_wrong_is_said_at_once():
    stages = [
        {"mode": "sideways", "prompt": 5},
        {"mode": "parallel"},
        {"mode": "fan-out", "prompt": "x"},
        {"outputTransform": "shuffle", "promt": "x"},
        "no stage",
    ]
    errors = errors_of({"input": "x", "stages": stages})
    told = " / ".join(errors)
    for piece in (
        "'sideways'",
        "must be a text",
        "needs prompts",
        "needs perspectives",
        "'shuffle'",
        "'promt'",
        "stages[4]",
    ):
        assert piece in told
    assert len(errors) == 7


@pytest.mark.parametrize(
    ("chain", "why"),
    [
        ({}, "stages must be a list"),
        ({"stages": []}, "at least one stage"),
        ({"stages": {}}, "must be a list"),
        ({"stages": [{"name": "x"}]}, "neither an input nor a prompt"),
        ({**GOOD, "stages": [{"prompt": "a", "prompts": ["b"]}]}, "both one prompt and a list"),
        ({**GOOD, "stages": [{"prompts": ["a", "b"]}]}, "takes one prompt, not 2"),
        ({**GOOD, "stages": [{"prompt": "x"}] * 21}, "at most 20"),
        ({**GOOD, "stages": [{"mode": "parallel", "prompts": ["x"] * 101}]}, "at most 100"),
        ({**GOOD, "stages": [{"prompt": "x", "maxInputChars": 5}]}, "from 100"),
        ({**GOOD, "stages": [{"prompt": "x", "maxInputChars": True}]}, "whole number"),
        ({**GOOD, "stages": [{"prompt": "x", "webSearch": "yes"}]}, "true or false"),
        ({**GOOD, "stages": [{"mode": "parallel", "prompts": ["", {"instruction": 3}]}]}, "prompts[0] is empty"),
        ({**GOOD, "reflect": {"threshold": 11}}, "from 1 to 10"),
        ({**GOOD, "reflect": "yes"}, "reflect must be"),
        ({"template": "swat", "data": "x"}, "use one of swot"),
        ({"template": "swot"}, "needs data or a task"),
        ({"auto": "x"}, "auto must be an object"),
        ({"auto": {"depth": "bottomless"}}, "quick, standard, deep, exhaustive"),
        ({"auto": {"stages": ["extract", "guess"]}}, "There is no stage 'guess'"),
    ],
)
def test_what_cannot_be_run_is_refused_with_the_reason(chain: dict, why: str):
    assert why in "; ".join(errors_of(chain))


def test_stages_of_one_name_are_told_apart():
    chain = read_chain({**GOOD, "stages": [{"name": "Same", "prompt": "a"}, {"name": "Same", "prompt": "b"}]})
    assert [stage.name for stage in chain.stages] == ["Same", "Same 2"]


# --- automatic chains ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "pattern"),
    [
        ("Compare Postgres and MySQL", "comparative"),
        ("Rust vs. Go for services", "comparative"),
        ("Research the history of tea", "research-deep"),
        ("Play devil's advocate on our plan", "adversarial"),
        ("What are the risks of this merger?", "adversarial"),
        ("Give me the top 5 complaints", "filter-refine"),
        ("Opinions of all stakeholders", "multi-perspective"),
        ("Is there a market for this?", "opportunity"),
        ("Summarise this thread", "summarize"),
        ("Write a poem", "general"),
        ("", "general"),
        ("The better Compare", "comparative"),
        ("Briefcase design", "general"),  # "brief" is a whole word or none
    ],
)
def test_the_words_of_a_task_tell_its_kind(task: str, pattern: str):
    assert find_pattern(task).name == pattern


@pytest.mark.parametrize("pattern", [*PATTERNS, GENERAL], ids=lambda item: item.name)
@pytest.mark.parametrize("depth", Depth)
def test_a_depth_bounds_the_stages_and_keeps_first_and_last(pattern, depth: Depth):
    stages = plan_stages(pattern, depth)
    assert 2 <= len(stages) <= MEASURES[depth].most_stages
    assert stages[0] == "extract"
    assert stages[-1] == ("optimize" if depth is Depth.EXHAUSTIVE else "synthesize")
    assert ("challenge" in stages) or depth in (Depth.QUICK, Depth.STANDARD)
    assert set(stages) <= set(STAGES)


def test_deeper_is_never_less():
    for pattern in (*PATTERNS, GENERAL):
        lengths = [len(plan_stages(pattern, depth)) for depth in Depth]
        assert lengths == sorted(lengths)


def test_a_preview_changes_nothing_for_later_chains():
    ask = {"auto": {"task": "Compare A and B", "depth": "standard"}}
    before = read_chain(copy.deepcopy(ask))
    for depth in Depth:
        read_chain({"auto": {"task": "Compare A and B", "depth": depth.value}})
    assert read_chain(ask) == before


@pytest.mark.parametrize(("depth", "count"), [("quick", 2), ("standard", 3), ("deep", 4), ("exhaustive", 5)])
def test_a_fan_out_has_as_many_perspectives_as_the_depth_allows(depth: str, count: int):
    chain = read_chain({"auto": {"task": "What do stakeholders think of our pricing data?", "depth": depth}})
    fans = [stage for stage in chain.stages if stage.mode is StageMode.FAN_OUT]
    assert all(len(stage.perspectives) == count for stage in fans)
    assert bool(fans) is (depth != "quick")


def test_perspectives_that_the_task_calls_for_come_first():
    assert pick_perspectives("fan-out-perspectives", "our strategy and roadmap", 3)[:2] == ("analyst", "strategist")
    assert "critic" in pick_perspectives("fan-out-perspectives", "please verify and audit this", 3)


def test_perspectives_and_stages_can_be_given():
    chain = read_chain({"auto": {"task": "x", "stages": ["analyze", "fan-out-compare"], "perspectives": ["a judge"]}})
    assert [stage.name for stage in chain.stages] == ["Analyse", "Compare"]
    assert chain.stages[1].perspectives == ("a judge",)


# --- what ships ----------------------------------------------------------------------------


def test_there_are_ten_perspectives_six_transforms_and_seven_templates():
    assert len(PERSPECTIVES) == 10
    assert len(TransformRule) == 6
    assert list(TEMPLATES) == [
        "swot",
        "competitor",
        "market-entry",
        "content-pipeline",
        "due-diligence",
        "brainstorm",
        "summarize",
    ]


def test_no_two_perspectives_are_told_the_same():
    texts = [item.instruction for item in PERSPECTIVES.values()]
    assert len(set(texts)) == 10
    assert all(100 < len(text) < 800 for text in texts)
