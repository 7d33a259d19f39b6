"""Every number that choosing depends on, in one frozen policy with a reason for each.

A change here is a new version beside the old one: a stored decision names the version that made it, and
is replayed with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from smartspawn.lib.errors import NotFound


@dataclass(frozen=True, slots=True)
class RoutingPolicy:
    """All weights and cut-offs of one way of choosing; their use stands in ``blending.py`` and ``policy.py``."""

    version: str

    # --- feedback ---
    # Of the work of a model with score 0 and 100, so much is rated good. Better models get the harder
    # tasks, so the range is narrow; and three good ratings with one bad are a good record for anybody.
    expected_share_at_0: float = 0.45
    expected_share_at_100: float = 0.75
    # A rate ten percentage points above the expected one says: six points better than the benchmarks do.
    score_per_share: float = 60.0
    # One rating's error on the score's scale. Sampling alone would be 28; ratings of one person and one
    # kind of task also err together.
    rating_stddev_score: float = 50.0
    # How far a person's own tasks lie from those of the leaderboards, beside the interval of the score.
    own_tasks_stddev_score: float = 8.0
    # A stranger's rating is about other tasks and may be made up: it counts for less, and all of them
    # together never for more than a few weeks of one's own.
    community_rating_worth: float = 0.3
    most_community_ratings: float = 30.0

    # --- models that nobody measured ---
    # Ranked by what they reach with a probability of 70 %, as far as nothing is measured: of many guesses
    # the highest is the likeliest to be too high. Intervals of scores hold 80 % (1.2816 spreads each way).
    caution_z: float = 0.5244
    interval_z: float = 1.2816

    # --- context tags: the ancestor's rule ---
    context_points_per_z: float = 10.0
    most_context_points: float = 15.0

    # --- cost against quality ---
    # At preference 0 a doubled price must bring so many points; at 10 none. Free counts as the floor
    # price, as in the catalog's fast-cheap score: free offers are rate limited.
    points_per_doubling: float = 4.0
    price_floor_usd_per_mtok: float = 0.05
    completion_weight_share: float = 0.25  # three prompt tokens for each one written, as in coding sessions

    # --- confidence ---
    same_score: float = 5.0  # nobody notices a difference of less: the interval of a well measured model is 9
    unmeasured_confidence_share: float = 0.5  # nothing measured: half the confidence stays


CURRENT_POLICY: Final = RoutingPolicy(version="1")
_POLICIES: Final[Mapping[str, RoutingPolicy]] = MappingProxyType({CURRENT_POLICY.version: CURRENT_POLICY})


def policy_of(version: str) -> RoutingPolicy:
    """The policy of an earlier decision. Raises NotFound for a version that this release does not know."""
    policy = _POLICIES.get(version)
    if policy is None:
        raise NotFound(f"Policy version '{version[:40]}' is not known to this release.")
    return policy
