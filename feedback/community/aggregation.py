"""From votes to scores that no single voice can bend, and in which nobody can be found again. Pure.

Instances cost nothing: whoever wants more of them makes some up. Networks cost something, so a network has one
vote, whatever number of instances it houses. An instance's ratings are averaged into one vote, which loses weight
as it grows old. Network hashes of different months cannot be compared, so one network may have a vote of each month;
how many people stand behind a score is therefore told by its busiest month alone, and below ``LEAST_REPORTERS``
there is no score at all. Of the votes that are left, the lowest and the highest quarter are cut off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

from catalog.shapes import Category
from feedback.community.shapes import Ballot, CommunityScore
from feedback.learning import WORTH_OF_SCORE, decay

# Of fewer people the score may be one person's: nothing is said.
LEAST_REPORTERS: Final = 20
# A tenth of hostile voices, all on one side, stays within the part that is cut off, with room to spare.
TRIM_SHARE: Final = 0.25
# Six months: models behind a name change, and what strangers said is not kept longer than it is of use.
COUNTED_FOR: Final = timedelta(days=183)
# So much of an instance's ratings counts in the public number of ratings: a machine that rates is no crowd.
MOST_RATINGS_AN_INSTANCE: Final = 25
# Numbers of people and ratings are told in steps: whether somebody has just joined is nobody's business.
STEP: Final = 5
_SHARE_DIGITS: Final = 3
_SCORE_DIGITS: Final = 2
_Place = tuple[str, Category]


@dataclass(frozen=True, slots=True)
class Vote:
    """One opinion on a scale from 1 to 5, and what it weighs."""

    score: float
    weight: float


def count_up(ballots: Iterable[Ballot], *, as_of: datetime) -> tuple[CommunityScore, ...]:
    """The score of every model and category that enough people rated."""
    by_place: dict[_Place, list[Ballot]] = {}
    for ballot in ballots:
        if as_of - ballot.last_at <= COUNTED_FOR and ballot.rating_count > 0:
            by_place.setdefault((ballot.model_id, ballot.category), []).append(ballot)
    found = (_score(place, some, as_of) for place, some in sorted(by_place.items()))
    return tuple(score for score in found if score is not None)


def _score(place: _Place, ballots: Sequence[Ballot], as_of: datetime) -> CommunityScore | None:
    newest = _newest(ballots)
    networks: dict[tuple[date, str], list[str]] = {}
    for instance, ballot in newest.items():
        networks.setdefault((ballot.month, ballot.network), []).append(instance)
    reporters = least_reporters(networks)
    if reporters < LEAST_REPORTERS:
        return None
    own = _votes_of_instances(ballots, newest, as_of)
    votes = [_one_vote([own[instance] for instance in instances]) for instances in networks.values()]
    return CommunityScore(
        model_id=place[0],
        category=place[1],
        mean_score=round(trimmed_mean(votes), _SCORE_DIGITS),
        success_share=round(trimmed_mean([Vote(worth_at(item.score), item.weight) for item in votes]), _SHARE_DIGITS),
        vote_weight=_weight_in_steps(sum(vote.weight for vote in votes)),
        reporter_count=_in_steps(reporters),
        rating_count=_in_steps(_rating_count(ballots)),
        last_at=max(ballot.last_at for ballot in ballots).replace(hour=0, minute=0, second=0, microsecond=0),
    )


def least_reporters(networks: Iterable[tuple[date, str]]) -> int:
    """How many networks there are at the very least: those of the month that has the most."""
    by_month: dict[date, set[str]] = {}
    for month, network in networks:
        by_month.setdefault(month, set()).add(network)
    return max(map(len, by_month.values()), default=0)


def trimmed_mean(votes: Sequence[Vote], trim_share: float = TRIM_SHARE) -> float:
    """The weighted mean of the middle, when this share of the weight is cut off at either end."""
    ordered = sorted(votes, key=lambda vote: vote.score)
    total = sum(vote.weight for vote in ordered)
    low, high = total * trim_share, total * (1 - trim_share)
    passed, kept, mass = 0.0, 0.0, 0.0
    for vote in ordered:
        part = max(0.0, min(passed + vote.weight, high) - max(passed, low))
        kept += part * vote.score
        mass += part
        passed += vote.weight
    middle = kept / mass
    return min(max(middle, ordered[0].score), ordered[-1].score)  # rounding must not lead outside


def worth_at(score: float) -> float:
    """What a mean rating is worth: on the line between the whole ratings beside it."""
    points = sorted(WORTH_OF_SCORE.items())
    for (left, low), (right, high) in pairwise(points):
        if score <= right:
            return low + (high - low) * (max(score, left) - left) / (right - left)
    return points[-1][1]


def _newest(ballots: Iterable[Ballot]) -> Mapping[str, Ballot]:
    """Each instance's last word, which says from which network it speaks."""
    found: dict[str, Ballot] = {}
    for ballot in ballots:
        held = found.get(ballot.instance)
        if held is None or ballot.last_at > held.last_at:
            found[ballot.instance] = ballot
    return found


def _votes_of_instances(ballots: Iterable[Ballot], newest: Mapping[str, Ballot], as_of: datetime) -> Mapping[str, Vote]:
    """One vote for each instance: the decayed mean of what it said, as fresh as its last word."""
    sums: dict[str, tuple[float, float]] = {}
    for ballot in ballots:
        fresh = decay(as_of - ballot.last_at)
        score, weight = sums.get(ballot.instance, (0.0, 0.0))
        sums[ballot.instance] = score + fresh * ballot.score_sum, weight + fresh * ballot.rating_count
    return {
        instance: Vote(score / weight, decay(as_of - newest[instance].last_at))
        for instance, (score, weight) in sums.items()
    }


def _one_vote(votes: Sequence[Vote]) -> Vote:
    """The vote of a network: the mean of its instances, as fresh as the freshest."""
    weight = sum(vote.weight for vote in votes)
    return Vote(sum(vote.score * vote.weight for vote in votes) / weight, max(vote.weight for vote in votes))


def _rating_count(ballots: Iterable[Ballot]) -> int:
    counts: dict[str, int] = {}
    for ballot in ballots:
        counts[ballot.instance] = counts.get(ballot.instance, 0) + ballot.rating_count
    return sum(min(count, MOST_RATINGS_AN_INSTANCE) for count in counts.values())


def _in_steps(count: int) -> int:
    return count - count % STEP


def _weight_in_steps(weight: float) -> float:
    """The nearest step, and never nothing: told to a vote, it would say what the number of people does not."""
    return float(max(1, STEP * round(weight / STEP)))


def join(scores: Iterable[CommunityScore]) -> tuple[CommunityScore, ...]:
    """One score for each model and category from those of several publishers, weighed by their votes."""
    by_place: dict[_Place, list[CommunityScore]] = {}
    for score in scores:
        by_place.setdefault((score.model_id, score.category), []).append(score)
    return tuple(_joined(some) for _, some in sorted(by_place.items()))


def _joined(scores: Sequence[CommunityScore]) -> CommunityScore:
    total = sum(score.vote_weight for score in scores)

    def mean(values: Iterable[float]) -> float:
        return sum(value * score.vote_weight for value, score in zip(values, scores, strict=True)) / total

    return CommunityScore(
        model_id=scores[0].model_id,
        category=scores[0].category,
        mean_score=mean(score.mean_score for score in scores),
        success_share=mean(score.success_share for score in scores),
        vote_weight=total,
        reporter_count=sum(score.reporter_count for score in scores),
        rating_count=sum(score.rating_count for score in scores),
        last_at=max(score.last_at for score in scores),
    )
