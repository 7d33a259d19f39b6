"""The time machine's pages: what the last refresh changed, and what an override would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_safe

from catalog.override_fields import OVERRIDE_FIELDS
from catalog.queries import KeptRevision, find_current_snapshot, find_override, list_held_back, list_kept_revisions
from catalog.shapes import Override
from catalog.sources import find_source
from routing.past_decisions import DEFAULT_COUNT
from routing.policy_inputs import read_count, read_override_wish, read_revision, read_source
from routing.time_machine import Comparison
from routing.views.policy import REPLAY_CHOICES
from routing.what_if import choose_revisions, compare_snapshots, what_if_believed, what_if_override, what_if_removed
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Actor, Role
from smartspawn.lib.errors import BadInput, NotFound, SourceFault

_FIELDS: Final = tuple((field, field) for field in OVERRIDE_FIELDS)


@requires_role(Role.VIEWER)
@require_safe
def snapshots(request: ActorRequest) -> HttpResponse:
    """Two snapshots to compare, at first those of the last refresh; the comparison follows as a part."""
    kept, said = list_kept_revisions(), request.GET
    context: dict[str, Any] = {
        "snapshot": find_current_snapshot(),
        "revisions": [(str(item.revision), f"{item.revision}: {item.published_at:%Y-%m-%d %H:%M}") for item in kept],
        "replay_choices": REPLAY_CHOICES,
        "count": said.get("count", "") or str(DEFAULT_COUNT),
        "is_admin": request.actor.has_role(Role.ADMIN),
        "held_back": sorted(list_held_back()),
    }
    try:
        context |= _wanted(request, kept) if kept else {}
    except BadInput as refusal:
        return TemplateResponse(request, "routing/what_if.html", {**context, "refusal": refusal.message}, status=422)
    if kept and said.get("now"):  # for browsers that load no parts
        context |= _compared(request, context)
    return TemplateResponse(request, "routing/what_if.html", context)


@requires_role(Role.VIEWER)
@require_safe
def snapshots_part(request: ActorRequest) -> HttpResponse:
    """The comparison alone."""
    try:
        wanted = _wanted(request, None)
    except (BadInput, NotFound) as refusal:
        context = {"refusal": refusal.message}
        return TemplateResponse(request, "routing/_what_if_found.html", context, status=422)
    return TemplateResponse(request, "routing/_what_if_found.html", {**wanted, **_compared(request, wanted)})


@requires_role(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def override(request: ActorRequest) -> HttpResponse:
    """The newest decisions with an override counted, or with one taken back, before anything is saved."""
    said = request.POST if request.method == "POST" else request.GET
    removed, snapshot = _removed(said.get("remove", "")), find_current_snapshot()
    wanted = removed or _wished(request)
    context: dict[str, Any] = {
        "snapshot": snapshot,
        "wanted": wanted,
        "is_removal": removed is not None,
        "override_id": said.get("remove", ""),
        "fields": _FIELDS,
        "all_ids": [entry.facts.model_id for entry in snapshot.entries] if snapshot else [],
        "replay_choices": REPLAY_CHOICES,
        "count": said.get("count", "") or str(DEFAULT_COUNT),
    }
    if not (removed or any((wanted.model_id, wanted.value))):
        return TemplateResponse(request, "routing/what_if_override.html", context)
    try:
        context["found"] = _tried(wanted, request.actor, said.get("count", ""), is_removal=removed is not None)
    except (BadInput, SourceFault) as refusal:
        context["refusal"] = refusal.message
        return TemplateResponse(request, "routing/what_if_override.html", context, status=422)
    return TemplateResponse(request, "routing/what_if_override.html", context)


@requires_role(Role.ADMIN)
@require_safe
def held_back(request: ActorRequest, key: str) -> HttpResponse:
    """The newest decisions with the answer of a source that was not believed."""
    source, said = read_source(key), request.GET
    context: dict[str, Any] = {
        "snapshot": find_current_snapshot(),
        "info": find_source(source).INFO,
        "replay_choices": REPLAY_CHOICES,
        "count": said.get("count", "") or str(DEFAULT_COUNT),
    }
    try:
        context["found"] = what_if_believed(source, actor=request.actor, count=read_count(said.get("count")))
    except (BadInput, SourceFault) as refusal:
        context["refusal"] = refusal.message
        return TemplateResponse(request, "routing/what_if_held_back.html", context, status=422)
    return TemplateResponse(request, "routing/what_if_held_back.html", context)


def _wanted(request: ActorRequest, kept: Sequence[KeptRevision] | None) -> dict[str, Any]:
    said = request.GET
    before, after = choose_revisions(
        before=read_revision(said.get("before"), "before"), after=read_revision(said.get("after"), "after"), kept=kept
    )
    return {"before": str(before), "after": str(after), "wanted_count": read_count(said.get("count"))}


def _compared(request: ActorRequest, wanted: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = compare_snapshots(
            before=int(wanted["before"]),
            after=int(wanted["after"]),
            actor=request.actor,
            count=wanted["wanted_count"],
        )
    except NotFound as refusal:
        return {"refusal": refusal.message}
    return {"found": found}


def _tried(wanted: Override, actor: Actor, count: str, *, is_removal: bool) -> Comparison:
    if is_removal:
        return what_if_removed(wanted, actor=actor, count=read_count(count))
    said = {"model": wanted.model_id, "field": wanted.field, "value": wanted.value}
    return what_if_override(read_override_wish(said), actor=actor, count=read_count(count))


def _removed(override_id: str) -> Override | None:
    """The override that would be taken back. Raises NotFound where it does not exist any more."""
    if not override_id:
        return None
    is_number = override_id.isascii() and override_id.isdigit() and len(override_id) < 16
    report = find_override(int(override_id)) if is_number else None
    if report is None:
        raise NotFound("This override does not exist any more.")
    return report.override


def _wished(request: HttpRequest) -> Override:
    """The override as the form, or the address, says it."""
    said = request.POST if request.method == "POST" else request.GET
    return Override(
        model_id=said.get("model_id", "").strip()[:200],
        field=said.get("field", ""),
        value=said.get("value", "").strip()[:200],
        why=said.get("why", "").strip()[:500],
    )
