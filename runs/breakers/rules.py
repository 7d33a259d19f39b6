"""When a place that fails is left alone, and for how long. Pure: state and fault in, verdict out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from runs.providers.faults import Fault, FaultCode, FaultReach

# So many failures in a row close a place that was not heard of lately. One that answered others a moment ago is
# flaky rather than gone: with hundreds of calls in flight five in a row happen by chance even at one fault in ten.
FAILURES_TO_OPEN: Final = 5
FAILURES_TO_OPEN_BUSY: Final = 20
BUSY_WITHIN_S: Final = 2.0
# One call is let through to see whether a place works again. If nobody hears of it for so long, another is.
TRIAL_S: Final = 60.0
# A wait that a provider asks for is the caller's own affair up to this length; a longer one is everybody's.
SHARED_WAIT_S: Final = 5.0
_LONGEST_ASKED_WAIT_S: Final = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Pause:
    """How long a place is left alone: doubled with each failed trial up to the longest."""

    first_s: float
    longest_s: float

    def after(self, reopening_count: int) -> float:
        """The pause after so many trials that failed."""
        return float(min(self.first_s * 2.0 ** min(reopening_count, 16), self.longest_s))


_PASSING: Final = Pause(60, 15 * 60)
_RATE: Final = Pause(5, 5 * 60)
_QUOTA: Final = Pause(15 * 60, 6 * 3600)
_PERSON: Final = Pause(30 * 60, 12 * 3600)

_PAUSES: Final[Mapping[FaultCode, Pause]] = {
    FaultCode.RATE_LIMITED: _RATE,
    FaultCode.QUOTA_USED_UP: _QUOTA,
    FaultCode.MODEL_UNKNOWN: _PERSON,
}
# What one failure proves for good; of everything else a row is needed.
_AT_ONCE: Final = frozenset({FaultCode.QUOTA_USED_UP, FaultCode.MODEL_UNKNOWN})


@dataclass(frozen=True, slots=True)
class Streak:
    """What this process has seen of a place since it last answered."""

    failure_count: int = 0
    answered_at_s: float | None = None  # on the process's own clock


def is_about_the_place(fault: Fault) -> bool:
    """Whether the failure says anything about the place; a refused request proves that it answers."""
    return fault.reach is not FaultReach.REQUEST


def opens(fault: Fault, streak: Streak, *, now_s: float, is_trial: bool) -> bool:
    """Whether the place is left alone from now on; the streak counts this failure already."""
    if is_trial or fault.needs_person or fault.code in _AT_ONCE:
        return True
    if fault.code is FaultCode.RATE_LIMITED and (fault.retry_after_s or 0.0) >= SHARED_WAIT_S:
        return True
    is_busy = streak.answered_at_s is not None and now_s - streak.answered_at_s < BUSY_WITHIN_S
    return streak.failure_count >= (FAILURES_TO_OPEN_BUSY if is_busy else FAILURES_TO_OPEN)


def pause_s(fault: Fault, *, reopening_count: int) -> float:
    """For how long; what the provider asks for comes before any rule of ours."""
    if fault.retry_after_s is not None and not fault.needs_person:
        return min(max(fault.retry_after_s, 1.0), _LONGEST_ASKED_WAIT_S)
    pause = _PERSON if fault.needs_person else _PAUSES.get(fault.code, _PASSING)
    return pause.after(reopening_count)
