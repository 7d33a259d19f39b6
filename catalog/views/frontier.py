"""Price against quality, per category."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from catalog import queries
from catalog.charts import frontier_figure
from catalog.frontier import pareto_frontier, priced_scores
from catalog.shapes import Category
from catalog.views.forms import CategoryForm, read_form
from catalog.views.links import Tab, link
from smartspawn.access.gates import requires_role
from smartspawn.access.shapes import Role


@requires_role(Role.VIEWER)
@require_safe
def frontier(request: HttpRequest) -> HttpResponse:
    """The scatter of a category, its Pareto line, and the models on it."""
    form, errors = read_form(CategoryForm, request.GET)
    category = Category(form.validated_data["category"])
    points = priced_scores(queries.current_snapshot().entries, category)
    best = pareto_frontier(points)
    context = {
        "category": category,
        "tabs": _tabs(category),
        "points": points,
        "frontier": best,
        "figure": frontier_figure(points, best),
        "errors": errors,
    }
    return TemplateResponse(request, "catalog/frontier.html", context, status=422 if errors else 200)


def _tabs(current: Category) -> list[Tab]:
    path = reverse("catalog:frontier")
    return [
        Tab(label=str(category), url=link(path, {"category": category}), is_current=category is current)
        for category in Category
    ]
