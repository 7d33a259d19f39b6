"""Names of sources that found no model."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from catalog import queries
from catalog.queries.names import NAMES_PER_PAGE
from catalog.shapes import Source
from catalog.views.forms import NamesForm, read_form
from catalog.views.links import Tab, link, pager
from catalog.views.posting import posted_alias, save_alias
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role
from smartspawn.lib.errors import BadInput


@requires_role(Role.VIEWER)
@require_safe
def unmatched(request: HttpRequest) -> HttpResponse:
    """The names that wait, each with suggestions."""
    form, errors = read_form(NamesForm, request.GET)
    said = form.validated_data
    source = Source(said["source"]) if said["source"] else None
    page = queries.list_unmatched(source=source, search=said["q"], page=said["page"])
    path = reverse("catalog:unmatched")
    context = {
        "page": page,
        "said": said,
        "errors": errors,
        "tabs": [
            Tab(
                label=f"every source ({sum(page.counts.values())})",
                url=link(path, {"q": said["q"]}),
                is_current=source is None,
            ),
            *(
                Tab(label=f"{key} ({count})", url=link(path, {"q": said["q"], "source": key}), is_current=source is key)
                for key, count in page.counts.items()
            ),
        ],
        "pager": pager(
            path,
            {"q": said["q"], "source": said["source"]},
            noun="names",
            page=page.page,
            page_size=NAMES_PER_PAGE,
            total=page.filtered_count,
        ),
    }
    return TemplateResponse(request, "catalog/unmatched.html", context, status=422 if errors else 200)


@requires_role(Role.ADMIN)
@require_POST
def settle(request: ActorRequest) -> HttpResponse:
    """Say what a waiting name means, and go on with the next one."""
    alias = posted_alias(request)
    try:
        save_alias(request, alias)
    except BadInput as refusal:
        messages.error(request, refusal.message)
        return redirect("catalog:unmatched")
    messages.success(request, f"{alias.name} is {alias.model_id or 'not listed'} from now on.")
    return redirect("catalog:unmatched")


@requires_role(Role.ADMIN)
@require_POST
def settle_part(request: ActorRequest) -> HttpResponse:
    """Say what a waiting name means; the answer replaces its row."""
    alias = posted_alias(request)
    try:
        row = save_alias(request, alias)
    except BadInput as refusal:
        return TemplateResponse(
            request, "catalog/_settled_name.html", {"alias": alias, "refusal": refusal.message}, status=422
        )
    return TemplateResponse(request, "catalog/_settled_name.html", {"alias": alias, "alias_id": row.pk})
