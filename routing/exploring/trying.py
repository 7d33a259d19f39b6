"""The use case of trying others: a choice whose leader may, now and then, give way to a model near it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from routing.exploring.allowance import Leave
from routing.exploring.eligible import extra_nano_usd, is_low_risk, list_eligible
from routing.exploring.sampling import best_of, draw_scores, ranking_score
from routing.exploring.shapes import Terms, Trial
from routing.shapes import Choice, RankedCandidate
from routing.thresholds import RoutingPolicy

AskLeave = Callable[[bool, int], Leave]  # whether it wants to try another one, and the extra cost expected of that


@dataclass(frozen=True, slots=True)
class Tried:
    """A choice, and the trial that it went through, if it did."""

    choice: Choice
    trial: Trial | None = None


def new_seed() -> str:
    """A seed that nobody who asks can foresee or choose."""
    return secrets.token_hex(16)


def is_eligible(choice: Choice, terms: Terms, policy: RoutingPolicy) -> bool:
    """Whether the pick may try another model at all: it is low-risk, and there is one to try."""
    if not terms.is_on or len(choice.ranked) < 2 or not is_low_risk(choice.features):
        return False
    return bool(list_eligible(choice.ranked, choice.features, terms, policy))


def try_others(choice: Choice, terms: Terms, ask_leave: AskLeave, policy: RoutingPolicy) -> Tried:
    """The eligible choice with another model first, where that one draws best and there is leave."""
    trial = draw_trial(choice, terms, new_seed(), policy)
    if trial is None:
        return Tried(choice)
    leave = ask_leave(trial.drawn_id != trial.leader_id, trial.extra_nano_usd)
    trial = replace(trial, is_tried=leave.is_granted, held_back=leave.refusal)
    return Tried(lead_with_tried(choice, trial), trial)


def draw_trial(choice: Choice, terms: Terms, seed: str, policy: RoutingPolicy) -> Trial | None:
    """What this seed draws for this choice, before anybody gave leave; None where there is nobody to try."""
    others = list_eligible(choice.ranked, choice.features, terms, policy)
    if not others:
        return None
    leader = choice.ranked[0]
    draws = draw_scores((leader, *others), seed, policy)
    best = best_of(draws)
    taken = next(item for item in (leader, *others) if item.model_id == best.model_id)
    return Trial(
        seed=seed,
        terms=terms,
        leader_id=leader.model_id,
        drawn_id=taken.model_id,
        draws=draws,
        extra_nano_usd=extra_nano_usd(leader, taken, choice.features, policy) or 0,
        behind_points=round(ranking_score(leader) - ranking_score(taken), 2),
    )


def try_again(choice: Choice, kept: Trial, policy: RoutingPolicy) -> Tried:
    """The choice as a kept trial leaves it: drawn again with its seed, under its terms and with the leave of then."""
    if not choice.ranked:
        return Tried(choice)
    trial = draw_trial(choice, kept.terms, kept.seed, policy)
    if trial is None:
        return Tried(choice)
    is_tried = kept.is_tried and trial.drawn_id != trial.leader_id
    trial = replace(trial, is_tried=is_tried, held_back=kept.held_back)
    return Tried(lead_with_tried(choice, trial), trial)


def lead_with_tried(choice: Choice, trial: Trial) -> Choice:
    """The choice with the tried model in front and the reason saying so; itself where the leader was kept."""
    if not trial.is_tried:
        return choice
    place = next(place for place, item in enumerate(choice.ranked) if item.model_id == trial.drawn_id)
    tried = choice.ranked[place]
    others = (*choice.ranked[:place], *choice.ranked[place + 1 :])
    return replace(choice, ranked=(tried, *others), reason=_told(tried, place, others[0], trial))


def _told(tried: RankedCandidate, place: int, leader: RankedCandidate, trial: Trial) -> str:
    who = f"the runner-up {tried.name}" if place == 1 else f"{tried.name}, number {place + 1} of the ranking"
    why = "; ".join(tried.reasons)
    return (
        f"Tried {who}, to learn: at most {trial.terms.share_words} low-risk picks does. "
        f"The leader was {leader.name} with {leader.score:.1f}, {trial.behind_points:.1f} points ahead. "
        f"{why[:1].upper()}{why[1:]}."
    )
