"""Which nodes may start, and which never will; held against a slow, obvious reading of the same rules."""

from __future__ import annotations

import random

import pytest

from runs.graph.gates import Readiness, ready_state
from runs.graph.live import INPUT_MISSING, NOT_NEEDED, Graph, Move, Place
from runs.shapes import Gate, GateKind, NodeKind, NodeSpec, NodeStatus, PlanGrowth, Purpose
from tests.runs.fakes import spec

DONE, FAILED, SKIPPED = NodeStatus.COMPLETED, NodeStatus.FAILED, NodeStatus.SKIPPED


def graph_of(*specs: NodeSpec, final: str = "") -> Graph:
    graph = Graph(final=final)
    graph.add([Place(item, number) for number, item in enumerate(specs, start=1)])
    return graph


def ready(moves: list[Move]) -> list[str]:
    return [move.key for move in moves if move.is_ready]


def hopeless(moves: list[Move]) -> dict[str, str]:
    return {move.key: move.code for move in moves if not move.is_ready}


def test_what_waits_for_nothing_starts_first() -> None:
    assert ready(graph_of(spec("a"), spec("b", "a"), spec("c")).first_moves()) == ["a", "c"]


def test_a_node_starts_when_the_last_of_its_inputs_is_there() -> None:
    graph = graph_of(spec("a"), spec("b"), spec("c", "a", "b"))
    assert graph.end("a", DONE) == []
    assert ready(graph.end("b", DONE)) == ["c"]


def test_a_failure_is_told_on_at_once() -> None:
    graph = graph_of(spec("a"), spec("b"), spec("c", "a", "b"))
    assert hopeless(graph.end("a", FAILED)) == {"c": INPUT_MISSING}


def test_a_node_that_can_do_with_fewer_waits_for_all_and_takes_what_came() -> None:
    graph = graph_of(spec("a"), spec("b"), spec("c", "a", "b", least_inputs=1))
    assert graph.end("a", FAILED) == []
    assert ready(graph.end("b", DONE)) == ["c"]
    assert [item.status for item in graph.inputs("c")] == [FAILED, DONE]


def test_a_gate_is_heeded_when_the_node_that_it_watches_has_ended() -> None:
    gate = Gate(GateKind.SCORE_BELOW, "judge", 7.0)
    graph = graph_of(spec("judge"), spec("other"), spec("dear", "judge", "other", gate=gate))
    graph.places["judge"].score = 9.0
    assert hopeless(graph.end("judge", DONE)) == {"dear": NOT_NEEDED}


def test_a_node_that_has_begun_is_not_moved_again() -> None:
    graph = graph_of(spec("a"))
    graph.places["a"].is_started = True
    assert graph.first_moves() == []


def test_an_end_counts_once() -> None:
    graph = graph_of(spec("a"), spec("b"))
    graph.end("a", DONE)
    graph.end("a", DONE)
    assert graph.open_count == 1


def test_growth_puts_nodes_between_a_node_and_what_waited_for_it() -> None:
    graph = graph_of(spec("outline"), spec("merge", "outline"))
    growth = PlanGrowth((spec("s1"), spec("s2")), {"merge": ("outline", "s1", "s2")})
    assert ready(graph.grow(growth, [11, 12])) == ["s1", "s2"]
    assert graph.end("outline", DONE) == []
    assert graph.end("s1", DONE) == []
    assert ready(graph.end("s2", DONE)) == ["merge"]
    assert graph.places["s2"].node_id == 12


def test_growing_a_second_time_takes_the_place_of_the_first() -> None:
    graph = graph_of(spec("outline"), spec("merge", "outline"))
    growth = PlanGrowth((spec("s1"),), {"merge": ("outline", "s1")})
    graph.grow(growth, [11])
    graph.end("s1", DONE)
    graph.grow(growth, [21])
    assert (graph.places["s1"].node_id, graph.open_count) == (21, 3)
    graph.end("outline", DONE)
    assert ready(graph.end("s1", DONE)) == ["merge"]


def test_when_money_runs_low_a_merge_takes_what_there_is() -> None:
    merge = spec("merge", "a", "b", purpose=Purpose.MERGE)
    graph = graph_of(spec("a"), spec("b"), merge, final="merge")
    graph.end("a", DONE)
    graph.is_closing = True
    assert ready(graph.end("b", NodeStatus.CANCELED)) == ["merge"]
    nothing = graph_of(spec("a"), spec("b"), merge, final="merge")
    nothing.is_closing = True
    nothing.end("a", NodeStatus.CANCELED)
    assert hopeless(nothing.end("b", NodeStatus.CANCELED)) == {"merge": INPUT_MISSING}


def test_what_costs_nothing_is_done_when_money_runs_low() -> None:
    joined = spec("joined", "a", "b", kind=NodeKind.TRANSFORM)
    graph = graph_of(spec("a"), spec("b"), joined, spec("c", "joined"), final="c")
    graph.is_closing = True
    graph.end("a", DONE)
    assert graph.is_closing_node("joined")
    assert ready(graph.end("b", NodeStatus.CANCELED)) == ["joined"]


@pytest.mark.parametrize("seed", range(40))
def test_random_graphs_move_as_a_slow_reading_of_the_rules_says(seed: int) -> None:
    chance = random.Random(seed)
    keys = [f"n{number}" for number in range(12)]
    specs = []
    for number, key in enumerate(keys):
        givers = chance.sample(keys[:number], min(number, chance.randint(0, 3)))
        least = chance.choice([None, None, 1]) if givers else None
        gate = Gate(chance.choice(list(GateKind)), chance.choice(givers)) if givers and chance.random() < 0.3 else None
        specs.append(spec(key, *givers, least_inputs=least, gate=gate))
    graph = graph_of(*specs)
    todo = graph.first_moves()
    while todo:
        move = todo.pop(chance.randrange(len(todo)))
        place = graph.places[move.key]
        if place.status.is_final or place.is_started:
            continue
        place.is_started = True
        assert (slow_reading(graph, place) is Readiness.READY) == move.is_ready
        place.score = chance.choice([None, 3.0, 9.0])
        todo += graph.end(move.key, chance.choice([DONE, DONE, FAILED]) if move.is_ready else SKIPPED)
    assert graph.open_count == 0, "some node was never moved"


def slow_reading(graph: Graph, place: Place) -> Readiness:
    return ready_state(place.spec, graph.inputs(place.key))
