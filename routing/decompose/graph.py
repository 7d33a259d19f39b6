"""Which part waits for which, and the order when the words contradict each other.

Two parts are tied by their phases only where something links them: the same thing worked on, one thing made
for another, the same special craft, or a part that is about the whole ("write the tests", "deploy"). So two
unrelated bullets never wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise
from typing import Final

from routing.decompose.shapes import Artifact, Edge, EdgeType, Graph, SplitKind, Topic

# What is made for what: a later phase of the right side waits for an earlier phase of the left.
_FEEDS: Final = frozenset(
    {
        (Artifact.SCHEMA, Artifact.API),
        (Artifact.API, Artifact.COMPONENT),
        (Artifact.SCHEMA, Artifact.TEST),
        (Artifact.API, Artifact.TEST),
        (Artifact.COMPONENT, Artifact.TEST),
        (Artifact.CONFIG, Artifact.TEST),
        (Artifact.API, Artifact.DOCS),
        (Artifact.SCHEMA, Artifact.DOCS),
    }
)
_IN_ORDER: Final = frozenset({SplitKind.NUMBERED, SplitKind.SEQUENCED})
# Said in one breath, the phases of joined verbs are about one thing.
_ONE_BREATH: Final = SplitKind.CONJUNCTION


def build_graph(topics: Sequence[Topic], kind: SplitKind) -> Graph:
    """The edges between the parts, without circles and without those that others imply."""
    edges = _all_edges(topics, kind)
    circle = find_circle(len(topics), edges)
    if circle:
        return Graph(_chain(len(topics)), _warning(circle))
    return Graph(reduce_edges(len(topics), edges))


def _all_edges(topics: Sequence[Topic], kind: SplitKind) -> tuple[Edge, ...]:
    """Every edge with its first type: phase before artifact before the order of the text."""
    chosen: dict[tuple[int, int], Edge] = {}
    for edge in (*_phase_edges(topics, kind), *_artifact_edges(topics), *_order_edges(topics, kind)):
        chosen.setdefault((edge.before, edge.after), edge)
    return tuple(chosen.values())


def _phase_edges(topics: Sequence[Topic], kind: SplitKind) -> Iterable[Edge]:
    for first, second in combinations(range(len(topics)), 2):
        one, other = topics[first], topics[second]
        if one.phase == other.phase or not (kind is _ONE_BREATH or _are_linked(one, other)):
            continue
        if one.phase < other.phase:
            yield Edge(first, second, EdgeType.PHASE)
        elif _may_correct(one, other, kind):
            yield Edge(second, first, EdgeType.PHASE)


def _may_correct(one: Topic, other: Topic, kind: SplitKind) -> bool:
    """Whether phases may speak against the order of the text: never against "first ... then", and against
    numbers only where both parts are plainly about the same thing, and words tell the phases."""
    if kind not in _IN_ORDER:
        return True
    is_told = not (one.is_phase_guessed or other.is_phase_guessed)
    return kind is SplitKind.NUMBERED and is_told and _are_about_same(one, other)


def _are_linked(one: Topic, other: Topic) -> bool:
    early, late = sorted((one, other), key=lambda topic: topic.phase)
    if _are_about_same(early, late) or (early.persona and early.persona == late.persona):
        return True
    if early.produces & (late.produces | late.uses):
        return True
    needed = late.produces | late.uses
    return any((made, need) in _FEEDS for made in early.produces for need in needed)


def _are_about_same(one: Topic, other: Topic) -> bool:
    return not one.subject or not other.subject or bool(one.subject & other.subject)


def _artifact_edges(topics: Sequence[Topic]) -> Iterable[Edge]:
    """Within a phase, who names what another makes waits for it; two makers of a kind do not."""
    for first, second in combinations(range(len(topics)), 2):
        one, other = topics[first], topics[second]
        if one.phase <= other.phase and one.produces & other.uses:
            yield Edge(first, second, EdgeType.ARTIFACT)
        elif one.phase == other.phase and other.produces & one.uses and not one.produces & other.uses:
            yield Edge(second, first, EdgeType.ARTIFACT)


def _order_edges(topics: Sequence[Topic], kind: SplitKind) -> Iterable[Edge]:
    for first, second in pairwise(range(len(topics))):
        if kind in _IN_ORDER or topics[second].refers_back or (kind is _ONE_BREATH and _share(topics, first, second)):
            yield Edge(first, second, EdgeType.TEMPORAL)


def _share(topics: Sequence[Topic], first: int, second: int) -> bool:
    """Whether two joined verbs of one phase work on one thing, so that they would get in each other's way."""
    one, other = topics[first], topics[second]
    return one.phase == other.phase and _are_about_same(one, other)


def _chain(count: int) -> tuple[Edge, ...]:
    return tuple(Edge(first, second, EdgeType.TEMPORAL) for first, second in pairwise(range(count)))


def _warning(circle: Sequence[int]) -> str:
    parts = ", ".join(str(place + 1) for place in sorted(circle))
    return (
        f"Parts {parts} wait for each other: the order of the text contradicts the usual order of such work. "
        "All parts run one after another, in the order of the text."
    )


# --- pure graph work ---------------------------------------------------------------------------


def find_circle(count: int, edges: Iterable[Edge]) -> tuple[int, ...]:
    """The parts that wait for each other in a circle, ascending; empty where every part can have its turn."""
    after = _bits(count, ((edge.before, edge.after) for edge in edges))
    before = _bits(count, ((edge.after, edge.before) for edge in edges))
    left = (1 << count) - 1
    while True:
        # Whoever waits for nobody, or is awaited by nobody, stands in no circle.
        free = [place for place in _places(left) if not before[place] & left or not after[place] & left]
        if not free:
            return tuple(_places(left))
        for place in free:
            left &= ~(1 << place)


def reduce_edges(count: int, edges: Sequence[Edge]) -> tuple[Edge, ...]:
    """The edges without those that a longer way implies. They must hold no circle."""
    direct = _bits(count, ((edge.before, edge.after) for edge in edges))
    reached = _reached(count, direct)
    kept = []
    for edge in edges:
        others = direct[edge.before] & ~(1 << edge.after)
        if not any(reached[place] >> edge.after & 1 for place in _places(others)):
            kept.append(edge)
    return tuple(sorted(kept, key=lambda edge: (edge.before, edge.after)))


def _reached(count: int, direct: list[int]) -> list[int]:
    """All that each part leads to, over any number of edges."""
    reached = list(direct)
    for _ in range(count):
        grown = list(reached)
        for place in range(count):
            for following in _places(direct[place]):
                grown[place] |= reached[following]
        if grown == reached:
            break
        reached = grown
    return reached


def _bits(count: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """For each first of the pairs, its seconds as the bits of a number."""
    bits = [0] * count
    for first, second in pairs:
        bits[first] |= 1 << second
    return bits


def _places(bits: int) -> Iterable[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
