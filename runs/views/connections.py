"""The pages of connections: who serves models, how they are doing, and for admins what opens them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe
from rest_framework.exceptions import ValidationError

from runs.breakers.shared import BreakerReport, list_breakers, reset_breaker
from runs.connections import (
    ConnectionReport,
    change_connection,
    check_connection,
    create_connection,
    delete_connection,
    get_connection,
    list_connections,
    switch_connection,
)
from runs.connections.inputs import model_lines, read_connection_change, read_model_lines, read_new_connection
from runs.connections.standing import key_words, served_words, standing_of
from runs.harness import enabled_harnesses
from runs.providers.known import KNOWN_PROVIDERS, SIMULATOR, find_known_provider
from runs.shapes import Protocol
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.lib.errors import BadInput, Conflict

_SWITCHES = ("enabled", "allowPrivate")
_WORDS = ("provider", "key", "title", "protocol", "baseUrl", "secret", "priority")


@requires_role(Role.VIEWER)
@require_safe
def connections(request: ActorRequest) -> HttpResponse:
    """Every connection, what is left alone, and the command-line agents."""
    reports, breakers = list_connections(actor=request.actor), list_breakers()
    context = {
        "rows": [_row(report, breakers) for report in reports],
        "breakers": breakers,
        "harnesses": enabled_harnesses(),
        "has_simulator": any(report.is_simulator for report in reports),
        "unreadable": [report for report in reports if "cannot be opened" in report.problem],
        "providers": [provider for provider in KNOWN_PROVIDERS if provider.name != SIMULATOR],
        "simulator": find_known_provider(SIMULATOR),
    }
    return TemplateResponse(request, "runs/connections.html", context)


@requires_role(Role.ADMIN)
@require_safe
def new_connection(request: ActorRequest) -> HttpResponse:
    """The form for a provider."""
    return _new_page(request, {"provider": request.GET.get("provider", "openrouter"), "enabled": True})


@requires_role(Role.ADMIN)
@require_POST
def create(request: ActorRequest) -> HttpResponse:
    """Connect a provider, and ask it at once who it is."""
    try:
        key = create_connection(actor=request.actor, draft=read_new_connection(_said(request.POST)))
    except (BadInput, Conflict, ValidationError) as refusal:
        return _new_page(request, request.POST.dict(), refusal)
    _tell_of_test(request, key)
    return redirect("runs:connection", key=key)


@requires_role(Role.VIEWER)
@require_safe
def connection(request: ActorRequest, key: str) -> HttpResponse:
    """One connection: its models, and for admins its settings."""
    return _page(request, get_connection(actor=request.actor, key=key))


@requires_role(Role.ADMIN)
@require_POST
def save(request: ActorRequest, key: str) -> HttpResponse:
    """Change a connection; an empty key field keeps the key there is."""
    report = get_connection(actor=request.actor, key=key)
    try:
        change_connection(actor=request.actor, key=key, draft=read_connection_change(_said(request.POST), report))
    except (BadInput, ValidationError) as refusal:
        return _page(request, report, request.POST.dict(), refusal)
    messages.success(request, "It is stored.")
    return redirect("runs:connection", key=key)


@requires_role(Role.ADMIN)
@require_POST
def switch(request: ActorRequest, key: str) -> HttpResponse:
    """Use the connection, or leave it alone."""
    is_enabled = request.POST.get("enabled") == "on"
    switch_connection(actor=request.actor, key=key, is_enabled=is_enabled)
    messages.success(request, "Switched on." if is_enabled else "Switched off: nothing goes there any more.")
    return redirect("runs:connections")


@requires_role(Role.ADMIN)
@require_POST
def remove(request: ActorRequest, key: str) -> HttpResponse:
    """Take the connection away."""
    delete_connection(actor=request.actor, key=key)
    messages.success(request, f"The connection {key} is gone, and its key with it.")
    return redirect("runs:connections")


@requires_role(Role.ADMIN)
@require_POST
def test(request: ActorRequest, key: str) -> HttpResponse:
    """Ask the place who it is."""
    _tell_of_test(request, key)
    return redirect("runs:connections")


@requires_role(Role.ADMIN)
@require_POST
def test_part(request: ActorRequest, key: str) -> HttpResponse:
    """Ask the place who it is, and answer with its row."""
    check_connection(actor=request.actor, key=key)
    row = _row(get_connection(actor=request.actor, key=key), list_breakers())
    return TemplateResponse(request, "runs/_connection_row.html", {"row": row})


@requires_role(Role.ADMIN)
@require_POST
def breaker_reset(request: ActorRequest) -> HttpResponse:
    """Let calls through again."""
    connection_key, model_id = request.POST.get("connection", ""), request.POST.get("model", "")
    reset_breaker(actor=request.actor, connection=connection_key, model_id=model_id)
    messages.success(request, "Calls go through again.")
    return redirect("runs:connections")


def _tell_of_test(request: ActorRequest, key: str) -> None:
    problem = check_connection(actor=request.actor, key=key)
    if problem:
        messages.warning(request, f"The test of {key} failed. {problem}")
    else:
        messages.success(request, f"The test of {key} went well.")


def _row(report: ConnectionReport, breakers: Sequence[BreakerReport]) -> dict[str, object]:
    return {
        "report": report,
        "standing": standing_of(report, breakers),
        "serves": served_words(report),
        "key_words": key_words(report),
    }


def _said(form: QueryDict) -> dict[str, Any]:
    """The form in the words of the API; raises InvalidParam for a line of models that cannot be read."""
    said: dict[str, Any] = {name: form[name] for name in _WORDS if name in form}
    said |= {name: form.get(name) == "on" for name in _SWITCHES}
    said["priority"] = said.get("priority", "").strip() or "0"
    return said | {"models": read_model_lines(form.get("models", ""))}


def _new_page(
    request: ActorRequest, said: Mapping[str, Any], refusal: BadInput | Conflict | ValidationError | None = None
) -> HttpResponse:
    provider = find_known_provider(str(said.get("provider", "")))
    context = {
        "provider": provider,
        "providers": [(item.name, item.title) for item in KNOWN_PROVIDERS],
        "said": {"title": provider.title, "baseUrl": provider.base_url, "protocol": provider.protocol.value, **said},
        "allows_private": provider.is_local if refusal is None else said.get("allowPrivate") == "on",
        **_refused(refusal),
    }
    return TemplateResponse(request, "runs/connection_new.html", context, status=422 if refusal else 200)


def _page(
    request: ActorRequest,
    report: ConnectionReport,
    said: Mapping[str, Any] | None = None,
    refusal: BadInput | ValidationError | None = None,
) -> HttpResponse:
    stored = {
        "title": report.title,
        "baseUrl": report.base_url,
        "protocol": report.protocol.value,
        "priority": report.priority,
        "models": model_lines(report.models or ()),
    }
    breakers = list_breakers()
    context = {
        "row": _row(report, breakers),
        "report": report,
        "provider": find_known_provider(report.provider),
        "said": said or stored,
        "allows_private": report.allows_private if said is None else said.get("allowPrivate") == "on",
        "breakers": [breaker for breaker in breakers if breaker.connection == report.key],
        **_refused(refusal),
    }
    return TemplateResponse(request, "runs/connection.html", context, status=422 if refusal else 200)


def _refused(refusal: BadInput | Conflict | ValidationError | None) -> dict[str, object]:
    """What the form shows of a refusal: beside the field where it is known, else above the form."""
    protocols = [(protocol.value, _PROTOCOLS[protocol]) for protocol in Protocol]
    if isinstance(refusal, ValidationError):
        return {"protocols": protocols, "errors": refusal.detail, "refusal": ""}
    return {"protocols": protocols, "errors": {}, "refusal": refusal.message if refusal else ""}


_PROTOCOLS = {
    Protocol.OPENAI: "OpenAI chat completions",
    Protocol.ANTHROPIC: "Anthropic messages",
    Protocol.GEMINI: "Gemini generateContent",
}
