"""What the simulated provider says: marked, repeatable, and readable where a form is asked for."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from runs.shapes import ChatResult, NodeKind, NodeSpec, Purpose, Usage
from runs.simulator.answers import make_answer
from runs.simulator.schemas import Filler
from runs.texts.readings import read_answer
from runs.texts.wording import critic_prompt, judge_prompt, outline_prompt, schema_rules, vote_prompt


def say(prompt: str, *, schema: dict[str, Any] | None = None, tokens: int = 50, score: float | None = None) -> str:
    return make_answer(prompt, schema, output_tokens=tokens, score=score)


def test_an_answer_says_that_it_is_simulated() -> None:
    assert say("What is the capital of France?").startswith("[simulated]")
    assert "capital of France" in say("What is the capital of France?")


def test_the_same_prompt_gets_the_same_answer_and_another_one_another() -> None:
    assert say("one") == say("one")
    assert say("one") != say("two")


@pytest.mark.parametrize("tokens", [40, 50, 400, 5000])
def test_an_answer_is_as_long_as_it_should_be(tokens: int) -> None:
    assert len(say("x", tokens=tokens)) == pytest.approx(tokens * 4, rel=0.1)


# --- forms -----------------------------------------------------------------------------------


def read(verdict: str, text: str, **params: Any) -> Any:
    spec = NodeSpec("judge", NodeKind.CALL, Purpose.JUDGE, "judge", params={"verdict": verdict, **params})
    return read_answer(spec, ChatResult(text=text, usage=Usage()))


def test_a_judge_gives_a_score_that_can_be_read() -> None:
    prompt = judge_prompt("Write {a: JSON object} for <me>")
    reading = read("score", say(prompt))
    assert reading.problem == ""
    assert 5 <= reading.score <= 9
    assert read("score", say(prompt, score=6.5)).score == 6.5


def test_judges_are_not_all_of_one_mind() -> None:
    scores = {read("score", say(judge_prompt(f"task {number}"))).score for number in range(40)}
    assert min(scores) < 7 <= max(scores)


def test_a_critic_scores_everything_that_is_asked_for() -> None:
    reading = read("critique", say(critic_prompt("task")))
    assert reading.problem == ""
    assert 5 <= reading.score <= 9


def test_a_vote_names_one_of_the_answers() -> None:
    reading = read("vote", say(vote_prompt("task", ["A", "B", "C"])), labels=["A", "B", "C"])
    assert reading.problem == ""
    assert reading.data["winner"] in "ABC"


def test_a_numbered_list_is_given_where_one_is_asked_for() -> None:
    lines = say(outline_prompt("task", 5)).splitlines()
    assert [line.partition(".")[0] for line in lines] == ["1", "2", "3"]


def test_a_schema_in_words_is_satisfied() -> None:
    schema = {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}, "minItems": 2}
    value = json.loads(say(f"List them.\n\n{schema_rules(json.dumps(schema))}"))
    jsonschema.validate(value, schema)
    assert len(value) == 2


@pytest.mark.parametrize("prompt", ["a JSON object", "a JSON object: {", "JSON Schema\n\n{broken", "no JSON at all {}"])
def test_a_form_that_is_none_is_passed_over(prompt: str) -> None:
    assert say(prompt)


# --- schemas ---------------------------------------------------------------------------------

SCHEMAS: list[dict[str, Any]] = [
    {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "number"}}, "required": ["a"]},
    {"type": "object", "required": ["unnamed"]},
    {"type": "integer", "minimum": 100},
    {"type": "number", "maximum": 2},
    {"enum": ["x", "y"]},
    {"const": {"deep": [1]}},
    {"type": ["null", "string"]},
    {"type": "string", "minLength": 30},
    {"type": "string", "maxLength": 3},
    {"type": "string", "format": "date"},
    {"type": "array", "items": {"enum": [3]}, "minItems": 4},
    {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    {"oneOf": [{"type": "null"}, {"type": "string"}]},
    {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]},
            {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
        ]
    },
    {
        "$defs": {"point": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}},
        "type": "object",
        "properties": {"at": {"$ref": "#/$defs/point"}, "more": {"type": "array", "items": {"$ref": "#/$defs/point"}}},
        "required": ["at", "more"],
    },
    {},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
def test_a_value_satisfies_its_schema(schema: dict[str, Any]) -> None:
    jsonschema.validate(Filler(schema, text="[simulated]", number=7).fill(), schema)


def test_a_schema_within_itself_ends() -> None:
    endless = {"$defs": {"n": {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"}
    assert isinstance(Filler(endless, text="x", number=1).fill(), dict)
