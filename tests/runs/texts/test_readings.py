"""What answers are worth: short ones are answers, cut-off ones are not, verdicts are read strictly."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from runs.shapes import ChatRequest, ChatResult, Citation, ModelChoice, NodeKind, NodeSpec, Purpose, Reading, Usage
from runs.texts.prompts import build_request
from runs.texts.readings import EMPTY, REFUSED, is_worth_keeping, next_request, read_answer
from runs.texts.verdicts import Verdict

SCHEMA = {
    "type": "object",
    "properties": {
        "moons": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "km": {"type": "integer"}, "is_large": {"type": "boolean"}},
                "required": ["name", "km"],
            },
        }
    },
    "required": ["moons"],
}
MODEL = ModelChoice("a/b", max_output_tokens=9_000, context_length_tokens=100_000)
SPEC = NodeSpec("task", NodeKind.CALL, Purpose.TASK, "Task", "Do it.", model=MODEL)
JUDGE = replace(SPEC, purpose=Purpose.JUDGE, params={"verdict": Verdict.SCORE})
CRITIC = replace(SPEC, purpose=Purpose.CRITIC, params={"verdict": Verdict.CRITIQUE})
VOTE = replace(SPEC, purpose=Purpose.JUDGE, params={"verdict": Verdict.VOTE, "labels": ["A", "B", "C"]})


def read(text: str, spec: NodeSpec = SPEC, finish_reason: str = "stop") -> Reading:
    return read_answer(spec, ChatResult(text, Usage(), finish_reason))


# --- plain answers -------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["4", "Oslo", "No", "是", "-1", "🙂", "Sorry", "{"])
def test_a_short_answer_is_an_answer(text: str):
    assert read(text) == Reading(text)


@pytest.mark.parametrize("text", ["", "  \n\t ", "<think>Hmm.</think>", "<think>\nlong\n</think>\n\n"])
def test_nothing_is_no_answer(text: str):
    assert read(text).problem == EMPTY


def test_thoughts_that_a_local_model_says_aloud_are_left_out():
    assert read("<think>Two? {yes}</think>\n\nTwo.").output == "Two."


def test_the_sources_of_a_grounded_answer_go_on_with_it():
    cited = (
        Citation("https://a.example", "A  page"),
        Citation("https://b.example"),
        Citation("https://a.example", "Again"),
    )
    result = ChatResult("Two, says https://b.example.", Usage(), citations=cited)
    assert read_answer(SPEC, result).output == "Two, says https://b.example.\n\nSources:\n- A page: https://a.example"
    assert read_answer(replace(SPEC, schema={"type": "integer"}), replace(result, text="2")).output == "2"


def test_thoughts_in_the_middle_of_a_text_belong_to_it():
    text = "Write <think> and </think> around it."
    assert read(text).output == text


def test_a_cut_off_answer_is_kept_and_named():
    reading = read("Once upon a", finish_reason="length")
    assert reading.output == "Once upon a"
    assert reading.problem == "cut off at the limit of 4,096 tokens"
    assert is_worth_keeping(reading)


def test_an_answer_that_thinking_used_up_is_empty_and_cut_off():
    reading = read("", finish_reason="length")
    assert "before its first word" in reading.problem
    assert not is_worth_keeping(reading)


@pytest.mark.parametrize("text", ["", "I cannot"])
def test_what_the_providers_filter_stopped_is_no_answer(text: str):
    assert read(text, finish_reason="content_filter").problem == REFUSED


# --- verdicts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"score": 8, "reasons": ["Right."]}',
        'Here you are:\n```json\n{"reasons": ["Right."], "score": 8}\n```\nRegards',
        'I thought of {"score": 3, "reasons": ["Wrong."]} at first, but: {"score": "8/10", "reasons": "Right."}',
        '<think>{"score": 1}</think>{"score": 8.0, "reasons": "Right.", "x": {"y": [1]}}',
        'Set {a, b} and list [1, 2. Verdict: {"score": "8", "reason": "Right."}',
    ],
)
def test_a_verdict_is_found_whatever_stands_around_it(text: str):
    reading = read(text, JUDGE)
    assert (reading.problem, reading.score) == ("", 8.0)
    assert reading.data["reasons"] == ["Right."]
    assert reading.output == "Score: 8 of 10\n- Right."


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"score": 11}', "11, which is not between 1 and 10"),
        ('{"score": 0}', "0, which is not"),
        ('{"score": -3}', "-3"),
        ('{"score": true}', "no number"),
        ('{"score": null}', "no number"),
        ('{"score": "good"}', "no number"),
        ('{"score": NaN}', "cannot be read"),
        ('{"score": 1e999}', "not between"),
        ("8/10", "holds no JSON"),
        ('{"score": 8', "cannot be read"),
        ('{"rating": 8}', "no JSON of the form"),
        ("[8]", "no JSON of the form"),
    ],
)
def test_a_verdict_that_is_none_gives_no_score(text: str, why: str):
    reading = read(text, JUDGE)
    assert reading.score is None
    assert why in reading.problem
    assert reading.output == text


def test_a_critics_mean_and_weakest_are_counted_here():
    scores = {"accuracy": 9, "completeness": 6, "coherence": 8, "actionability": 7, "conciseness": 10}
    said = {"scores": scores, "weakest": "accuracy", "score": 1, "critique": "Add sources."}
    reading = read(json.dumps(said), CRITIC)
    assert reading.score == 8.0
    assert reading.data["weakest"] == "completeness"
    assert "Add sources." in reading.output


@pytest.mark.parametrize("scores", [{}, {"accuracy": 9}, [9, 9, 9, 9, 9], None])
def test_a_critique_without_all_five_scores_is_none(scores: object):
    reading = read(json.dumps({"scores": scores, "verdict": "pass"}), CRITIC)
    assert reading.score is None
    assert reading.problem


@pytest.mark.parametrize(
    "answers",
    [
        {"A": {"score": 5}, "B": {"score": 9, "reason": "Exact."}},
        [{"label": "A", "score": 5}, {"label": "B", "score": 9, "reason": "Exact."}],
        {"Answer A": 5, "answer b": {"score": "9/10", "reason": "Exact."}},
    ],
)
def test_the_winner_of_a_vote_is_who_scored_highest(answers: object):
    reading = read(json.dumps({"answers": answers, "winner": "A", "reasons": "B is exact."}), VOTE)
    assert reading.data["winner"] == "B"
    assert reading.data["scores"] == {"A": 5.0, "B": 9.0}
    assert reading.data["answer_reasons"]["B"] in ("Exact.", "")
    assert "B is exact." in reading.output


def test_of_equal_scores_the_judges_word_decides_and_else_the_first():
    tie = {"answers": {"A": {"score": 8}, "B": {"score": 8}, "C": {"score": 5}}}
    assert read(json.dumps({**tie, "winner": "B"}), VOTE).data["winner"] == "B"
    assert read(json.dumps({**tie, "winner": "C"}), VOTE).data["winner"] == "A"


@pytest.mark.parametrize("answers", [{}, {"D": {"score": 9}}, {"A": {"score": 20}}, "A", {"A": {}}])
def test_a_vote_that_cannot_be_counted_is_none(answers: object):
    reading = read(json.dumps({"answers": answers, "winner": "A"}), VOTE)
    assert reading.data is None
    assert reading.problem


# --- structured answers --------------------------------------------------------------------

STRUCTURED = replace(SPEC, schema=SCHEMA)


def test_a_structured_answer_is_parsed_and_written_cleanly():
    reading = read('```\n{"moons":[{"name":"Phobos","km":22}]}\n```', STRUCTURED)
    assert reading.data == {"moons": [{"name": "Phobos", "km": 22}]}
    assert json.loads(reading.output) == reading.data


def test_a_list_of_objects_is_read_as_a_list():
    spec = replace(SPEC, schema={"type": "array", "items": {"type": "object", "required": ["a"]}})
    assert read('The list: [{"a": 1}, {"a": 2}]', spec).data == [{"a": 1}, {"a": 2}]
    assert read('{"a": 1}', spec).problem


@pytest.mark.parametrize(
    ("moon", "where"),
    [
        ({"name": "Phobos"}, "at moons[0]: 'km' is a required property"),
        ({"name": "Phobos", "km": 22.5}, "at moons[0].km"),
        ({"name": "Phobos", "km": 22, "is_large": "no"}, "at moons[0].is_large"),
        ({"name": None, "km": 22}, "at moons[0].name"),
    ],
)
def test_nested_faults_are_found_and_placed(moon: dict, where: str):
    reading = read(json.dumps({"moons": [moon]}), STRUCTURED)
    assert where in reading.problem
    assert reading.data is None


def test_of_several_values_the_one_that_fits_is_the_answer():
    text = 'Not {"moons": 2} but {"moons": []} as in [1, 2].'
    assert read(text, STRUCTURED).data == {"moons": []}


def test_a_cut_off_structure_is_cut_off_and_not_malformed():
    assert read('{"moons": [{"na', STRUCTURED, "length").problem.startswith("cut off")


# --- asking again --------------------------------------------------------------------------


def again(spec: NodeSpec, text: str, request: ChatRequest | None = None, finish: str = "stop") -> ChatRequest | None:
    return next_request(spec, request or build_request(spec, ()), read(text, spec, finish))


def test_a_broken_structure_is_shown_to_the_model_with_what_is_wrong_once():
    repaired = again(STRUCTURED, '{"moons": 2}')
    assert [message["role"] for message in repaired.messages[-2:]] == ["assistant", "user"]
    assert repaired.messages[-2]["content"] == '{"moons": 2}'
    assert "2 is not of type 'array'" in repaired.messages[-1]["content"]
    assert again(STRUCTURED, '{"moons": 3}', repaired) is None


def test_a_cut_off_answer_gets_twice_the_room_once_and_never_more_than_the_model_has():
    roomier = again(SPEC, "Once", finish="length")
    assert roomier.max_output_tokens == 8_192
    assert again(SPEC, "Once", roomier, "length") is None
    short = replace(SPEC, model=replace(MODEL, max_output_tokens=5_000))
    assert again(short, "Once", finish="length").max_output_tokens == 5_000


def test_a_limit_that_the_caller_set_is_not_raised():
    assert again(replace(SPEC, params={"is_limit_given": True}), "Once", finish="length") is None


def test_after_an_empty_answer_the_same_is_asked_again():
    request = build_request(SPEC, ())
    assert again(SPEC, "", request) == request


def test_what_a_filter_stopped_is_not_asked_again():
    assert again(SPEC, "I", finish="content_filter") is None
