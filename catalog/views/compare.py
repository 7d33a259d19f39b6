"""Two to six models side by side, with what a month of use would cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from catalog import queries
from catalog.charts import compare_figure
from catalog.costs import MonthlyUse, monthly_cost_usd
from catalog.shapes import Category, CategoryScore, Entry
from catalog.views.forms import MonthForm, read_form
from catalog.views.links import link
from smartspawn.access.gates import requires_role
from smartspawn.access.shapes import Role

MIN_MODELS: Final = 2
MAX_MODELS: Final = 6
MAX_ID_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Compared:
    """One column of the comparison."""

    entry: Entry
    monthly_usd: Decimal | None
    without_url: str


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One category across the compared models; the best value is marked."""

    category: Category
    cells: tuple[tuple[Entry, CategoryScore | None], ...]

    @property
    def best_value(self) -> float | None:
        """The highest score of the row."""
        return max((score.value for _, score in self.cells if score), default=None)


@dataclass(frozen=True, slots=True)
class Unknown:
    """An asked id that the catalogue does not have, and what it may have meant."""

    model_id: str
    similar: tuple[str, ...]


@requires_role(Role.VIEWER)
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """The comparison; ids sent one by one are gathered into the one address that can be passed on."""
    asked = _asked_ids(request.GET.getlist("models"))
    form, errors = read_form(MonthForm, request.GET)
    use = form.to_use()
    if len(request.GET.getlist("models")) > 1:
        return HttpResponseRedirect(_address(asked, use))
    entries_by_id = queries.entries_by_id()
    found = [entries_by_id[model_id] for model_id in asked if model_id in entries_by_id]
    shown = found[:MAX_MODELS]
    context = {
        "compared": [_column(entry, shown, use) for entry in shown],
        "is_enough": len(shown) >= MIN_MODELS,
        "left_out": found[MAX_MODELS:],
        "unknown": [_unknown(model_id, entries_by_id) for model_id in asked if model_id not in entries_by_id],
        "score_rows": _score_rows(shown),
        "figure": compare_figure(shown) if len(shown) >= MIN_MODELS else None,
        "use": use,
        "errors": errors,
        "all_ids": list(entries_by_id),
        "max_models": MAX_MODELS,
    }
    return TemplateResponse(request, "catalog/compare.html", context, status=422 if errors else 200)


def _asked_ids(values: Sequence[str]) -> list[str]:
    """The ids in the order given, each once; a list may stand in one value or in several."""
    ids = [part.strip()[:MAX_ID_LENGTH] for value in values for part in value.split(",")]
    return list(dict.fromkeys(model_id for model_id in ids if model_id))[: 4 * MAX_MODELS]


def _address(model_ids: Sequence[str], use: MonthlyUse) -> str:
    return link(
        reverse("catalog:compare"),
        {
            "models": ",".join(model_ids),
            "prompt_mtok": f"{use.prompt_mtok.normalize():f}" if use != MonthlyUse() else None,
            "completion_mtok": f"{use.completion_mtok.normalize():f}" if use != MonthlyUse() else None,
        },
    )


def _column(entry: Entry, shown: Sequence[Entry], use: MonthlyUse) -> Compared:
    others = [other.facts.model_id for other in shown if other is not entry]
    return Compared(
        entry=entry,
        monthly_usd=monthly_cost_usd(entry.facts.pricing, use),
        without_url=_address(others, use),
    )


def _score_rows(entries: Sequence[Entry]) -> list[ScoreRow]:
    rows = [
        ScoreRow(category=category, cells=tuple((entry, entry.scores.get(category)) for entry in entries))
        for category in Category
    ]
    return [row for row in rows if row.best_value is not None]


def _unknown(model_id: str, known: Mapping[str, Entry]) -> Unknown:
    return Unknown(model_id=model_id, similar=tuple(get_close_matches(model_id, known, n=3, cutoff=0.5)))
