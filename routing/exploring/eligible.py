"""Which picks may try another model than the leader, and which models they may try. Pure.

Whoever is ranked has passed every hard filter: lists, capabilities, context, budget and ceilings. What follows only
takes away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Final

from routing.exploring.sampling import ranking_score
from routing.exploring.shapes import NANO_PER_USD, Terms
from routing.shapes import Features, RankedCandidate, Risk
from routing.thresholds import RoutingPolicy
from routing.time_machine import TASK_TOKENS

# Picks of these kinds. A recommendation is a list, in which everybody stands already; a kickoff locks a session to
# its driver and model; a run says itself which of its asks may (``TaskRequest.may_try_others``).
KINDS: Final = frozenset({"pick", "chat"})
# Probabilities are calibrated to some six points: of ten tasks called low with this one, eight at least are.
LEAST_LOW_RISK_PROB: Final = 0.85
MOST_LOOKED_AT: Final = 8
_MTOK: Final = 1_000_000


def is_low_risk(features: Features) -> bool:
    """Whether the classifier itself, and no list of words, is sure that wrong work would do little harm."""
    classification = features.classification
    risk = classification.risk
    return not classification.is_fallback and risk.value == Risk.LOW and risk.confidence_prob >= LEAST_LOW_RISK_PROB


def list_eligible(
    ranked: Sequence[RankedCandidate], features: Features, terms: Terms, policy: RoutingPolicy
) -> tuple[RankedCandidate, ...]:
    """Who may be tried in the leader's place: near it, not much dearer, and no offer of the same model."""
    leader, *others = ranked
    found = (other for other in _near(leader, others, policy) if _is_other(leader, other))
    affordable = (other for other in found if _is_within(extra_nano_usd(leader, other, features, policy), terms))
    return tuple(other for other, _ in zip(affordable, range(MOST_LOOKED_AT), strict=False))


def extra_nano_usd(
    leader: RankedCandidate, other: RankedCandidate, features: Features, policy: RoutingPolicy
) -> int | None:
    """What a task of usual length, or of the room asked for, costs beyond the leader; None where nobody knows.

    Fractions of a nano-dollar count whole.
    """
    prices = (
        (leader.prompt_usd_per_mtok, other.prompt_usd_per_mtok),
        (leader.completion_usd_per_mtok, other.completion_usd_per_mtok),
    )
    written = round(TASK_TOKENS * policy.completion_weight_share)
    tokens = max(TASK_TOKENS - written, features.min_context_tokens or 0), written
    extra = Decimal(0)
    for (before, after), count in zip(prices, tokens, strict=True):
        if before is None or after is None:
            return None
        extra += (after - before) * count
    return int((extra * NANO_PER_USD / _MTOK).to_integral_value(ROUND_CEILING))


def _near(
    leader: RankedCandidate, others: Sequence[RankedCandidate], policy: RoutingPolicy
) -> Iterator[RankedCandidate]:
    """Those that nobody would notice to be worse; they are ranked, so the first one farther off ends it."""
    least = ranking_score(leader) - policy.same_score
    for other in others:
        if ranking_score(other) < least:
            return
        yield other


def _is_other(leader: RankedCandidate, other: RankedCandidate) -> bool:
    """Another model, and not a free offer in place of a paid one: free ones may be trained on what is sent."""
    is_same = _base_of(leader) == _base_of(other)
    return not is_same and (_is_free(leader) or not _is_free(other))


def _is_within(extra: int | None, terms: Terms) -> bool:
    return extra is not None and extra <= terms.most_extra_pick_nano_usd


def _base_of(candidate: RankedCandidate) -> str:
    return candidate.model_id.split(":", 1)[0]


def _is_free(candidate: RankedCandidate) -> bool:
    return not candidate.prompt_usd_per_mtok and not candidate.completion_usd_per_mtok
