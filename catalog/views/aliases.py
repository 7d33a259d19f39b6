"""The admins' words on names of sources."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from catalog import queries
from catalog.corrections import remove_alias, set_aliases
from catalog.matching import dump_aliases, parse_aliases
from catalog.shapes import Alias
from catalog.views.posting import SOURCE_CHOICES, posted_alias, rebuild, save_alias
from catalog.views.uploads import uploaded_text
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.lib.errors import BadInput, NotFound


@requires_role(Role.VIEWER)
@require_safe
def aliases(request: ActorRequest) -> HttpResponse:
    """The aliases made here, and a form for one more."""
    return _page(request)


@requires_role(Role.ADMIN)
@require_POST
def alias_save(request: ActorRequest) -> HttpResponse:
    """Add an alias, or replace the word on the same name."""
    alias = posted_alias(request)
    try:
        save_alias(request, alias)
    except BadInput as refusal:
        return _page(request, posted=alias, refusal=refusal.message)
    messages.success(request, f"{alias.name} is {alias.model_id or 'not listed'} from now on.")
    return redirect("catalog:aliases")


@requires_role(Role.VIEWER)
@require_safe
def alias(request: ActorRequest, alias_id: int) -> HttpResponse:
    """One alias, to change or remove."""
    report = queries.find_alias(alias_id)
    if report is None:
        raise NotFound("This alias does not exist any more.")
    context = {"report": report, "source_choices": SOURCE_CHOICES, "all_ids": list(queries.entries_by_id())}
    return TemplateResponse(request, "catalog/alias.html", context)


@requires_role(Role.ADMIN)
@require_POST
def alias_remove(request: ActorRequest, alias_id: int) -> HttpResponse:
    """Take an alias back."""
    remove_alias(actor=request.actor, alias_id=alias_id, why=request.POST.get("why", ""))
    rebuild(request, trigger="alias removed")
    messages.success(request, "The alias is gone; the name is matched by the rules again.")
    return redirect("catalog:aliases")


@requires_role(Role.ADMIN)
@require_POST
def aliases_import(request: ActorRequest) -> HttpResponse:
    """Take over a YAML file of aliases, all or nothing."""
    try:
        count = set_aliases(actor=request.actor, aliases=parse_aliases(uploaded_text(request)))
    except BadInput as refusal:
        return _page(request, import_refusal=refusal.message)
    rebuild(request, trigger="aliases imported")
    messages.success(request, f"{count} aliases taken over.")
    return redirect("catalog:aliases")


@requires_role(Role.VIEWER)
@require_safe
def aliases_export(_request: ActorRequest) -> HttpResponse:
    """The aliases as YAML, as the import reads them."""
    text = dump_aliases([report.alias for report in queries.list_aliases()])
    headers = {"Content-Disposition": 'attachment; filename="aliases.yaml"'}
    return HttpResponse(text, content_type="application/yaml; charset=utf-8", headers=headers)


def _page(
    request: ActorRequest, *, posted: Alias | None = None, refusal: str = "", import_refusal: str = ""
) -> HttpResponse:
    search = request.GET.get("q", "")[:200]
    context = {
        "reports": queries.list_aliases(search=search),
        "search": search,
        "posted": posted or _named_in_address(request),
        "refusal": refusal,
        "import_refusal": import_refusal,
        "source_choices": SOURCE_CHOICES,
        "all_ids": list(queries.entries_by_id()),
    }
    return TemplateResponse(request, "catalog/aliases.html", context, status=422 if refusal or import_refusal else 200)


def _named_in_address(request: ActorRequest) -> Alias:
    """What another page already knew of the alias to be made."""
    return Alias(source=request.GET.get("source", "")[:32], name=request.GET.get("name", "")[:300], model_id="")
