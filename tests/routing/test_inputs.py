"""What choosing accepts, in which order it complains, and what it does to hostile input."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.shapes import Budget
from routing.inputs import MAX_TASK_CHARS, read_body, read_pick, read_recommend
from routing.shapes import TaskRequest
from smartspawn.lib.errors import InvalidBody, InvalidParam, MissingParam


@pytest.mark.parametrize("task", [None, "", "   ", "\n\t ", "\ufeff"])
def test_a_task_must_be_there(task: str | None) -> None:
    with pytest.raises(MissingParam, match="task parameter is required"):
        read_pick({"task": task})


@pytest.mark.parametrize("task", [5, 0.5, True, ["coding"], {"task": "coding"}, b"coding"])
def test_a_task_must_be_a_text(task: object) -> None:
    with pytest.raises(InvalidParam, match="task must be a text"):
        read_pick({"task": task})


@pytest.mark.parametrize("bad", ["\x00", "\x1b[31m", "\x7f", "\ud800", "a\udfffb", "\x85"])
def test_what_is_no_text_is_refused_by_its_number(bad: str) -> None:
    with pytest.raises(InvalidParam, match=r"U\+"):
        read_pick({"task": f"fix {bad} this"})
    with pytest.raises(InvalidParam, match=r"U\+"):
        read_pick({"task": "coding", "context": [f"a{bad}b"]})


def test_long_tasks_over_many_lines_are_kept_whole() -> None:
    task = "Fix the build.\n\n\tstep: a\r\n" * 2000 + "end"
    assert read_pick({"task": task}).task == task
    with pytest.raises(InvalidParam, match="longer"):
        read_pick({"task": "x" * (MAX_TASK_CHARS + 1)})


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"budget": "x", "exclude": "a b"}, "task parameter"),
        ({"task": "coding", "budget": "x", "exclude": "a b", "require": "y"}, "Invalid budget"),
        ({"task": "coding", "budget": "low", "exclude": "a b", "require": "y"}, "exclude"),
        ({"task": "coding", "exclude": "a/b", "require": "y", "preference": "z"}, "Invalid require"),
        ({"task": "coding", "preference": "z"}, "preference"),
    ],
)
def test_the_first_fault_in_the_ancestor_s_order_is_told(values: dict[str, str], error: str) -> None:
    for read in (read_pick, read_recommend):
        with pytest.raises((MissingParam, InvalidParam), match=error):
            read(values)


@pytest.mark.parametrize("word", ["constructor", "__proto__", "LOW", "low,high", "0", "toString"])
def test_a_budget_is_one_of_four_words(word: str) -> None:
    with pytest.raises(InvalidParam, match="Invalid budget"):
        read_pick({"task": "coding", "budget": word})


@pytest.mark.parametrize("value", [3, True, ["low"], {"low": 1}])
def test_a_budget_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(InvalidParam, match="budget must be a text"):
        read_pick({"task": "coding", "budget": value})


def test_an_empty_budget_is_the_medium_one_and_any_stays_any() -> None:
    assert read_pick({"task": "coding", "budget": " "}).budget is Budget.MEDIUM
    assert read_pick({"task": "coding", "budget": " any "}).budget is Budget.ANY


def test_excluded_ids_lose_the_prefix_that_clients_put_in_front() -> None:
    request = read_pick({"task": "coding", "exclude": "openrouter/a/b, c/d:free,, "})
    assert request.exclude == {"a/b", "c/d:free"}


@pytest.mark.parametrize("exclude", ["a b", "a/b/c", "ä/b", "a/" + "b" * 300, ",".join(["a/b"] * 51), 7, {"a": 1}, [1]])
def test_exclusions_that_are_no_ids_are_refused(exclude: object) -> None:
    with pytest.raises(InvalidParam, match="exclude"):
        read_pick({"task": "coding", "exclude": exclude})


def test_tags_are_small_and_counted_once_in_the_order_given() -> None:
    assert read_pick({"task": "coding", "context": "Rust, vision,rust,,Bogus"}).context_tags == (
        "rust",
        "vision",
        "bogus",
    )


@pytest.mark.parametrize(
    ("given", "count"),
    [(None, 1), ("", 1), ("3", 3), ("3.9", 3), ("0", 1), ("99", 5), ("-2", 1), ("x", 1), (2, 2), (4.7, 4), ("5abc", 5)],
)
def test_a_count_is_read_as_clients_expect_and_cut_to_fit(given: object, count: int) -> None:
    assert read_recommend({"task": "coding", "count": given}).count == count


@pytest.mark.parametrize("given", [True, [3], {"n": 3}, float("inf"), 10**30])
def test_a_count_that_is_no_number_is_refused(given: object) -> None:
    with pytest.raises(InvalidParam, match="count"):
        read_recommend({"task": "coding", "count": given})


@pytest.mark.parametrize(("given", "tokens"), [("128000", 128_000), (5, 5), ("x", None), ("-1", None), ("0", None)])
def test_a_context_length_may_exceed_a_million(given: object, tokens: int | None) -> None:
    assert read_pick({"task": "coding", "minContext": given}).min_context_tokens == tokens
    assert read_pick({"task": "coding", "minContext": "2000000"}).min_context_tokens == 2_000_000


@pytest.mark.parametrize("given", ["11", "-1", "x", "1.5", 11, -1, 2.5, True, [5]])
def test_a_preference_is_a_whole_number_to_ten(given: object) -> None:
    with pytest.raises(InvalidParam, match="preference"):
        read_pick({"task": "coding", "preference": given})


def test_a_category_stands_in_for_a_task_and_a_task_wins() -> None:
    assert read_recommend({"category": "creative"}).task == "creative"
    assert read_recommend({"task": "", "category": "creative"}).task == "creative"
    assert read_recommend({"task": "coding", "category": "creative"}).task == "coding"


def test_a_list_and_a_text_with_commas_say_the_same() -> None:
    as_text: dict[str, Any] = {
        "task": "x",
        "exclude": "a/b,c/d",
        "context": "rust,go",
        "require": "vision,json",
        "preference": "3",
    }
    as_json = {
        "task": "x",
        "exclude": ["a/b", "c/d"],
        "context": ["rust", "go"],
        "require": ["vision", "json"],
        "preference": 3,
    }
    assert read_pick(as_text) == read_pick(as_json)
    assert isinstance(read_pick(as_json), TaskRequest)


@pytest.mark.parametrize("body", [None, [], "task", 5, ["task"]])
def test_a_body_is_an_object(body: object) -> None:
    with pytest.raises(InvalidBody):
        read_body(body)
