"""The models table: search, filter, sort, page; as a page, as a part, as a download."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_htmx.http import push_url

from catalog import queries
from catalog.downloads import models_csv
from catalog.presenters import model_payload
from catalog.queries import CatalogFilter, EntryPage, SortKey
from catalog.queries.listing import PAGE_SIZE, spell
from catalog.shapes import Category, Tier
from catalog.views.forms import ModelsForm, read_form
from catalog.views.links import Pager, link, pager
from smartspawn.access.gates import requires_role
from smartspawn.access.shapes import Role
from smartspawn.lib.errors import InvalidParam, NotFound

CONTEXT_CHOICES: Final = (
    ("", "any"),
    ("32000", "32k or more"),
    ("128000", "128k or more"),
    ("200000", "200k or more"),
    ("400000", "400k or more"),
    ("1000000", "1M or more"),
)
CAPABILITY_WORDS: Final = (
    ("functionCalling", "calls functions"),
    ("json", "answers in JSON"),
    ("reasoning", "reasons"),
    ("vision", "sees images"),
)
# Small numbers come first only where a reader looks for the small ones.
_RISING: Final = frozenset({SortKey.NAME, SortKey.COST})


_EVERYTHING: Final = CatalogFilter(is_candidates_only=True, sort_category=Category.GENERAL)


@dataclass(frozen=True, slots=True)
class Column:
    """One heading of the table; the address sorts by it, or turns the order round."""

    label: str
    url: str
    direction: str
    is_number: bool = True
    css: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """All that the models table shows."""

    wanted: CatalogFilter
    page: EntryPage
    columns: tuple[Column, ...]
    pager: Pager
    url: str
    csv_url: str
    json_url: str
    picked: tuple[str, ...]  # ids ticked for comparison, kept while the table changes
    errors: dict[str, list[str]]

    @property
    def category(self) -> Category:
        """The category whose score stands in the table."""
        return self.wanted.sort_category or Category.GENERAL

    @property
    def has_filters(self) -> bool:
        """Whether anything but the search narrows the list."""
        return replace(self.wanted, search="", sort=SortKey.SCORE, is_reversed=False) != _EVERYTHING

    @property
    def context_value(self) -> str:
        """The context limit as the select's options write it."""
        limit = self.wanted.min_context_tokens
        return "" if limit is None else str(limit)

    @property
    def price_value(self) -> str:
        """The price limit as the field writes it."""
        return _plain(self.wanted.max_prompt_usd_per_mtok)

    @property
    def meant(self) -> str:
        """What may have been meant by a search that finds nothing."""
        search = self.wanted.search
        return spell(search) if search and not self.page.filtered_count else ""

    @property
    def meant_url(self) -> str:
        """Where that is looked for among all models."""
        return link(reverse("catalog:models"), {"q": self.meant})

    @property
    def picked_elsewhere(self) -> tuple[str, ...]:
        """The ticked ids whose rows are not in sight."""
        shown = {entry.facts.model_id for entry in self.page.entries}
        return tuple(model_id for model_id in self.picked if model_id not in shown)


@requires_role(Role.VIEWER)
@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """The models table with its filters."""
    return _render(request, "catalog/models.html", _listing(request.GET))


@requires_role(Role.VIEWER)
@require_safe
def models_results(request: HttpRequest) -> HttpResponse:
    """The table alone, for a page that is already there; its address becomes the page's."""
    listing = _listing(request.GET)
    return push_url(_render(request, "catalog/_models_results.html", listing), listing.url)


@requires_role(Role.VIEWER)
@require_safe
def models_download(request: HttpRequest, kind: str) -> HttpResponse:
    """Every row that the filters find, as CSV or JSON. Raises InvalidParam for a filter that there is not."""
    if kind not in ("csv", "json"):
        raise NotFound("The table can be had as CSV and as JSON.")
    form, errors = read_form(ModelsForm, request.GET)
    if errors:  # a file cannot say beside its rows what was left out
        name, (fault, *_) = next(iter(errors.items()))
        raise InvalidParam(f"{name}: {fault}")
    wanted = form.to_filter()
    found = queries.rank(queries.current_snapshot().entries, wanted)
    if kind == "csv":
        response = HttpResponse(
            models_csv(found, wanted.sort_category or Category.GENERAL), content_type="text/csv; charset=utf-8"
        )
    else:
        response = JsonResponse({"data": [model_payload(entry) for entry in found]})
    response.headers["Content-Disposition"] = f'attachment; filename="models.{kind}"'
    return response


