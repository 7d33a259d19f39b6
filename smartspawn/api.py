"""Where errors become HTTP: one table from code to status, one envelope, one handler for each way to fail.

Under /api and /mcp every error is ``{"error": {"code": ..., "message": ...}}``, under /v1 what the protocol
spoken there has for it; elsewhere it is a page.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    UnreadablePostError,
)
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.response import Response

from smartspawn.lib.error_shapes import Payload, error_body
from smartspawn.lib.errors import (
    InvalidBody,
    InvalidParam,
    MissingParam,
    NotAllowed,
    NotFound,
    NotSignedIn,
    SmartSpawnError,
    TooManyRequests,
)
from smartspawn.lib.paths import is_api_path, is_protocol_path

logger = logging.getLogger(__name__)

STATUS_BY_CODE: Mapping[str, int] = {
    "MISSING_PARAM": 400,
    "INVALID_PARAM": 400,
    "INVALID_BODY": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "NO_MODEL": 404,
    "MODEL_NOT_FOUND": 404,
    "previous_response_not_found": 400,  # OpenAI's own word, on which its clients act
    "APPROVAL_NEEDED": 402,
    "METHOD_NOT_ALLOWED": 405,
    "NOT_ACCEPTABLE": 406,
    "CONFLICT": 409,
    "TEXTS_GONE": 410,
    "MODEL_UNPRICED": 409,
    "SECRET_UNREADABLE": 409,
    "CONNECTION_UNUSABLE": 409,
    "HARNESS_OFF": 409,
    "HARNESS_FOLDER_REFUSED": 400,
    "HARNESS_FAILED": 502,
    "HARNESS_TIMED_OUT": 504,
    "PAYLOAD_TOO_LARGE": 413,
    "IDEMPOTENCY_KEY_REUSED": 422,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "RATE_LIMITED": 429,
    "INTERNAL": 500,
    "NO_DATABASE": 503,
    "UPSTREAM_FAULT": 502,
    "UPSTREAM_UNREACHABLE": 502,
    "UPSTREAM_REFUSED": 502,
    "UPSTREAM_TOO_LARGE": 502,
    "ADDRESS_REFUSED": 422,
    "CALL_FAILED": 502,
    "SOURCE_FAULT": 502,
    "SOURCE_UNREACHABLE": 502,
    "SOURCE_MALFORMED": 502,
    "SOURCE_IMPLAUSIBLE": 502,
    "SOURCE_NOT_CONFIGURED": 409,
}
_CODE_BY_STATUS: Mapping[int, str] = {
    400: "INVALID_BODY",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
}
_HEADERS_TO_KEEP = ("Allow", "Retry-After", "WWW-Authenticate", "Vary")
_ABSENT_CODES = ("required", "null", "blank", "empty")
_DATABASE_BACK_S = 5  # a worthwhile wait for a disk with room again, or a server that was started anew
_NOT_HERE = "There is nothing at this address."
_TITLES: Mapping[int, str] = {
    400: "That request cannot be used",
    401: "Nobody we know",
    403: "Your role does not reach this",
    404: "There is nothing here",
    409: "Somebody was faster",
    413: "Too much at once",
    429: "Too many requests",
}

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def status_of(error: SmartSpawnError) -> int:
    """The HTTP status of a refusal; a code that the table does not know is a bad request."""
    return STATUS_BY_CODE.get(error.code, 400)


def headers_of(error: SmartSpawnError) -> dict[str, str]:
    """The headers that belong to a refusal."""
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.retry_after_s)}
    if error.code == "NO_DATABASE":
        return {"Retry-After": str(_DATABASE_BACK_S)}
    return {"WWW-Authenticate": 'Bearer realm="api"'} if isinstance(error, NotSignedIn) else {}


# --- foreign errors in our words ---------------------------------------------------------------


def translate(error: Exception) -> SmartSpawnError | None:
    """The refusal that a framework's error means, or None for one that is nobody's fault but ours."""
    if isinstance(error, SmartSpawnError):
        return error
    for kind, words in _MEANINGS:
        if isinstance(error, kind):
            return words(error)
    return None


def _invalid(error: exceptions.ValidationError) -> SmartSpawnError:
    """The first thing that is wrong with the input, and where."""
    path, detail = _first_fault(error.detail)
    if not path and detail.code == "invalid":
        return InvalidBody(str(detail))
    is_named = not path or str(detail).startswith(f"{path[-1]} ")  # "task is required" needs no "task: " before it
    message = str(detail) if is_named else f"{'.'.join(path)}: {detail}"
    return MissingParam(message) if detail.code in _ABSENT_CODES else InvalidParam(message)


def _first_fault(detail: Any, path: tuple[str, ...] = ()) -> tuple[tuple[str, ...], exceptions.ErrorDetail]:
    if isinstance(detail, dict):
        name, inner = next(item for item in detail.items() if item[1])
        return _first_fault(inner, path if name == "non_field_errors" else (*path, str(name)))
    if isinstance(detail, list):
        place, inner = next((place, item) for place, item in enumerate(detail) if item)
        return _first_fault(inner, (*path, str(place)) if isinstance(inner, dict | list) else path)
    return path, detail


def _with_code(code: str, message: str) -> SmartSpawnError:
    error = SmartSpawnError(message)
    error.code = code
    return error


def _by_status(error: exceptions.APIException) -> SmartSpawnError:
    return _with_code(_CODE_BY_STATUS.get(error.status_code, "INTERNAL"), str(error.detail))


def most_body_bytes(path: str) -> int:
    """How long a body may be at this address: conversations carry pictures."""
    return settings.CHAT_REQUEST_MAX_BYTES if is_protocol_path(path) else settings.REQUEST_MAX_BYTES


def _too_large(most_bytes: int) -> SmartSpawnError:
    return _with_code("PAYLOAD_TOO_LARGE", f"The body may have at most {most_bytes} bytes.")


def _no_database(error: OperationalError) -> SmartSpawnError:
    request_id = uuid.uuid4().hex[:16]
    logger.error("Request %s met a database that did not serve it", request_id, exc_info=error)
    return _with_code(
        "NO_DATABASE",
        "The database does not answer, or cannot write: its disk may be full. Try again in a moment; the log has the "
        f"reason under {request_id}.",
    )


# From the particular to the general: the first kind that fits speaks.
_MEANINGS: tuple[tuple[type[Exception], Callable[[Any], SmartSpawnError]], ...] = (
    (exceptions.ValidationError, _invalid),
    (exceptions.APIException, _by_status),
    (Http404, lambda _error: NotFound(_NOT_HERE)),
    (PermissionDenied, lambda error: NotAllowed(str(error) or "This is not allowed.")),
    (RequestDataTooBig, lambda _error: _too_large(settings.REQUEST_MAX_BYTES)),
    (SuspiciousOperation, lambda _error: InvalidBody("The request cannot be read.")),
    (OperationalError, _no_database),
    (UnreadablePostError, lambda _error: InvalidBody("The request broke off.")),
)


def _internal(error: Exception | None, request: HttpRequest) -> tuple[SmartSpawnError, str]:
    request_id = uuid.uuid4().hex[:16]
    logger.error("Request %s failed: %s %s", request_id, request.method, request.path, exc_info=error)
    return _with_code("INTERNAL", f"Something went wrong on our side; the log has it under {request_id}."), request_id


# --- as responses ------------------------------------------------------------------------------


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's way in: the envelope for a known error; an unknown one goes on to the middleware."""
    from rest_framework.views import set_rollback  # its settings name this very module

    refusal = translate(error)
    if refusal is None:
        return None
    set_rollback()
    request = context.get("request")
    path = request.path if request is not None else ""
    return Response(refusal_body(path, refusal), status=status_of(refusal), headers=headers_of(refusal))


