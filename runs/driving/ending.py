"""How a run ended, from how its nodes did; what there is of an answer is kept in any case."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from runs.graph.live import NOT_NEEDED, Graph, Place
from runs.keeping.artifacts import MERGED_KEY, NewArtifact, read_outputs
from runs.keeping.commit import Ending
from runs.nodes.floor import BUDGET_EXHAUSTED, BUDGET_LOW
from runs.shapes import NodeStatus, Purpose, RunStatus

NODE_FAILED: Final = "node_failed"
_VERDICTS: Final = (Purpose.JUDGE, Purpose.CRITIC)


class Stop(StrEnum):
    """Why a run is ended before its nodes are done, in the words of its ``stop_reason``."""

    CANCELED = "canceled"
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"  # every further call would fail too
    HANDED_OVER = "handed_over"  # not the run's end: another process goes on


_STOPS: Final = {
    Stop.CANCELED: (RunStatus.CANCELED, ""),
    Stop.TIMED_OUT: (RunStatus.FAILED, "The run's time was over before it was done."),
    Stop.STOPPED: (RunStatus.FAILED, "Every further call would have failed too."),
}


def end_run(run_id: UUID, graph: Graph, stop: Stop | None, words: str = "") -> Ending:
    """The run's end with its answer, or with what there is of one."""
    if stop is None and not graph.final:
        stop = _former_stop(graph)
    if stop is not None:
        status, reason = _STOPS[stop]
        return Ending(
            status, str(stop), words or reason, "" if stop is Stop.CANCELED else str(stop), _rest(run_id, graph)
        )
    if any(place.error_code in (BUDGET_LOW, BUDGET_EXHAUSTED) for place in graph.with_status(NodeStatus.CANCELED)):
        return _end_without_money(run_id, graph)
    ending = end_whole(graph)
    # Where several answers came and what was to make one of them failed, they are worth having as they are.
    return ending if ending.answer or not graph.final else replace(ending, answer=_rest(run_id, graph))


def _former_stop(graph: Graph) -> Stop | None:
    """Why parts were left out before some were done again: those do not make the whole of it."""
    codes = {place.error_code for place in graph.with_status(NodeStatus.CANCELED)}
    return next((stop for stop in _STOPS if stop in codes), None)


def end_whole(graph: Graph) -> Ending:
    """The end of a run in which every node came to its own end."""
    if not graph.final:  # each output is an answer: one that came is enough, the others say why they did not
        if graph.with_status(NodeStatus.COMPLETED):
            return Ending(RunStatus.COMPLETED)
    elif (answer := find_answer(graph)) is not None:
        kept = NewArtifact(MERGED_KEY, "merged", answer.output or "", is_partial=answer.is_partial)
        return Ending(RunStatus.COMPLETED, answer=kept)
    culprit = next(iter(graph.with_status(NodeStatus.FAILED)), graph.places.get(graph.final))
    code = culprit.error_code if culprit else NODE_FAILED
    return Ending(RunStatus.FAILED, NODE_FAILED, _words(culprit), code or NODE_FAILED)


def find_answer(graph: Graph) -> Place | None:
    """The node whose output is the run's answer; where the last one was not needed, the one it would have improved."""
    place = graph.places.get(graph.final)
    while place is not None and place.status is NodeStatus.SKIPPED and place.error_code == NOT_NEEDED:
        givers = [graph.places[key] for key in place.spec.depends_on]
        place = next((giver for giver in givers if giver.spec.purpose not in _VERDICTS), None)
    return place if place is not None and place.status is NodeStatus.COMPLETED else None


def _end_without_money(run_id: UUID, graph: Graph) -> Ending:
    left_out = [place for place in graph.with_status(NodeStatus.CANCELED) if place.error_code]
    words = next((place.error for place in left_out if place.error_code == BUDGET_EXHAUSTED), "")
    merged = find_answer(graph) if graph.final else None
    if merged is None:
        answer = _rest(run_id, graph)
    else:
        answer = NewArtifact(MERGED_KEY, "merged", merged.output or "", is_partial=True)
    count = "one part was" if len(left_out) == 1 else f"{len(left_out)} parts were"
    error = words or f"Most of the run's budget was used, and {count} left out."
    return Ending(RunStatus.BUDGET_EXHAUSTED, BUDGET_EXHAUSTED, error, BUDGET_EXHAUSTED, answer)


def _rest(run_id: UUID, graph: Graph) -> NewArtifact | None:
    """What came, below one another, without a further call: the last texts of each line of work."""
    came = [place for place in graph.with_status(NodeStatus.COMPLETED) if place.spec.purpose not in _VERDICTS]
    used = {key for place in came for key in place.spec.depends_on}
    last = [place for place in came if place.key not in used]
    if not last:
        return None
    texts = read_outputs(run_id, [place.key for place in last])
    parts = [f"## {place.spec.title}\n\n{texts[place.key]}" for place in last if place.key in texts]
    return NewArtifact(MERGED_KEY, "merged", "\n\n---\n\n".join(parts), is_partial=True)


def _words(culprit: Place | None) -> str:
    if culprit is None:
        return "No node of this run gave an answer."
    return f"{culprit.spec.title} ({culprit.key}): {culprit.error or 'no answer came.'}"
