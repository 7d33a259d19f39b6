"""What moved between snapshots."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from catalog import queries
from catalog.shapes import DifferenceKind
from catalog.views.forms import ChangesForm, read_form
from catalog.views.links import Tab, link
from smartspawn.access.gates import requires_role
from smartspawn.access.shapes import Role

KIND_WORDS = {
    DifferenceKind.ADDED: "added",
    DifferenceKind.REMOVED: "removed",
    DifferenceKind.PRICE: "prices",
    DifferenceKind.LIMIT: "limits",
    DifferenceKind.SCORE: "scores",
}


@requires_role(Role.VIEWER)
@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    """The differences, newest first, by kind, model and revision."""
    form, errors = read_form(ChangesForm, request.GET)
    said = form.validated_data
    kind = DifferenceKind(said["kind"]) if said["kind"] else None
    page = queries.list_changes(revision=said["revision"], kind=kind, model_id=said["model"], before=said["before"])
    path = reverse("catalog:changes")
    state = {"model": said["model"], "revision": said["revision"]}
    context = {
        "page": page,
        "sets": queries.list_change_sets(limit=12),
        "kind": kind,
        "said": said,
        "errors": errors,
        "tabs": [
            Tab(label="everything", url=link(path, state), is_current=kind is None),
            *(
                Tab(label=words, url=link(path, {**state, "kind": word}), is_current=kind is word)
                for word, words in KIND_WORDS.items()
            ),
        ],
        "older_url": link(path, {**state, "kind": kind, "before": page.next_before}) if page.next_before else "",
    }
    return TemplateResponse(request, "catalog/changes.html", context, status=422 if errors else 200)
