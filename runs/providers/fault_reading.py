"""An error answer -> a fault, by status and by the provider's own codes, never by free words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from runs.providers.faults import CallFailed, Fault, FaultCode, make_fault
from runs.providers.json_reading import count_at, decode, dig, rows_at, text_at
from runs.providers.retry_hints import read_retry_after_s
from runs.shapes import Protocol

_LONGEST_MESSAGE: Final = 300
_QUOTA_FAILURE: Final = "type.googleapis.com/google.rpc.QuotaFailure"

_BY_STATUS: Final[Mapping[int, FaultCode]] = {
    401: FaultCode.KEY_REFUSED,
    402: FaultCode.NO_CREDIT,
    403: FaultCode.NOT_PERMITTED,
    404: FaultCode.MODEL_UNKNOWN,
    408: FaultCode.TIMED_OUT,
    409: FaultCode.PROVIDER_FAULT,
    410: FaultCode.MODEL_UNKNOWN,
    413: FaultCode.CONTEXT_TOO_LONG,
    425: FaultCode.PROVIDER_FAULT,
    429: FaultCode.RATE_LIMITED,
    498: FaultCode.OVERLOADED,  # Groq's flex tier is full
    503: FaultCode.OVERLOADED,
    504: FaultCode.TIMED_OUT,
    524: FaultCode.TIMED_OUT,
    529: FaultCode.OVERLOADED,
}

# The providers' own codes, types and reasons; they say more than the status, which several get wrong.
_BY_WORD: Final[Mapping[str, FaultCode]] = {
    # --- OpenAI and who speaks like it
    "context_length_exceeded": FaultCode.CONTEXT_TOO_LONG,
    "string_above_max_length": FaultCode.CONTEXT_TOO_LONG,
    "request_too_large": FaultCode.CONTEXT_TOO_LONG,
    "exceed_context_size_error": FaultCode.CONTEXT_TOO_LONG,  # llama.cpp
    "3051": FaultCode.CONTEXT_TOO_LONG,  # Mistral
    "content_filter": FaultCode.CONTENT_FILTERED,
    "content_policy_violation": FaultCode.CONTENT_FILTERED,
    "invalid_api_key": FaultCode.KEY_REFUSED,
    "account_deactivated": FaultCode.KEY_REFUSED,
    "insufficient_quota": FaultCode.NO_CREDIT,
    "billing_hard_limit_reached": FaultCode.NO_CREDIT,
    "billing_not_active": FaultCode.NO_CREDIT,
    "model_not_found": FaultCode.MODEL_UNKNOWN,
    "model_decommissioned": FaultCode.MODEL_UNKNOWN,
    "model_not_available": FaultCode.MODEL_UNKNOWN,
    "invalid_model": FaultCode.MODEL_UNKNOWN,
    "1500": FaultCode.MODEL_UNKNOWN,  # Mistral
    "rate_limit_exceeded": FaultCode.RATE_LIMITED,
    "rate_limit_error": FaultCode.RATE_LIMITED,
    "server_error": FaultCode.PROVIDER_FAULT,
    "service_unavailable": FaultCode.OVERLOADED,
    "engine_overloaded": FaultCode.OVERLOADED,
    # --- OpenRouter
    "openrouter_in_flight_budget": FaultCode.RATE_LIMITED,  # a 402 that passes: too much is on its way at once
    "in_flight_budget_exhausted": FaultCode.RATE_LIMITED,
    "openrouter_guardrail_budget": FaultCode.NO_CREDIT,
    "openrouter_workspace_budget": FaultCode.NO_CREDIT,
    "openrouter_key_limit": FaultCode.NO_CREDIT,
    "token_limit_exceeded": FaultCode.CONTEXT_TOO_LONG,
    "max_tokens_exceeded": FaultCode.CONTEXT_TOO_LONG,
    "string_too_long": FaultCode.CONTEXT_TOO_LONG,
    # --- Anthropic
    "authentication_error": FaultCode.KEY_REFUSED,
    "billing_error": FaultCode.NO_CREDIT,
    "permission_error": FaultCode.NOT_PERMITTED,
    "not_found_error": FaultCode.MODEL_UNKNOWN,
    "timeout_error": FaultCode.TIMED_OUT,
    "api_error": FaultCode.PROVIDER_FAULT,
    "overloaded_error": FaultCode.OVERLOADED,
    # --- Google
    "API_KEY_INVALID": FaultCode.KEY_REFUSED,
    "API_KEY_EXPIRED": FaultCode.KEY_REFUSED,
    "API_KEY_SERVICE_BLOCKED": FaultCode.KEY_REFUSED,
    "BILLING_DISABLED": FaultCode.NO_CREDIT,
    "UNAUTHENTICATED": FaultCode.KEY_REFUSED,
    "PERMISSION_DENIED": FaultCode.NOT_PERMITTED,
    "NOT_FOUND": FaultCode.MODEL_UNKNOWN,
    "RESOURCE_EXHAUSTED": FaultCode.RATE_LIMITED,
    "UNAVAILABLE": FaultCode.OVERLOADED,
    "DEADLINE_EXCEEDED": FaultCode.TIMED_OUT,
    "INTERNAL": FaultCode.PROVIDER_FAULT,
}


def read_fault(protocol: Protocol, status: int, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Fault:
    """What an answer with an error status means; header names in lower case."""
    parsed = decode(body)
    if isinstance(parsed, list) and parsed:  # Google wraps the error of a stream in a list
        parsed = parsed[0]
    code = _code(status, parsed)
    retry_after_s = read_retry_after_s(headers, parsed, now=now)
    return make_fault(code, _message(protocol, status, parsed), status=status, retry_after_s=retry_after_s)


def refuse_error(answer: object) -> None:
    """Raises CallFailed for an error object that came with status 200, whole or within a stream."""
    if not dig(answer, "error"):
        return
    status = count_at(answer, "error", "code") or 0
    code = _code(status if 400 <= status < 600 else 500, answer)
    retry_after_s = read_retry_after_s({}, answer, now=datetime.now(UTC))
    raise CallFailed(
        make_fault(code, _message(None, status, answer), status=status or None, retry_after_s=retry_after_s)
    )


def _code(status: int, parsed: object) -> FaultCode:
    if _is_moderated(parsed):
        return FaultCode.CONTENT_FILTERED
    if _is_daily_quota(parsed):
        return FaultCode.QUOTA_USED_UP
    told = next((_BY_WORD[word] for word in _words(parsed) if word in _BY_WORD), None)
    if told:
        return told
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if 300 <= status < 400:
        return FaultCode.NOT_AN_API
    return FaultCode.PROVIDER_FAULT if status >= 500 else FaultCode.BAD_REQUEST


def _words(parsed: object) -> list[str]:
    """Every place in which a provider puts a code, the most telling first."""
    details = rows_at(parsed, "error", "details")
    found = [
        *(dig(row, "reason") for row in details),
        dig(parsed, "error", "metadata", "limit_source"),
        dig(parsed, "error", "metadata", "error_type"),
        dig(parsed, "error", "code"),
        dig(parsed, "error", "type"),
        dig(parsed, "error", "status"),
        dig(parsed, "code"),
        dig(parsed, "type"),
    ]
    return [str(word) for word in found if isinstance(word, str | int)]


def _is_moderated(parsed: object) -> bool:
    """OpenRouter's moderation: it names its reasons."""
    return bool(dig(parsed, "error", "metadata", "reasons"))


def _is_daily_quota(parsed: object) -> bool:
    """Google's quota for a day: waiting a minute does not help."""
    failures = [row for row in rows_at(parsed, "error", "details") if row.get("@type") == _QUOTA_FAILURE]
    return any("PerDay" in text_at(row, "quotaId") for failure in failures for row in rows_at(failure, "violations"))


def _message(protocol: Protocol | None, status: int, parsed: object) -> str:
    told = (
        text_at(parsed, "error", "metadata", "raw")
        or text_at(parsed, "error", "message")
        or text_at(parsed, "error")
        or text_at(parsed, "message")
        or text_at(parsed, "detail")
        or text_at(parsed, "detail", 0, "msg")
        or text_at(parsed, "message", "detail", 0, "msg")
    )
    who = f"the {protocol.value} endpoint" if protocol else "the provider"
    number = f"status {status}" if status else "an error"
    return f"{who} answered with {number}" + (f": {told[:_LONGEST_MESSAGE]}" if told else "")
