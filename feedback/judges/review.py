"""Reviewing a person's judges after their ratings changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from feedback.judges.agreement import Pair, agreement_of
from feedback.models import Rating
from feedback.shapes import Verdict
from runs.judges import GivenVerdict, JudgeStanding, list_verdicts, publish_judges
from runs.outcomes import WORK, NodeOutcome, list_work
from runs.shapes import Purpose
from smartspawn.access.shapes import Actor

# The newest so many ratings count; older ones were about models that are gone.
MOST_RATINGS: Final = 2_000
_SCORE_OF: Final[Mapping[str, int]] = {Verdict.ACCEPTED: 4, Verdict.REDONE: 2}  # as in what ratings teach


def review_judges(*, user_id: int, run_ids: Sequence[UUID], actor: Actor) -> None:
    """Work the records of this person's judges out anew, if any of them judged one of these runs."""
    if not list_verdicts(run_ids):
        return
    by_judge: dict[str, list[Pair]] = defaultdict(list)
    for pair in list_pairs(user_id):
        by_judge[pair.judge_id].append(pair)
    publish_judges([_standing(judge_id, pairs) for judge_id, pairs in by_judge.items()], user_id=user_id, actor=actor)


def list_pairs(user_id: int) -> tuple[Pair, ...]:
    """Every answer that both a judge and this person scored."""
    rows = Rating.objects.filter(user_id=user_id, run_id__isnull=False).order_by("-at")
    ratings: dict[tuple[object, str], int] = {
        (run_id, key): said
        for run_id, key, score, word in rows.values_list("run_id", "node_key", "score", "verdict")[:MOST_RATINGS]
        if (said := score or _SCORE_OF.get(word)) is not None
    }
    runs = {run_id for run_id, _ in ratings}
    verdicts = list_verdicts(runs)
    answers = _sole_answers({item.run_id for item in verdicts})
    return tuple(
        Pair(item.judge_id, item.category, item.score, said)
        for item in verdicts
        if (said := _said_of(item, ratings, answers)) is not None
    )


def _said_of(
    item: GivenVerdict, ratings: Mapping[tuple[object, str], int], answers: Mapping[object, str]
) -> int | None:
    """What the person said of the judged answer: of the node itself, else of a run whose only answer it was."""
    own = ratings.get((item.run_id, item.judged_key))
    if own is None and answers.get(item.run_id) == item.judged_key:
        return ratings.get((item.run_id, ""))
    return own


def _sole_answers(run_ids: set[object]) -> Mapping[object, str]:
    """The node that did all the work of a run, where there is just one: after an escalation it is another."""
    work: dict[object, list[NodeOutcome]] = defaultdict(list)
    for node in list_work([run_id for run_id in run_ids if isinstance(run_id, UUID)]):
        if node.purpose in WORK:
            work[node.run_id].append(node)
    taken = {run_id: _taken(nodes) for run_id, nodes in work.items()}
    return {run_id: nodes[0].key for run_id, nodes in taken.items() if len(nodes) == 1}


def _taken(nodes: Sequence[NodeOutcome]) -> Sequence[NodeOutcome]:
    """Those whose answer was taken: after an escalation that one's."""
    return [node for node in nodes if node.purpose is Purpose.ESCALATION] or nodes


def _standing(judge_id: str, pairs: Sequence[Pair]) -> JudgeStanding:
    found = agreement_of(pairs)
    return JudgeStanding(judge_id, found.kappa, found.lower, found.upper, found.pair_count, is_below=found.is_below)
