"""Who waits for whom: never in circles, never for nothing."""

from __future__ import annotations

import random
from itertools import pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.decompose.graph import build_graph, find_circle, reduce_edges
from routing.decompose.shapes import Edge, EdgeType, Graph, SplitKind
from routing.decompose.split import split_task
from routing.decompose.topics import describe
from routing.decompose.waves import plan_waves


def graph_of(text: str) -> Graph:
    split = split_task(text)
    return build_graph([describe(part) for part in split.parts], split.kind)


def pairs(graph: Graph) -> list[tuple[int, int]]:
    return [(edge.before, edge.after) for edge in graph.edges]


def bulleted(*parts: str) -> str:
    return "\n".join(f"- {part}" for part in parts)


# --- which edges there are ---------------------------------------------------------------------------


def test_unrelated_bullets_wait_for_nobody() -> None:
    assert pairs(graph_of(bulleted("Design a logo", "Translate the contract", "Deploy the billing service"))) == []


def test_two_things_of_a_kind_are_built_side_by_side() -> None:
    assert pairs(graph_of(bulleted("Build the login page", "Build the search page"))) == []


def test_a_later_phase_of_the_same_thing_waits_whatever_the_order_of_the_bullets() -> None:
    parts = ("Design the billing form", "Implement the billing form", "Deploy the billing form")
    for order in permutations(range(3)):
        graph = graph_of(bulleted(*(parts[place] for place in order)))
        assert set(pairs(graph)) == {(order.index(0), order.index(1)), (order.index(1), order.index(2))}


def test_what_is_about_the_whole_waits_for_all_that_comes_before_it() -> None:
    graph = graph_of(bulleted("Build the chess engine", "Build the opening book", "Write tests", "Deploy to AWS"))
    assert pairs(graph) == [(0, 2), (1, 2), (2, 3)]


def test_an_interface_waits_for_its_schema_and_a_screen_does_not_wait_for_an_interface_of_its_phase() -> None:
    graph = graph_of(bulleted("Design the database schema", "Build the REST API", "Build the React frontend"))
    assert pairs(graph) == [(0, 1)]


def test_whoever_names_what_another_makes_waits_for_it() -> None:
    graph = graph_of(bulleted("Build the API", "Build the client screen with the API"))
    assert graph.edges == (Edge(0, 1, EdgeType.ARTIFACT),)


@pytest.mark.parametrize("text", ["1. Build a kite\n2. Paint a fence", "First build a kite, then paint a fence"])
def test_a_list_in_order_is_a_chain(text: str) -> None:
    assert graph_of(text).edges == (Edge(0, 1, EdgeType.TEMPORAL),)


def test_a_part_that_speaks_of_the_one_before_waits_for_it() -> None:
    assert pairs(graph_of(bulleted("Write a poem", "Translate it to French", "Paint a fence"))) == [(0, 1)]


def test_a_thing_that_is_also_a_verb_makes_no_part_about_the_whole() -> None:
    assert pairs(graph_of(bulleted("Paint a fence", "Research the market"))) == []
    assert pairs(graph_of(bulleted("Research the market", "Write a report on the market"))) == [(0, 1)]


@pytest.mark.parametrize("last", ["open a PR", "merge the PR", "raise a pull request", "hand it to Anna"])
def test_numbers_hold_where_nothing_tells_that_they_should_not(last: str) -> None:
    found = graph_of(f"1. Fix the crash\n2. Add tests\n3. {last}")
    assert pairs(found) == [(0, 1), (1, 2)]
    assert not found.warning


def test_what_is_brought_up_to_date_says_the_phase() -> None:
    parts = "Refactor the parser, write tests for it and update the docs"
    assert pairs(graph_of(parts)) == [(0, 1), (1, 2)]


def test_joined_verbs_on_one_thing_run_one_after_another() -> None:
    assert pairs(graph_of("Build and deploy a SaaS landing page")) == [(0, 1)]
    assert pairs(graph_of("Research competitors and build a pitch deck")) == [(0, 1)]
    assert pairs(graph_of("Fix the login bug and translate the contract to German")) == []


def test_the_words_first_and_then_are_not_corrected() -> None:
    graph = graph_of("First write tests for the parser, then implement the parser")
    assert pairs(graph) == [(0, 1)]
    assert graph.warning == ""


# --- circles -----------------------------------------------------------------------------------------


def test_a_numbered_list_against_the_usual_order_keeps_its_order_and_says_so() -> None:
    graph = graph_of("1. Deploy\n2. Test\n3. Implement\n4. Design")
    assert pairs(graph) == [(0, 1), (1, 2), (2, 3)]
    assert "Parts 1, 2, 3, 4" in graph.warning


def test_numbers_over_two_separate_things_are_no_contradiction() -> None:
    text = "1. Design the schema\n2. Implement the API\n3. Test the API\n4. Design the landing page"
    assert graph_of(text).warning == ""


