"""Whether a caller's pick may try another model, with what is set and what is left of it."""

from __future__ import annotations

from django.utils import timezone

from routing.exploring.accounts import ask_leave, find_account
from routing.exploring.allowance import Leave, has_earned_one
from routing.exploring.settings import read_terms
from routing.exploring.shapes import Trial
from routing.exploring.trying import is_eligible, try_others
from routing.ground import Ground
from routing.shapes import Choice
from routing.thresholds import CURRENT_POLICY
from smartspawn.access.shapes import Actor


def consider_others(choice: Choice, *, ground: Ground, actor: Actor) -> tuple[Choice, Trial | None]:
    """The choice, perhaps with another model in front, and what was drawn for it.

    Call for picks that are kept: others could not be told apart afterwards. Who is not known tries nothing.
    """
    user_id = actor.user_id
    if user_id is None:
        return choice, None
    terms = read_terms(ground.mark, actor)
    if not terms.is_on:
        return choice, None

    def leave(wants: bool, extra_nano_usd: int) -> Leave:
        return ask_leave(user_id, terms, wants=wants, extra_nano_usd=extra_nano_usd, now=timezone.now())

    if not is_eligible(choice, terms, CURRENT_POLICY):
        return choice, None
    if not has_earned_one(find_account(user_id), terms):  # most picks: drawing for them would tell nothing
        leave(False, 0)
        return choice, None
    tried = try_others(choice, terms, leave, CURRENT_POLICY)
    return tried.choice, tried.trial
