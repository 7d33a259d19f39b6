"""Work by rule: choosing, joining, splitting; and what outlines and lists are read as."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from runs.graph.expansion import MOST_ITEMS, CannotGrow, grow
from runs.shapes import ModelChoice, NodeInput, NodeKind, NodeSpec, NodeStatus, Purpose, Reading
from runs.texts.outlines import list_items, read_outline
from runs.texts.transforms import Rule, apply_transform, split_items

DONE, FAILED = NodeStatus.COMPLETED, NodeStatus.FAILED


def transform(rule: Rule, *texts: str | None, **params: object) -> Reading:
    keys = tuple(f"n{number}" for number in range(len(texts)))
    spec = NodeSpec("t", NodeKind.TRANSFORM, Purpose.STAGE, "T", depends_on=keys, params={"rule": rule.value, **params})
    inputs = [
        NodeInput(key, f"Title {key}", FAILED if text is None else DONE, text or "")
        for key, text in zip(keys, texts, strict=True)
    ]
    return apply_transform(spec, list(reversed(inputs)))  # the order of the inputs is not theirs to choose


@pytest.mark.parametrize(
    ("rule", "texts", "expected"),
    [
        (Rule.SAME, ("a",), "a"),
        (Rule.LATEST, ("a", "b"), "b"),
        (Rule.LATEST, ("a", None), "a"),
        (Rule.MERGE, ("a",), "a"),
        (Rule.MERGE, ("a", "b"), "## Title n0\n\na\n\n---\n\n## Title n1\n\nb"),
        (Rule.MERGE_UNIQUE, ("x\n  Y\n\nx", "y \nz"), "x\n  Y\nz"),
        (Rule.BEST, ("short", "longer text"), "longer text"),
        (Rule.PASSTHROUGH, ("a",), "a"),
    ],
)
def test_rules_do_what_they_say(rule: Rule, texts: tuple[str | None, ...], expected: str):
    assert transform(rule, *texts).output == expected


@pytest.mark.parametrize("rule", Rule)
def test_nothing_comes_of_nothing(rule: Rule):
    assert transform(rule, None, None).problem


def test_several_texts_passed_through_are_a_list():
    assert transform(Rule.PASSTHROUGH, "a", "b").data == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "value"), [('Here: {"a": [1]}', {"a": [1]}), ("```json\n[1, 2]\n```", [1, 2]), ("true", True)]
)
def test_json_is_found_in_prose(text: str, value: object):
    reading = transform(Rule.JSON_PARSE, text)
    assert reading.data == value
    assert json.loads(reading.output) == value


def test_what_is_no_json_is_a_problem_with_its_place():
    assert "cannot be read" in transform(Rule.JSON_PARSE, '{"a": }').problem


# --- lists ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("- a\n- b", ["a", "b"]),
        ("Intro:\n1. a\n2) b\n(3) c\n\nEnd.", ["a", "b", "c"]),
        ("* a\n  more of a\n* b", ["a\nmore of a", "b"]),
        ("- a\n  - a1\n  - a2\n- b", ["a\n- a1\n- a2".replace("- a", "- a"), "b"]),
        ('Items: ["a", {"b": 1}, 3]', ["a", '{"b": 1}', "3"]),
        ("First paragraph.\n\nSecond one.", ["First paragraph.", "Second one."]),
        ("alone", ["alone"]),
        ("2026. was a year\n-5 degrees", ["2026. was a year\n-5 degrees"]),
    ],
)
def test_lists_are_read_as_people_and_models_write_them(text: str, items: list[str]):
    assert split_items(text) == items


def test_items_of_a_list_are_counted_from_its_outermost_level():
    assert list_items("  - a\n    - deeper\n  - b") == ["a\n- deeper", "b"]


@pytest.mark.parametrize(
    ("line", "title", "about"),
    [
        ("1. **Title**: what it is about", "Title", "what it is about"),
        ("1. **Title:** what it is about", "Title", "what it is about"),
        ("- Title - what it is about", "Title", "what it is about"),
        ("- Title – what it is about", "Title", "what it is about"),
        ("## Title", "Title", ""),
        ("2. At 10:30 the train leaves", "At 10:30 the train leaves", ""),
        ("3. Well-known facts", "Well-known facts", ""),
    ],
)
def test_an_outlines_line_is_a_title_and_what_it_is_about(line: str, title: str, about: str):
    (section,) = read_outline(line, most=8)
    assert (section.title, section.about) == (title, about)


# --- growth --------------------------------------------------------------------------------

GROWER = NodeSpec(
    "x",
    NodeKind.TRANSFORM,
    Purpose.STAGE,
    "X",
    model=ModelChoice("a/b"),
    expands="items",
    params={"into": "all", "stem": "s2", "pattern": {"title": "Each", "prompt": "Do.", "system": "Be brief."}},
    wave=1,
)


def test_each_item_becomes_a_task_and_the_waiting_node_waits_for_all():
    growth = grow(GROWER, '["a", "b"]')
    assert [node.key for node in growth.nodes] == ["s2-item-1", "s2-item-2"]
    assert growth.depends_on == {"all": ("s2-item-1", "s2-item-2")}
    assert {(node.kind, node.prompt, node.system, node.wave) for node in growth.nodes} == {
        (NodeKind.CALL, "Do.", "Be brief.", 2)
    }
    assert growth.nodes[1].params["item"] == 1


def test_growth_has_a_bound():
    assert len(grow(GROWER, json.dumps(list(range(1_000)))).nodes) == MOST_ITEMS


def test_what_does_not_grow_gives_nothing():
    assert grow(replace(GROWER, expands=""), "x").nodes == ()


def test_growing_into_nothing_is_a_fault():
    with pytest.raises(CannotGrow):
        grow(replace(GROWER, params={}), "[]")