def test_a_circle_is_found_even_where_reduction_would_hide_it() -> None:
    edges = [Edge(0, 1, EdgeType.PHASE), Edge(1, 0, EdgeType.TEMPORAL), Edge(1, 2, EdgeType.PHASE)]
    assert find_circle(3, edges) == (0, 1)
    assert find_circle(3, edges[::2]) == ()


def random_edges(chance: random.Random, count: int, *, is_acyclic: bool) -> list[Edge]:
    order = chance.sample(range(count), count)
    found = []
    for first in range(count):
        for second in range(count):
            fits = order[first] < order[second] if is_acyclic else first != second
            if fits and chance.random() < 0.3:
                found.append(Edge(first, second, EdgeType.PHASE))
    return found


def reaches(count: int, edges: list[Edge]) -> set[tuple[int, int]]:
    """Slow and obvious: walk from every part."""
    found = set()
    for start in range(count):
        open_places = [start]
        while open_places:
            place = open_places.pop()
            for edge in edges:
                if edge.before == place and (start, edge.after) not in found:
                    found.add((start, edge.after))
                    open_places.append(edge.after)
    return found


@pytest.mark.parametrize("seed", range(60))
def test_reduction_keeps_what_is_reached_and_nothing_more_can_go(seed: int) -> None:
    chance = random.Random(seed)
    count = chance.randint(2, 9)
    edges = random_edges(chance, count, is_acyclic=True)
    kept = list(reduce_edges(count, edges))
    assert set(kept) <= set(edges)
    assert reaches(count, kept) == reaches(count, edges)
    for edge in kept:
        assert (edge.before, edge.after) not in reaches(count, [other for other in kept if other != edge])


@pytest.mark.parametrize("seed", range(60))
def test_a_circle_is_found_exactly_where_a_part_reaches_itself(seed: int) -> None:
    chance = random.Random(seed)
    count = chance.randint(2, 7)
    edges = random_edges(chance, count, is_acyclic=seed % 3 == 0)
    in_circle = {first for first, second in reaches(count, edges) if first == second}
    found = find_circle(count, edges)
    assert bool(found) == bool(in_circle)
    assert in_circle <= set(found)


# --- laws of whole graphs ----------------------------------------------------------------------------

_PARTS = st.lists(
    st.sampled_from(
        [
            "Design the schema",
            "Build the API",
            "Build the login page",
            "Test it",
            "Write tests for the API",
            "Deploy",
            "Document the API with the schema",
            "Translate the FAQ",
            "Research rivals",
            "Connect the page with the API",
        ]
    ),
    min_size=2,
    max_size=12,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(_PARTS, st.sampled_from([kind for kind in SplitKind if kind is not SplitKind.NONE]), st.integers(1, 8))
def test_a_graph_has_no_circle_and_its_waves_keep_to_it(parts: list[str], kind: SplitKind, max_parallel: int) -> None:
    graph = build_graph([describe(part) for part in parts], kind)
    assert find_circle(len(parts), graph.edges) == ()
    waves = plan_waves(len(parts), graph.edges, max_parallel)
    wave_of = {place: number for number, wave in enumerate(waves) for place in wave}
    assert sorted(place for wave in waves for place in wave) == list(range(len(parts)))
    assert all(1 <= len(wave) <= max_parallel for wave in waves)
    assert all(wave_of[edge.before] < wave_of[edge.after] for edge in graph.edges)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.permutations(["Design the schema", "Build the API", "Build the login page", "Deploy", "Translate the FAQ"]))
def test_the_order_of_bullets_does_not_change_who_waits_for_whom(parts: list[str]) -> None:
    graph = graph_of(bulleted(*parts))
    told = {(parts[edge.before], parts[edge.after]) for edge in graph.edges}
    assert told == {
        ("Design the schema", "Build the API"),
        ("Build the API", "Deploy"),
        ("Build the login page", "Deploy"),
        ("Translate the FAQ", "Deploy"),
    }


# --- waves -------------------------------------------------------------------------------------------


def chain(*places: int) -> list[Edge]:
    return [Edge(first, second, EdgeType.TEMPORAL) for first, second in pairwise(places)]


def test_a_wave_holds_all_that_is_ready_up_to_the_limit() -> None:
    assert plan_waves(3, [], 8) == ((0, 1, 2),)
    assert plan_waves(3, [], 2) == ((0, 1), (2,))
    assert plan_waves(0, [], 2) == ()


def test_a_narrow_limit_is_filled_and_the_longest_way_goes_first() -> None:
    assert plan_waves(4, chain(2, 3), 2) == ((0, 2), (1, 3))


def test_a_part_is_never_in_the_wave_of_what_it_waits_for() -> None:
    assert plan_waves(3, chain(0, 1, 2), 8) == ((0,), (1,), (2,))
