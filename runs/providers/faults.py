"""What can go wrong with a call of a model, and what to do about each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from runs.shapes import ChatResult, FaultAction
from smartspawn.lib.errors import SmartSpawnError


class FaultCode(StrEnum):
    """The kinds of failures; stored with the ledger's lines and shown to people."""

    BAD_REQUEST = "bad_request"
    CONTEXT_TOO_LONG = "context_too_long"
    CONTENT_FILTERED = "content_filtered"
    KEY_REFUSED = "key_refused"
    NOT_PERMITTED = "not_permitted"
    NO_CREDIT = "no_credit"
    MODEL_UNKNOWN = "model_unknown"
    RATE_LIMITED = "rate_limited"
    QUOTA_USED_UP = "quota_used_up"
    OVERLOADED = "overloaded"
    PROVIDER_FAULT = "provider_fault"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    ADDRESS_REFUSED = "address_refused"
    CUT_OFF = "cut_off"  # the answer broke off in the middle
    MALFORMED = "malformed"  # a success that holds no answer, such as an empty list
    NOT_AN_API = "not_an_api"  # a web page or a redirect: the address is not that of an API
    TOO_LARGE = "too_large"


class FaultReach(StrEnum):
    """How much of a place a failure says something about; a circuit breaker heeds it."""

    REQUEST = "request"  # nothing but this request
    MODEL = "model"  # this model at this place
    CONNECTION = "connection"  # everything behind this address and key


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure: what it is, what to do, and what a person may read about it."""

    code: FaultCode
    action: FaultAction
    message: str
    hint: str = ""  # what a person can do
    retry_after_s: float | None = None
    status: int | None = None  # HTTP
    reach: FaultReach = FaultReach.REQUEST
    needs_person: bool = False  # it will go on failing here until somebody mends it


class CallFailed(SmartSpawnError):
    """A call gave no whole answer; carries why, what had come, and whether it may have been billed."""

    code = "CALL_FAILED"

    def __init__(self, fault: Fault, *, partial: ChatResult | None = None, may_be_billed: bool = False) -> None:
        super().__init__(fault.message, fault=fault.code.value)
        self.fault = fault
        self.partial = partial  # its usage is estimated unless the provider had told it
        self.may_be_billed = may_be_billed  # the request went out and no refusal came back


# What each kind means: the action, how far it reaches, whether a person must mend it, and the advice.
_RETRY, _NEXT, _FAIL = FaultAction.RETRY, FaultAction.NEXT_ENDPOINT, FaultAction.FAIL_NODE
_REQUEST, _MODEL, _CONNECTION = FaultReach.REQUEST, FaultReach.MODEL, FaultReach.CONNECTION
_MEANINGS: dict[FaultCode, tuple[FaultAction, FaultReach, bool, str]] = {
    # Places differ in what they accept, and a refusal costs nothing: another may well take it.
    FaultCode.BAD_REQUEST: (_NEXT, _REQUEST, False, "Another model may take it; look at the options of the request."),
    FaultCode.CONTEXT_TOO_LONG: (_NEXT, _REQUEST, False, "Take a model with a longer context, or send less."),
    FaultCode.CONTENT_FILTERED: (_FAIL, _REQUEST, False, "The provider does not want to answer this."),
    FaultCode.KEY_REFUSED: (_NEXT, _CONNECTION, True, "Set a new key on the Connections page."),
    FaultCode.NOT_PERMITTED: (_NEXT, _MODEL, True, "Ask the provider to open the model to this key."),
    FaultCode.NO_CREDIT: (_NEXT, _CONNECTION, True, "Add credit at the provider, or use another connection."),
    FaultCode.MODEL_UNKNOWN: (_NEXT, _MODEL, False, "The provider does not serve this model under this name."),
    FaultCode.RATE_LIMITED: (_RETRY, _MODEL, False, "Fewer calls at once help, or a higher limit at the provider."),
    FaultCode.QUOTA_USED_UP: (_NEXT, _MODEL, False, "The provider's quota for the day is used up."),
    FaultCode.OVERLOADED: (_RETRY, _MODEL, False, "The provider is overloaded; it usually passes."),
    FaultCode.PROVIDER_FAULT: (_RETRY, _MODEL, False, "The provider failed; it usually passes."),
    FaultCode.TIMED_OUT: (_RETRY, _MODEL, False, "Allow more time, or take a faster model."),
    FaultCode.UNREACHABLE: (_RETRY, _CONNECTION, False, "Look at the address of the connection and at the network."),
    FaultCode.ADDRESS_REFUSED: (_NEXT, _CONNECTION, True, "An admin can allow this connection private addresses."),
    FaultCode.CUT_OFF: (_RETRY, _MODEL, False, "The connection broke off in the middle of the answer."),
    FaultCode.MALFORMED: (_RETRY, _MODEL, False, "Look at the address: what answers there may be no model."),
    FaultCode.NOT_AN_API: (
        _NEXT,
        _CONNECTION,
        True,
        "Look at the base URL on the Connections page: https, host, port, and the version at its end (/v1).",
    ),
    FaultCode.TOO_LARGE: (_FAIL, _REQUEST, False, "Ask for a shorter answer."),
}


def make_fault(
    code: FaultCode, message: str, *, status: int | None = None, retry_after_s: float | None = None
) -> Fault:
    """A fault of a kind, with what that kind means."""
    action, reach, needs_person, hint = _MEANINGS[code]
    return Fault(
        code=code,
        action=action,
        message=message,
        hint=hint,
        retry_after_s=retry_after_s,
        status=status,
        reach=reach,
        needs_person=needs_person,
    )


def cut_off() -> CallFailed:
    """The refusal of a stream that ended before the answer did."""
    return CallFailed(make_fault(FaultCode.CUT_OFF, "the stream ended in the middle"), may_be_billed=True)


def not_an_api(base_url: str, what: str, *, status: int) -> Fault:
    """The fault of an address behind which no API is; ``what`` answered in its place."""
    parts = urlsplit(base_url)
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return make_fault(FaultCode.NOT_AN_API, f"{what} is at {shown}, and no API", status=status)


def malformed(answer: object, missing: str) -> CallFailed:
    """The refusal of a success without an answer; what is not even JSON came from no model and is not billed."""
    message = f"the provider's answer holds no {missing}"
    return CallFailed(make_fault(FaultCode.MALFORMED, message), may_be_billed=answer is not None)
