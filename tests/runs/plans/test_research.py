"""Research: how each subject reaches the web, and that a failure stays with its subject."""

from __future__ import annotations

import pytest

from runs.plans.make import make_plan
from runs.shapes import Mode, NodeKind, NodeStatus, Plan, RunOptions, RunRequest
from smartspawn.lib.errors import Conflict
from tests.runs.plans.desks import MODELS, make_desk
from tests.runs.plans.play import FAIL, play

SUBJECTS = ("Alpha", "Beta", "Gamma")
HITS = "1. Hit\nhttps://a.example\nWords."


def plan(desk=None, *, web_search: bool = False, **changes: object) -> Plan:
    options = RunOptions(web_search=web_search)
    request = RunRequest(Mode.RESEARCH, subjects=SUBJECTS, topic="market share", options=options, **changes)
    return make_plan(request, desk or make_desk(can_search=True))


def test_each_subject_is_searched_fetched_and_analysed_by_itself():
    made = plan()
    kinds = [node.kind for node in made.nodes]
    assert kinds == [NodeKind.SEARCH, NodeKind.FETCH, NodeKind.CALL] * 3 + [NodeKind.CALL]
    assert made.nodes[3].params["query"] == "Beta market share"
    assert made.nodes[5].depends_on == ("search-2", "fetch-2")


def test_each_analysis_names_the_subject_that_its_text_belongs_to():
    for made in (plan(), plan(web_search=True)):
        subjects = [node.params.get("subject") for node in made.nodes if node.key.startswith("research-")]
        assert subjects == ["Alpha", "Beta", "Gamma"]


def test_a_failure_stays_with_its_subject_and_no_text_goes_to_another():
    script = dict.fromkeys(("search-1", "search-2", "search-3"), HITS)
    script |= {"fetch-1": FAIL, "fetch-2": "PAGE OF BETA", "fetch-3": "PAGE OF GAMMA", "research-3": FAIL}
    played = play(plan(), script)
    assert "PAGE OF" not in played.prompt("research-1")
    assert "Hit" in played.prompt("research-1")
    assert "PAGE OF BETA" in played.prompt("research-2")
    merged = played.prompt("merge")
    assert "### Alpha" in merged
    assert "### Gamma\n\n(This step failed and gave no result.)" in merged
    assert played.answer == "output of merge"


def test_a_subject_of_which_nothing_was_found_is_not_made_up():
    played = play(plan(), {"search-1": FAIL})
    assert played.status["research-1"] is NodeStatus.SKIPPED
    assert played.called.count("research-1") == 0


def test_grounding_takes_one_call_for_each_subject():
    made = plan(web_search=True)
    assert [node.key for node in made.nodes] == ["research-1", "research-2", "research-3", "merge"]
    assert all(node.uses_web_search and node.model.model_id == "google/quick" for node in made.nodes[:3])
    assert "name the source" in made.nodes[0].prompt


def test_without_a_search_provider_grounding_is_used_and_that_is_said():
    made = plan(make_desk(can_search=False))
    assert made.nodes[0].uses_web_search
    assert any("No search provider is set up" in note for note in made.notes)
    assert any("own provider searches instead" in note for note in made.notes)


def test_a_simulated_run_is_not_said_to_search():
    made = plan(make_desk(can_search=False), is_simulated=True)
    assert any("answer as if they had searched" in note for note in made.notes)
    assert not any("searches instead" in note for note in made.notes)


def test_without_grounding_the_search_provider_is_used_and_that_is_said():
    made = plan(make_desk(MODELS[:3], can_search=True), web_search=True)
    assert made.nodes[0].kind is NodeKind.SEARCH
    assert any("the search provider is used" in note for note in made.notes)


def test_a_named_model_that_cannot_search_goes_by_the_search_provider():
    assert plan(web_search=True, model="openai/big").nodes[0].kind is NodeKind.SEARCH


def test_with_neither_nothing_is_planned_and_what_to_do_is_said():
    with pytest.raises(Conflict, match=r"No search provider is set up.*OpenRouter"):
        plan(make_desk(MODELS[:3], can_search=False))


def test_one_subject_needs_no_merge():
    request = RunRequest(Mode.RESEARCH, topic="Who discovered Phobos?")
    made = make_plan(request, make_desk(can_search=True))
    assert made.final == "research-1"
    assert made.nodes[0].params["query"] == "Who discovered Phobos?"
