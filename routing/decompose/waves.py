"""Put parts into waves: a wave starts when all that it waits for is done."""

from __future__ import annotations

from collections.abc import Iterable

from routing.decompose.shapes import Edge


def plan_waves(count: int, edges: Iterable[Edge], max_parallel: int) -> tuple[tuple[int, ...], ...]:
    """Waves of at most ``max_parallel`` parts. The edges must hold no circle.

    Among the parts that are ready, those with the longest way still before the end go first, so that a narrow
    limit costs few waves; equals go in the order of the text.
    """
    edges = tuple(edges)
    following: list[list[int]] = [[] for _ in range(count)]
    waiting_count = [0] * count
    for edge in edges:
        following[edge.before].append(edge.after)
        waiting_count[edge.after] += 1
    way = _longest_ways(count, following, waiting_count)
    ready = [place for place in range(count) if not waiting_count[place]]
    waves: list[tuple[int, ...]] = []
    while ready:
        ready.sort(key=lambda place: (-way[place], place))
        wave, ready = ready[:max_parallel], ready[max_parallel:]
        waves.append(tuple(sorted(wave)))
        for place in wave:
            for after in following[place]:
                waiting_count[after] -= 1
                if not waiting_count[after]:
                    ready.append(after)
    return tuple(waves)


def _longest_ways(count: int, following: list[list[int]], waiting_count: list[int]) -> list[int]:
    """How many parts still come one after another behind each part."""
    left = list(waiting_count)
    order = [place for place in range(count) if not left[place]]
    for place in order:  # grows while it is read
        for after in following[place]:
            left[after] -= 1
            if not left[after]:
                order.append(after)
    way = [0] * count
    for place in reversed(order):
        way[place] = max((way[after] + 1 for after in following[place]), default=0)
    return way
