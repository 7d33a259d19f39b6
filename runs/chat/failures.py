"""Why a chat has no answer, in words and a status that its client can act on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runs.chat.shapes import Failure
from runs.ledger.shapes import Refusal, RefusalCode
from runs.providers.faults import Fault, FaultCode
from runs.texts.cleaning import clean_text

NO_PLACE: Final = Failure("NO_PLACE", "No place could be asked in time. Ask again in a moment.", 503, 1.0)
NO_DATABASE: Final = Failure("NO_DATABASE", "No money could be set aside: the database did not answer.", 503, 2.0)
CAP_STATUS: Final = 402
# What a provider's failure is to our client. Its key and its credit are ours, not the client's: no 401, no 402.
_STATUSES: Final[Mapping[FaultCode, int]] = {
    FaultCode.BAD_REQUEST: 400,
    FaultCode.CONTEXT_TOO_LONG: 400,
    FaultCode.CONTENT_FILTERED: 400,
    FaultCode.RATE_LIMITED: 429,
    FaultCode.QUOTA_USED_UP: 429,
    FaultCode.OVERLOADED: 503,
    FaultCode.TIMED_OUT: 504,
}


def explain_fault(fault: Fault) -> Failure:
    """What a client is told of a failed call."""
    hint = f" {fault.hint}" if fault.hint else ""
    message = f"{clean_text(fault.message).rstrip('.')}.{hint}"
    return Failure(fault.code.value.upper(), message, _STATUSES.get(fault.code, 502), fault.retry_after_s)


def explain_refusal(refusal: Refusal) -> Failure:
    """What a client is told when there is no money for a call; waiting helps where others have set it aside."""
    if refusal.code is RefusalCode.CAP_EXCEEDED and refusal.fits_once_settled:
        return Failure(refusal.code.value, refusal.message, 429, 5.0)
    if refusal.code is RefusalCode.CAP_EXCEEDED:
        return Failure(refusal.code.value, refusal.message, CAP_STATUS)
    return Failure(refusal.code.value, refusal.message, 409)