def _render(request: HttpRequest, template: str, listing: Listing) -> HttpResponse:
    context = {
        "listing": listing,
        "categories": [("", "any task"), *((word, str(word)) for word in Category)],
        "tiers": [("", "any"), *((word, word) for word in Tier)],
        "providers": [("", "any"), *((key, f"{key} ({count})") for key, count in queries.list_providers().items())],
        "contexts": CONTEXT_CHOICES,
        "capabilities": CAPABILITY_WORDS,
    }
    return TemplateResponse(request, template, context, status=422 if listing.errors else 200)


def _listing(data: QueryDict) -> Listing:
    form, errors = read_form(ModelsForm, data)
    wanted = form.to_filter()
    page = queries.list_entries(wanted, page=form.validated_data["page"])
    params = _params(wanted)
    path = reverse("catalog:models")
    return Listing(
        wanted=wanted,
        page=page,
        columns=_columns(wanted),
        pager=pager(path, params, noun="models", page=page.page, page_size=PAGE_SIZE, total=page.filtered_count),
        url=link(path, {**params, "page": page.page if page.page > 1 else None}),
        csv_url=link(reverse("catalog:models-download", args=["csv"]), params),
        json_url=link(reverse("catalog:models-download", args=["json"]), params),
        picked=tuple(dict.fromkeys(model_id for model_id in data.getlist("models") if model_id))[:6],
        errors=errors,
    )


def _params(wanted: CatalogFilter) -> dict[str, Any]:
    """The filter as an address carries it; what is as by default is left out."""
    return {
        "q": wanted.search,
        "category": wanted.category,
        "tier": wanted.tier,
        "provider": wanted.provider,
        "can": wanted.capabilities,
        "min_context": wanted.min_context_tokens,
        "max_price": _plain(wanted.max_prompt_usd_per_mtok),
        "every": None if wanted.is_candidates_only else "on",
        "sort": None if wanted.sort == SortKey.SCORE else wanted.sort,
        "reverse": "on" if wanted.is_reversed else None,
    }


def _columns(wanted: CatalogFilter) -> tuple[Column, ...]:
    category = str(wanted.sort_category or Category.GENERAL)
    return (
        _column(wanted, SortKey.NAME, "Model", is_number=False),
        Column("Tier", "", "", is_number=False, css="from-md"),
        Column("Can", "", "", is_number=False, css="from-lg"),
        _column(wanted, SortKey.NEWEST, "Released", css="from-lg"),
        _column(wanted, SortKey.CONTEXT, "Context", css="from-md"),
        _column(wanted, SortKey.COST, "In $/M"),
        Column("Out $/M", "", "", css="from-md"),
        _column(wanted, SortKey.SCORE, f"Score, {category}", is_number=False),
        Column("Measured", "", "", is_number=False, css="from-md"),
        _column(wanted, SortKey.EFFICIENCY, "Score per $", css="from-md"),
    )


def _column(wanted: CatalogFilter, key: SortKey, label: str, *, is_number: bool = True, css: str = "") -> Column:
    is_current = wanted.sort == key
    flipped = replace(wanted, sort=key, is_reversed=is_current and not wanted.is_reversed)
    is_rising = (key in _RISING) != wanted.is_reversed
    return Column(
        label=label,
        url=link(reverse("catalog:models"), _params(flipped)),
        direction=("ascending" if is_rising else "descending") if is_current else "",
        is_number=is_number,
        css=css,
    )


def _plain(limit: Decimal | None) -> str:
    return "" if limit is None else f"{limit.normalize():f}"
