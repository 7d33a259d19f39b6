"""Traces in OpenTelemetry's way where a collector is named; everywhere else nothing, at the price of one look.

    with span("run collective", {"smartspawn.run.id": str(run_id)}) as run:
        ...
        run.fail("canceled")

Spans tell of work, never of words: no prompt, no answer and no message of an error is ever put on one. What is
traced is sent in the background and dropped where nobody takes it; the packages come with the extra ``otel``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Protocol

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

INSTALL: Final = "pip install 'smart-spawn[otel]'"
TRACEPARENT: Final = "traceparent"
Attributes = Mapping[str, str | int | float | bool | tuple[str, ...] | None]
_LONGEST_TEXT: Final = 200


class Traced(Protocol):
    """A piece of work while it is traced."""

    def note(self, attributes: Attributes) -> None:
        """Say more of it; what is None is left out."""

    def fail(self, error_type: str) -> None:
        """Say that it failed, and by which kind of fault."""


class _Untraced:
    def note(self, attributes: Attributes) -> None:
        """Nobody listens."""

    def fail(self, error_type: str) -> None:
        """Nobody listens."""


class _Traced:
    def __init__(self, span: Span) -> None:
        self._span = span
        self._has_failed = False

    def note(self, attributes: Attributes) -> None:
        for name, value in attributes.items():
            if value is not None:
                self._span.set_attribute(name, value[:_LONGEST_TEXT] if isinstance(value, str) else value)

    def fail(self, error_type: str) -> None:
        from opentelemetry.trace import StatusCode

        if self._has_failed:
            return  # the first word is the nearest to what went wrong
        self._has_failed = True
        self._span.set_attribute("error.type", error_type)
        self._span.set_status(StatusCode.ERROR)


_UNTRACED: Final = _Untraced()


def is_on() -> bool:
    """Whether a collector is named."""
    return bool(settings.OTEL_ENDPOINT)


def has_packages() -> bool:
    """Whether what traces are made with is installed."""
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def start() -> None:
    """Load what tracing needs, so that the first request does not wait for it."""
    if is_on():
        _tracer(os.getpid())


@contextmanager
def span(
    name: str, attributes: Attributes | None = None, *, kind: str = "INTERNAL", parent: Context | None = None
) -> Iterator[Traced]:
    """Trace the block, below what is being traced here, or below ``parent``."""
    if not is_on():
        yield _UNTRACED
        return
    from opentelemetry.trace import SpanKind

    # The library would note an exception with its message, which may hold what a model was asked.
    with _tracer(os.getpid()).start_as_current_span(
        name[:_LONGEST_TEXT],
        context=parent,
        kind=SpanKind[kind],
        record_exception=False,
        set_status_on_exception=False,
    ) as started:
        traced = _Traced(started)
        traced.note(attributes or {})
        try:
            yield traced
        except BaseException as error:
            traced.fail(type(error).__qualname__)
            raise


def current() -> Context | None:
    """What is being traced here, as a parent for work that begins elsewhere."""
    if not is_on():
        return None
    from opentelemetry.context import get_current

    return get_current()


def parent_in(traceparent: str) -> Context | None:
    """What a request says that it is a part of; None where it says nothing that can be read."""
    if not (traceparent and is_on()):
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({TRACEPARENT: traceparent})


@contextmanager
def joined(traceparent: str) -> Iterator[None]:
    """Have what is traced in the block be a part of what a request says that it is a part of."""
    parent = parent_in(traceparent)
    if parent is None:
        yield
        return
    from opentelemetry.context import attach, detach

    token = attach(parent)
    try:
        yield
    finally:
        detach(token)


def noted_down() -> str:
    """What is being traced here, for work that is done later in another process; "" where nothing is."""
    return _carrier().get(TRACEPARENT, "") if is_on() else ""


def parent_noted(traceparent: str) -> Context | None:
    """What work that was noted down is a part of; None where it is done within what is being traced here."""
    if not (traceparent and is_on()):
        return None
    from opentelemetry.trace import get_current_span

    return None if get_current_span().get_span_context().is_valid else parent_in(traceparent)


def outgoing_headers() -> dict[str, str]:
    """What a provider is told of the trace: nothing, unless the site wants it to know."""
    return _carrier() if is_on() and settings.OTEL_TELL_PROVIDERS else {}


def _carrier() -> dict[str, str]:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier


class TraceMiddleware:
    """Joins the trace of whoever asks, so that a run that is created in it is a part of it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not is_on():
            raise MiddlewareNotUsed
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with joined(request.headers.get(TRACEPARENT, "")):
            return self._get_response(request)


@lru_cache(maxsize=1)
def _tracer(_process_id: int) -> Tracer:
    """One sender in each process; a fork does not inherit the thread of its parent's."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from smartspawn.lib.http import user_agent  # with the HTTP library, which an untraced process may never need

    about: dict[str, Any] = {"service.name": settings.OTEL_SERVICE_NAME, "process.pid": os.getpid()}
    provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))  # addresses and headers from OTEL_* variables
    return provider.get_tracer("smartspawn", user_agent().partition(" ")[0].partition("/")[2])
