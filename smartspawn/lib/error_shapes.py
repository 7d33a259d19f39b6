"""The shape in which an error is told: ours, or that of the protocol that is spoken at the address."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

_ANTHROPIC_ROOT: Final = "/v1/messages"
_OPENAI_ROOT: Final = "/v1/"
_OPENAI_TYPES: Final[Mapping[int, str]] = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    429: "rate_limit_error",
}
_ANTHROPIC_TYPES: Final[Mapping[int, str]] = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}

Payload = dict[str, Any]


def error_body(path: str, code: str, message: str, status: int, *, param: str | None = None) -> Payload:
    """The body of an error at this address."""
    if path.startswith(_ANTHROPIC_ROOT):
        return anthropic_error(message, status)
    if path.startswith(_OPENAI_ROOT):
        return openai_error(code, message, status, param=param)
    return {"error": {"code": code, "message": message}}


def error_json(path: str, code: str, message: str, status: int) -> bytes:
    """The same as it goes over the wire."""
    return json.dumps(error_body(path, code, message, status)).encode()


def openai_error(code: str, message: str, status: int, *, param: str | None = None) -> Payload:
    """As OpenAI's clients read it; the code is ours."""
    standing = "server_error" if status >= 500 else "invalid_request_error"
    kind = _OPENAI_TYPES.get(status, standing)
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def anthropic_error(message: str, status: int) -> Payload:
    """As Anthropic's clients read it."""
    standing = "api_error" if status >= 500 else "invalid_request_error"
    return {"type": "error", "error": {"type": _ANTHROPIC_TYPES.get(status, standing), "message": message}}
