"""Where the numbers come from: how each source is doing, its settings, refreshes, payloads."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from catalog import queries
from catalog.embedded import EMBEDDED_PART
from catalog.queries import SourceReport
from catalog.refresh import accept_held_back
from catalog.shapes import Source
from catalog.source_states import remove_source_key, set_source_key, switch_source
from catalog.tasks import start_refresh
from catalog.views.posting import rebuild
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.lib.errors import BadInput, Conflict, NotFound, SourceFault


@requires_role(Role.VIEWER)
@require_safe
def sources(request: ActorRequest) -> HttpResponse:
    """Every source with its light, and the refreshes."""
    context = {
        "sources": queries.list_sources(),
        "refresh": queries.latest_refresh(),
        "refreshes": queries.list_refreshes(limit=10),
    }
    return TemplateResponse(request, "catalog/sources.html", context)


@requires_role(Role.VIEWER)
@require_safe
def source(request: ActorRequest, key: str) -> HttpResponse:
    """One source: licence, state, rejected rows, payloads, settings."""
    return _source_page(request, key)


@requires_role(Role.MEMBER)
@require_POST
def refresh_start(request: ActorRequest) -> HttpResponse:
    """Start a refresh of every source that is on, or of one."""
    only = [_source(request.POST["only"])] if request.POST.get("only") else []
    try:
        start_refresh(actor=request.actor, trigger=f"by hand ({request.actor.label})", only=only)
    except Conflict:
        messages.info(request, "A refresh is running already; its progress is below.")
    return redirect("catalog:sources")


@requires_role(Role.VIEWER)
@require_safe
def refresh_progress(request: ActorRequest) -> HttpResponse:
    """The refresh that runs or ran last; it asks for itself again while it runs, then for the whole page."""
    refresh = queries.latest_refresh()
    if request.headers.get("HX-Request") and refresh and not refresh.is_active:
        return HttpResponseClientRefresh()
    return TemplateResponse(request, "catalog/_refresh_progress.html", {"refresh": refresh})


@requires_role(Role.MEMBER)
@require_POST
def refresh_start_part(request: ActorRequest) -> HttpResponse:
    """Start a refresh and answer with its progress."""
    context: dict[str, Any] = {}
    status = 200
    try:
        start_refresh(actor=request.actor, trigger=f"by hand ({request.actor.label})")
    except Conflict as refusal:
        context["notice"], status = refusal.message, 409
    context["refresh"] = queries.latest_refresh()
    return TemplateResponse(request, "catalog/_refresh_progress.html", context, status=status)


@requires_role(Role.ADMIN)
@require_POST
def source_switch(request: ActorRequest, key: str) -> HttpResponse:
    """Switch a source on or off."""
    is_enabled = request.POST.get("is_enabled") == "on"
    try:
        switch_source(actor=request.actor, source=_source(key), is_enabled=is_enabled, why=request.POST.get("why", ""))
    except BadInput as refusal:
        return _source_page(request, key, refusal=refusal.message)
    rebuild(request, trigger=f"{key} switched {'on' if is_enabled else 'off'}")
    messages.success(request, f"Switched {'on' if is_enabled else 'off'}.")
    return redirect("catalog:source", key=key)


@requires_role(Role.ADMIN)
@require_POST
def source_key(request: ActorRequest, key: str) -> HttpResponse:
    """Store the source's API key, with the word that its terms are accepted."""
    try:
        set_source_key(
            actor=request.actor,
            source=_source(key),
            api_key=request.POST.get("api_key", ""),
            accepts_terms=request.POST.get("accepts_terms") == "on",
        )
    except BadInput as refusal:
        return _source_page(request, key, refusal=refusal.message)
    messages.success(request, "The key is stored and the source is on. Start a refresh to fetch its data.")
    return redirect("catalog:source", key=key)


@requires_role(Role.ADMIN)
@require_POST
def source_key_remove(request: ActorRequest, key: str) -> HttpResponse:
    """Forget the source's key and consent."""
    remove_source_key(actor=request.actor, source=_source(key), why=request.POST.get("why", ""))
    rebuild(request, trigger=f"{key} key removed")
    messages.success(request, "The key is forgotten, the source is off, and its values count no more.")
    return redirect("catalog:source", key=key)


@requires_role(Role.ADMIN)
@require_POST
def source_accept(request: ActorRequest, key: str) -> HttpResponse:
    """Believe the answer that was held back."""
    try:
        outcome = accept_held_back(actor=request.actor, source=_source(key), why=request.POST.get("why", "")[:500])
    except (Conflict, NotFound, SourceFault) as refusal:
        return _source_page(request, key, refusal=refusal.message)
    messages.success(request, f"It is believed: revision {outcome.revision} is in use.")
    return redirect("catalog:source", key=key)


@requires_role(Role.VIEWER)
@require_safe
def payload(request: ActorRequest, sha256: str) -> HttpResponse:
    """Where a number came from: one upstream answer, by its fingerprint."""
    report = queries.find_payload_report(sha256)
    if report is None:
        raise NotFound(
            f"No payload with the fingerprint {sha256[:16]}… is kept; payloads are kept while they are in use."
        )
    return TemplateResponse(request, "catalog/payload.html", {"payload": report, "source": _report(report.source)})


def _source_page(request: ActorRequest, key: str, *, refusal: str = "") -> HttpResponse:
    payloads = queries.list_payloads(_source(key))
    context = {
        "source": _report(_source(key)),
        "payloads": payloads,
        "ships": any(payload.is_current and payload.part == EMBEDDED_PART for payload in payloads),
        "held_back_at": queries.find_held_back(_source(key)),
        "refusal": refusal,
    }
    return TemplateResponse(request, "catalog/source.html", context, status=422 if refusal else 200)


def _source(key: str) -> Source:
    try:
        return Source(key)
    except ValueError as error:
        raise NotFound(f"There is no source '{key[:40]}'.") from error


def _report(key: Source) -> SourceReport:
    return next(report for report in queries.list_sources() if report.info.key is key)
