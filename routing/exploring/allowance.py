"""How often others may be tried, and for how much: every eligible pick earns its share of one. Pure.

Credit never exceeds one pick, so of any stretch of picks no more are tried than their share, and one: nobody who
was away for a month comes back to a row of tried models.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from routing.exploring.shapes import Account, Terms

ONE_PICK_PERMILLE: Final = 1000
SHARE_USED: Final = "the share of picks that may try others is used up"
DAY_USED: Final = "what trying others may cost in a day is used up"


@dataclass(frozen=True, slots=True)
class Leave:
    """Whether another model may be tried now, and what the account says from then on."""

    account: Account
    is_granted: bool = False
    refusal: str = ""


def has_earned_one(account: Account, terms: Terms) -> bool:
    """Whether with the next eligible pick enough is earned to try another model."""
    return account.credit_permille + terms.share_permille >= ONE_PICK_PERMILLE


def ask(account: Account, terms: Terms, *, wants: bool, extra_nano_usd: int, today: date) -> Leave:
    """Count one eligible pick; where it wants to try another model, see whether it may.

    What is cheaper than the leader pays nothing back: a saving is no leave to spend.
    """
    earned = replace(
        account,
        eligible_count=account.eligible_count + 1,
        credit_permille=min(account.credit_permille + terms.share_permille, ONE_PICK_PERMILLE),
    )
    if not wants:
        return Leave(earned)
    if earned.credit_permille < ONE_PICK_PERMILLE:
        return Leave(earned, refusal=SHARE_USED)
    day = max(today, account.day or today)  # a clock that is behind begins no day anew
    spent = earned.extra_on(day) + max(extra_nano_usd, 0)
    if spent > terms.most_extra_day_nano_usd:
        return Leave(earned, refusal=DAY_USED)
    used = replace(
        earned,
        credit_permille=earned.credit_permille - ONE_PICK_PERMILLE,
        tried_count=earned.tried_count + 1,
        day=day,
        day_extra_nano_usd=spent,
    )
    return Leave(used, is_granted=True)