def refusal_body(path: str, error: SmartSpawnError) -> Payload:
    """The refusal in the shape of the address."""
    param = error.details.get("param")
    named = param if isinstance(param, str) else None
    return error_body(path, error.code, error.message, status_of(error), param=named)


def error_response(request: HttpRequest, error: SmartSpawnError) -> HttpResponse:
    """The refusal as JSON or as a page, as the address asks."""
    response = _json(request, error) if is_api_path(request.path) else _page(request, error)
    for name, value in headers_of(error).items():
        response.headers[name] = value
    return response


def _json(request: HttpRequest, error: SmartSpawnError) -> JsonResponse:
    return JsonResponse(refusal_body(request.path, error), status=status_of(error))


def _page(request: HttpRequest, error: SmartSpawnError) -> HttpResponse:
    status = status_of(error)
    shown = {"status": status, "heading": _TITLES.get(status, _TITLES[400]), "message": error.message}
    return render(request, "error.html", shown, status=status)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What a form gets whose token is missing or old."""
    logger.warning("CSRF refused %s: %s", request.path, reason)
    if is_api_path(request.path):
        return _json(request, NotAllowed(reason or "The CSRF token is missing or old."))
    return render(request, "403_csrf.html", status=403)


# --- middleware --------------------------------------------------------------------------------


class ErrorsMiddleware:
    """Give every failure a face: the envelope below the API's addresses, a page elsewhere."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code < 400 or not is_api_path(request.path):
            return response
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return response if is_json else _enveloped(request, response)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Django's way in for what a view raises; on pages, Django's own errors keep their own pages."""
        if not is_api_path(request.path) and not isinstance(error, SmartSpawnError | exceptions.APIException):
            return None
        refusal = translate(error)
        return error_response(request, refusal) if refusal else _crashed(request, error)


def _crashed(request: HttpRequest, error: Exception) -> HttpResponse:
    refusal, request_id = _internal(error, request)
    response = _json(request, refusal)
    response.headers["X-Request-Id"] = request_id
    return response


def _enveloped(request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
    """The envelope for an error from outside our views: no such address, no such method, a crash."""
    status = response.status_code
    words = {404: _NOT_HERE, 405: f"Method {request.method} is not allowed here."}
    request_id = ""
    if status in _CODE_BY_STATUS:
        error = _with_code(_CODE_BY_STATUS[status], words.get(status, response.reason_phrase))
    else:
        error, request_id = _internal(None, request)
    enveloped = JsonResponse(error_body(request.path, error.code, error.message, status), status=status)
    for name in _HEADERS_TO_KEEP:
        if name in response.headers:
            enveloped.headers[name] = response.headers[name]
    if request_id:
        enveloped.headers["X-Request-Id"] = request_id
    return enveloped


class BodyLimitMiddleware:
    """Refuse a body that is longer than this site reads, before reading it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isascii() or not length.isdigit():
            return error_response(request, InvalidBody("Content-Length is not a number."))
        most_bytes = most_body_bytes(request.path)
        if int(length) > most_bytes:
            return error_response(request, _too_large(most_bytes))
        return self.get_response(request)


class JSONBodyParser(JSONParser):
    """JSON whatever the content type says, as the ancestor's clients send it; nesting has an end."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise InvalidBody("The JSON is nested too deeply.") from error
