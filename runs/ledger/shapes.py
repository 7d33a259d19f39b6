"""What the ledger is asked in and answers with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID


class BalanceKey(NamedTuple):
    """A scope in one window; their order is the order in which balances are locked."""

    scope: str  # "site", "user:5", "key:7", "run:<uuid>"
    window: str  # "2026-11-21", "2026-11", "" for a run


class RefusalCode(StrEnum):
    """Why the ledger gave no leave."""

    CAP_EXCEEDED = "CAP_EXCEEDED"
    MODEL_UNPRICED = "MODEL_UNPRICED"
    CALL_DONE = "CALL_DONE"  # this very call has been made and paid for
    CALL_UNCERTAIN = "CALL_UNCERTAIN"  # it was given leave once and nobody told how it ended
    RUN_UNOPENED = "RUN_UNOPENED"  # nobody said what the run may spend


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call may not be made, and what to do about it."""

    call_id: UUID
    code: RefusalCode
    message: str
    needed_nano_usd: int
    # --- of CAP_EXCEEDED: the cap that it ran into
    scope: str = ""
    window: str = ""
    cap_nano_usd: int | None = None
    spent_nano_usd: int = 0
    reserved_nano_usd: int = 0  # by other calls, when this one was asked for
    kept_nano_usd: int = 0  # for what brings the run's answers together, once other calls have ended

    @property
    def fits_once_settled(self) -> bool:
        """Whether waiting may help: only what other calls have set aside stands in the way."""
        taken = self.spent_nano_usd + self.needed_nano_usd + self.kept_nano_usd
        return self.cap_nano_usd is not None and taken <= self.cap_nano_usd


@dataclass(frozen=True, slots=True)
class RunMoney:
    """What a run may spend, has spent, and has set aside."""

    cap_nano_usd: int | None = None  # None: no limit
    spent_nano_usd: int = 0
    reserved_nano_usd: int = 0
    uncertain_nano_usd: int = 0  # the part of spent that was charged because nobody knows
    overrun_nano_usd: int = 0  # the part of spent by which calls cost more than was set aside for them

    @property
    def free_nano_usd(self) -> int | None:
        """What a further call may still take; None: no limit."""
        if self.cap_nano_usd is None:
            return None
        return max(0, self.cap_nano_usd - self.spent_nano_usd - self.reserved_nano_usd)

    @property
    def used_share(self) -> float | None:
        """The part of the cap that is spent or set aside; None: no limit."""
        if self.cap_nano_usd is None:
            return None
        used = self.spent_nano_usd + self.reserved_nano_usd
        return used / self.cap_nano_usd if self.cap_nano_usd else 1.0


@dataclass(frozen=True, slots=True)
class UncertainCall:
    """A call that was given leave and never came back: charged at what was set aside."""

    call_id: UUID
    run_id: UUID | None
    node_key: str
    attempt: int
    amount_nano_usd: int
    opened_at: datetime
    is_simulated: bool
