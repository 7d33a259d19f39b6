"""The admins' corrections of single numbers."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from catalog import queries
from catalog.corrections import remove_override, set_override, set_overrides
from catalog.override_fields import OVERRIDE_FIELDS, dump_overrides, parse_overrides
from catalog.shapes import Override
from catalog.views.posting import check_listed, rebuild
from catalog.views.uploads import uploaded_text
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.lib.errors import BadInput, NotFound


@requires_role(Role.VIEWER)
@require_safe
def overrides(request: ActorRequest) -> HttpResponse:
    """The overrides made here, and a form for one more; a model may be named in the address."""
    return _page(request)


@requires_role(Role.ADMIN)
@require_POST
def override_save(request: ActorRequest) -> HttpResponse:
    """Add an override, or replace the one of the same model and field."""
    posted = _posted_override(request)
    try:
        check_listed(posted.model_id)
        set_override(actor=request.actor, override=posted)
    except BadInput as refusal:
        return _page(request, posted=posted, refusal=refusal.message)
    rebuild(request, trigger=f"override: {posted.model_id} {posted.field}")
    messages.success(request, f"{posted.field} of {posted.model_id} is {posted.value} from now on.")
    return redirect("catalog:overrides")


@requires_role(Role.VIEWER)
@require_safe
def override(request: ActorRequest, override_id: int) -> HttpResponse:
    """One override, to change or remove."""
    report = queries.find_override(override_id)
    if report is None:
        raise NotFound("This override does not exist any more.")
    context = {"report": report, "fields": _FIELD_CHOICES, "all_ids": list(queries.entries_by_id())}
    return TemplateResponse(request, "catalog/override.html", context)


@requires_role(Role.ADMIN)
@require_POST
def override_remove(request: ActorRequest, override_id: int) -> HttpResponse:
    """Take an override back."""
    remove_override(actor=request.actor, override_id=override_id, why=request.POST.get("why", ""))
    rebuild(request, trigger="override removed")
    messages.success(request, "The override is gone; the sources speak again.")
    return redirect("catalog:overrides")


@requires_role(Role.ADMIN)
@require_POST
def overrides_import(request: ActorRequest) -> HttpResponse:
    """Take over a YAML file of overrides, all or nothing."""
    try:
        count = set_overrides(actor=request.actor, overrides=parse_overrides(uploaded_text(request)))
    except BadInput as refusal:
        return _page(request, import_refusal=refusal.message)
    rebuild(request, trigger="overrides imported")
    messages.success(request, f"{count} overrides taken over.")
    return redirect("catalog:overrides")


@requires_role(Role.VIEWER)
@require_safe
def overrides_export(_request: ActorRequest) -> HttpResponse:
    """The overrides as YAML, as the import reads them."""
    text = dump_overrides([report.override for report in queries.list_overrides()])
    headers = {"Content-Disposition": 'attachment; filename="overrides.yaml"'}
    return HttpResponse(text, content_type="application/yaml; charset=utf-8", headers=headers)


_FIELD_CHOICES = tuple((field, field) for field in OVERRIDE_FIELDS)


def _page(
    request: ActorRequest, *, posted: Override | None = None, refusal: str = "", import_refusal: str = ""
) -> HttpResponse:
    model_id = request.GET.get("model", "")[:200]
    context = {
        "reports": queries.list_overrides(model_id=model_id),
        "model_id": model_id,
        "posted": posted or Override(model_id=model_id, field=request.GET.get("field", ""), value=""),
        "refusal": refusal,
        "import_refusal": import_refusal,
        "fields": _FIELD_CHOICES,
        "all_ids": list(queries.entries_by_id()),
    }
    return TemplateResponse(
        request, "catalog/overrides.html", context, status=422 if refusal or import_refusal else 200
    )


def _posted_override(request: ActorRequest) -> Override:
    said = request.POST
    return Override(
        model_id=said.get("model_id", "").strip(),
        field=said.get("field", ""),
        value=said.get("value", ""),
        why=said.get("why", ""),
    )
