"""Errors of every provider as they come over the wire, and what is done about each."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from runs.providers.fault_reading import read_fault, refuse_error
from runs.providers.faults import CallFailed, Fault, FaultCode, FaultReach, make_fault
from runs.shapes import FaultAction, Protocol

OPENAI, ANTHROPIC, GEMINI = Protocol.OPENAI, Protocol.ANTHROPIC, Protocol.GEMINI
NOW = datetime(2026, 7, 22, 12, tzinfo=UTC)
RETRY, NEXT, FAIL = FaultAction.RETRY, FaultAction.NEXT_ENDPOINT, FaultAction.FAIL_NODE


def read(protocol: Protocol, status: int, body: object = None, **headers: str) -> Fault:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_fault(protocol, status, named, raw, now=NOW)


def openai(code: object = None, kind: str = "invalid_request_error", message: str = "m") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def openrouter(source: str) -> dict[str, Any]:
    return {"error": {"code": 402, "message": "m", "metadata": {"limit_source": source}}}


def anthropic(kind: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": "m"}, "request_id": "r"}


def google(status: str, *details: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": 400, "message": "m", "status": status, "details": list(details)}}


def reason(word: str) -> dict[str, str]:
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": word}


def quota(name: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": name}]}


TABLE = [
    # --- by status alone
    (OPENAI, 400, None, FaultCode.BAD_REQUEST, NEXT),
    (OPENAI, 401, None, FaultCode.KEY_REFUSED, NEXT),
    (OPENAI, 402, None, FaultCode.NO_CREDIT, NEXT),
    (OPENAI, 403, None, FaultCode.NOT_PERMITTED, NEXT),
    (OPENAI, 404, None, FaultCode.MODEL_UNKNOWN, NEXT),
    (OPENAI, 408, None, FaultCode.TIMED_OUT, RETRY),
    (OPENAI, 409, None, FaultCode.PROVIDER_FAULT, RETRY),
    (OPENAI, 410, None, FaultCode.MODEL_UNKNOWN, NEXT),
    (OPENAI, 413, None, FaultCode.CONTEXT_TOO_LONG, NEXT),
    (OPENAI, 422, None, FaultCode.BAD_REQUEST, NEXT),
    (OPENAI, 425, None, FaultCode.PROVIDER_FAULT, RETRY),
    (OPENAI, 429, None, FaultCode.RATE_LIMITED, RETRY),
    (OPENAI, 498, None, FaultCode.OVERLOADED, RETRY),
    (OPENAI, 500, None, FaultCode.PROVIDER_FAULT, RETRY),
    (OPENAI, 502, None, FaultCode.PROVIDER_FAULT, RETRY),
    (OPENAI, 503, None, FaultCode.OVERLOADED, RETRY),
    (OPENAI, 504, None, FaultCode.TIMED_OUT, RETRY),
    (OPENAI, 520, None, FaultCode.PROVIDER_FAULT, RETRY),
    (OPENAI, 524, None, FaultCode.TIMED_OUT, RETRY),
    (ANTHROPIC, 529, None, FaultCode.OVERLOADED, RETRY),
    (OPENAI, 301, None, FaultCode.NOT_AN_API, NEXT),
    (OPENAI, 500, b"<html>invalid_api_key</html>", FaultCode.PROVIDER_FAULT, RETRY),
    # --- OpenAI
    (OPENAI, 400, openai("context_length_exceeded"), FaultCode.CONTEXT_TOO_LONG, NEXT),
    (OPENAI, 400, openai("content_policy_violation"), FaultCode.CONTENT_FILTERED, FAIL),
    (OPENAI, 400, openai("content_filter"), FaultCode.CONTENT_FILTERED, FAIL),
    (OPENAI, 400, openai("unsupported_parameter"), FaultCode.BAD_REQUEST, NEXT),
    (OPENAI, 401, openai("invalid_api_key"), FaultCode.KEY_REFUSED, NEXT),
    (OPENAI, 404, openai("model_not_found"), FaultCode.MODEL_UNKNOWN, NEXT),
    (OPENAI, 429, openai("rate_limit_exceeded", "requests"), FaultCode.RATE_LIMITED, RETRY),
    (OPENAI, 429, openai("insufficient_quota", "insufficient_quota"), FaultCode.NO_CREDIT, NEXT),
    (OPENAI, 400, openai("billing_hard_limit_reached"), FaultCode.NO_CREDIT, NEXT),
    (OPENAI, 500, openai(None, "server_error"), FaultCode.PROVIDER_FAULT, RETRY),
    # --- OpenRouter: its code is the status
    (OPENAI, 402, {"error": {"code": 402, "message": "Insufficient credits"}}, FaultCode.NO_CREDIT, NEXT),
    (OPENAI, 404, {"error": {"code": 404, "message": "No endpoints found"}}, FaultCode.MODEL_UNKNOWN, NEXT),
    (
        OPENAI,
        403,
        {"error": {"code": 403, "message": "flagged", "metadata": {"reasons": ["violence"], "flagged_input": "x"}}},
        FaultCode.CONTENT_FILTERED,
        FAIL,
    ),
    (OPENAI, 502, {"error": {"code": 502, "metadata": {"provider_name": "X"}}}, FaultCode.PROVIDER_FAULT, RETRY),
    (OPENAI, 402, openrouter("openrouter_in_flight_budget"), FaultCode.RATE_LIMITED, RETRY),
    (OPENAI, 402, openrouter("openrouter_credits"), FaultCode.NO_CREDIT, NEXT),
    (OPENAI, 403, openrouter("openrouter_key_limit"), FaultCode.NO_CREDIT, NEXT),
    # --- Groq, DeepSeek, Mistral, xAI, Ollama, vLLM, llama.cpp
    (OPENAI, 400, openai("model_decommissioned"), FaultCode.MODEL_UNKNOWN, NEXT),
    (OPENAI, 402, openai("invalid_request_error", "unknown_error"), FaultCode.NO_CREDIT, NEXT),
    (OPENAI, 400, {"object": "error", "type": "invalid_model", "code": "1500"}, FaultCode.MODEL_UNKNOWN, NEXT),
    (OPENAI, 400, {"object": "error", "type": "invalid_request", "code": 3051}, FaultCode.CONTEXT_TOO_LONG, NEXT),
    (OPENAI, 401, {"message": "Unauthorized", "request_id": "r"}, FaultCode.KEY_REFUSED, NEXT),
    (OPENAI, 422, {"detail": [{"loc": ["body", "stream_options"]}]}, FaultCode.BAD_REQUEST, NEXT),
    (OPENAI, 400, {"code": "Client specified an invalid argument", "error": "x"}, FaultCode.BAD_REQUEST, NEXT),
    (OPENAI, 404, openai(None, "not_found_error"), FaultCode.MODEL_UNKNOWN, NEXT),
    (OPENAI, 404, {"object": "error", "type": "NotFoundError", "code": 404}, FaultCode.MODEL_UNKNOWN, NEXT),
    (OPENAI, 400, openai(400, "exceed_context_size_error"), FaultCode.CONTEXT_TOO_LONG, NEXT),
    # --- Anthropic
    (ANTHROPIC, 400, anthropic("invalid_request_error"), FaultCode.BAD_REQUEST, NEXT),
    (ANTHROPIC, 401, anthropic("authentication_error"), FaultCode.KEY_REFUSED, NEXT),
    (ANTHROPIC, 400, anthropic("billing_error"), FaultCode.NO_CREDIT, NEXT),
    (ANTHROPIC, 403, anthropic("permission_error"), FaultCode.NOT_PERMITTED, NEXT),
    (ANTHROPIC, 404, anthropic("not_found_error"), FaultCode.MODEL_UNKNOWN, NEXT),
    (ANTHROPIC, 413, anthropic("request_too_large"), FaultCode.CONTEXT_TOO_LONG, NEXT),
    (ANTHROPIC, 429, anthropic("rate_limit_error"), FaultCode.RATE_LIMITED, RETRY),
    (ANTHROPIC, 500, anthropic("api_error"), FaultCode.PROVIDER_FAULT, RETRY),
    (ANTHROPIC, 529, anthropic("overloaded_error"), FaultCode.OVERLOADED, RETRY),
    # --- Gemini: a bad key is a 400
    (GEMINI, 400, google("INVALID_ARGUMENT", reason("API_KEY_INVALID")), FaultCode.KEY_REFUSED, NEXT),
    (GEMINI, 400, google("INVALID_ARGUMENT"), FaultCode.BAD_REQUEST, NEXT),
    (GEMINI, 400, [google("INVALID_ARGUMENT", reason("API_KEY_INVALID"))], FaultCode.KEY_REFUSED, NEXT),
    (GEMINI, 403, google("PERMISSION_DENIED"), FaultCode.NOT_PERMITTED, NEXT),
    (GEMINI, 404, google("NOT_FOUND"), FaultCode.MODEL_UNKNOWN, NEXT),
    (GEMINI, 429, google("RESOURCE_EXHAUSTED", quota("RequestsPerMinute")), FaultCode.RATE_LIMITED, RETRY),
    (GEMINI, 429, google("RESOURCE_EXHAUSTED", quota("RequestsPerDayPerModel")), FaultCode.QUOTA_USED_UP, NEXT),
    (GEMINI, 500, google("INTERNAL"), FaultCode.PROVIDER_FAULT, RETRY),
    (GEMINI, 503, google("UNAVAILABLE"), FaultCode.OVERLOADED, RETRY),
    (GEMINI, 504, google("DEADLINE_EXCEEDED"), FaultCode.TIMED_OUT, RETRY),
]


@pytest.mark.parametrize(("protocol", "status", "body", "code", "action"), TABLE)
def test_each_error_has_a_kind_and_an_action(
    protocol: Protocol, status: int, body: object, code: FaultCode, action: FaultAction
) -> None:
    fault = read(protocol, status, body)
    assert (fault.code, fault.action, fault.status) == (code, action, status)
    assert fault.hint


@pytest.mark.parametrize(
    "words",
    ["invalid api key", "rate limit exceeded", "insufficient_quota", "context_length_exceeded", "request 84290"],
)
def test_free_words_decide_nothing(words: str) -> None:
    """A server that fails while quoting anything is still a server that fails."""
    fault = read(OPENAI, 500, openai(None, "", words))
    assert (fault.code, fault.action) == (FaultCode.PROVIDER_FAULT, RETRY)


@pytest.mark.parametrize(
    ("status", "reach", "needs_person"),
    [
        (400, FaultReach.REQUEST, False),
        (401, FaultReach.CONNECTION, True),
        (402, FaultReach.CONNECTION, True),
        (403, FaultReach.MODEL, True),
        (404, FaultReach.MODEL, False),
        (429, FaultReach.MODEL, False),
        (500, FaultReach.MODEL, False),
    ],
)
def test_it_is_known_how_far_a_failure_reaches(status: int, reach: FaultReach, needs_person: bool) -> None:
    fault = read(OPENAI, status)
    assert (fault.reach, fault.needs_person) == (reach, needs_person)


@pytest.mark.parametrize("code", FaultCode)
def test_every_kind_has_a_meaning(code: FaultCode) -> None:
    fault = make_fault(code, "m")
    assert fault.hint
    assert len(code.value) <= 40  # the ledger's column


def test_the_providers_own_words_are_shown_but_not_at_length() -> None:
    assert read(OPENAI, 400, openai(message="bad temperature")).message.endswith("status 400: bad temperature")
    assert len(read(OPENAI, 400, openai(message="x" * 10_000)).message) < 400
    assert read(OPENAI, 400, {"code": "c", "error": "plain"}).message.endswith(": plain")
    assert read(OPENAI, 401, {"message": "Unauthorized"}).message.endswith(": Unauthorized")
    forbidden = {"message": {"detail": [{"msg": "Extra inputs are not permitted"}]}}
    assert read(OPENAI, 422, forbidden).message.endswith(": Extra inputs are not permitted")
    assert read(OPENAI, 404, {"detail": "Not Found"}).message.endswith(": Not Found")
    assert read(OPENAI, 500, b"<html>").message == "the openai endpoint answered with status 500"


def test_an_error_within_a_success_is_read_by_its_own_code() -> None:
    refuse_error({"choices": []})
    refuse_error({"error": None})
    refuse_error("text")
    for answer, code in (
        ({"error": {"code": 402, "message": "m"}}, FaultCode.NO_CREDIT),
        ({"error": {"code": 429}}, FaultCode.RATE_LIMITED),
        ({"error": {"message": "m"}}, FaultCode.PROVIDER_FAULT),
        ({"error": "something"}, FaultCode.PROVIDER_FAULT),
        ({"type": "error", "error": {"type": "overloaded_error"}}, FaultCode.OVERLOADED),
    ):
        with pytest.raises(CallFailed) as failed:
            refuse_error(answer)
        assert failed.value.fault.code is code
