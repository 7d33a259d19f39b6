"""Who pays for a call, and in which window: the balances that it must fit into."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from runs.ledger.shapes import BalanceKey
from runs.shapes import Payer

SITE: Final = "site"
RUN_WINDOW: Final = ""
DAY: Final = "day"
MONTH: Final = "month"


def run_scope(run_id: UUID | str) -> str:
    """The scope of one run."""
    return f"run:{run_id}"


def user_scope(user_id: int) -> str:
    """The scope of one person."""
    return f"user:{user_id}"


def key_scope(key_id: int) -> str:
    """The scope of one API key."""
    return f"key:{key_id}"


def day_of(at: datetime) -> date:
    """The day of an instant, in UTC."""
    return at.astimezone(UTC).date()


def day_window(day: date) -> str:
    """The name of a day's window."""
    return day.isoformat()


def month_window(day: date) -> str:
    """The name of the window of the month that a day lies in."""
    return f"{day:%Y-%m}"


def window_at(kind: str, day: date) -> str:
    """The window of a kind ("day", "month") that a day lies in."""
    return month_window(day) if kind == MONTH else day_window(day)


def kind_of(window: str) -> str:
    """Whether a window is a "day", a "month" or "", that of a run."""
    return {len("2026-11-21"): DAY, len("2026-11"): MONTH}.get(len(window), RUN_WINDOW)


def balance_keys(payer: Payer, day: date, *, is_simulated: bool) -> tuple[BalanceKey, ...]:
    """Every balance that a call of this payer on this day counts in.

    A simulated call moves no money: it counts in its run alone, so that a run's cap can be tried out.
    """
    keys = [] if payer.run_id is None else [BalanceKey(run_scope(payer.run_id), RUN_WINDOW)]
    if is_simulated:
        return tuple(keys)
    scopes = [SITE]
    scopes += [] if payer.user_id is None else [user_scope(payer.user_id)]
    scopes += [] if payer.key_id is None else [key_scope(payer.key_id)]
    windows = (day_window(day), month_window(day))
    return (*keys, *(BalanceKey(scope, window) for scope in scopes for window in windows))


def is_run(key: BalanceKey) -> bool:
    """Whether this is the balance of a run, which is opened with the run and never on the way."""
    return key.window == RUN_WINDOW


def scopes_and_windows(keys: Collection[BalanceKey]) -> tuple[set[str], set[str]]:
    """The two sets whose product holds these keys and, runs having a window of their own, no balance besides."""
    return {key.scope for key in keys}, {key.window for key in keys}
