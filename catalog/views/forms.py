"""What the pages' forms and addresses may carry."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, TypeVar

from django.http import QueryDict
from rest_framework import serializers

from catalog.costs import MonthlyUse
from catalog.queries import CatalogFilter, SortKey
from catalog.queries.listing import CAPABILITIES
from catalog.shapes import Category, DifferenceKind, Source, Tier

# A month of more than this is a slip of units, not a plan.
MAX_MTOK: Final = 1_000_000
MAX_PAGE: Final = 100_000


class ModelsForm(serializers.Serializer[Any]):
    """Search, filters, order and page of the models table."""

    q = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")
    category = serializers.ChoiceField([str(word) for word in Category], required=False, allow_blank=True, default="")
    tier = serializers.ChoiceField([str(word) for word in Tier], required=False, allow_blank=True, default="")
    provider = serializers.CharField(required=False, allow_blank=True, max_length=100, default="")
    can = serializers.MultipleChoiceField(choices=CAPABILITIES, required=False)
    min_context = serializers.IntegerField(
        required=False, min_value=0, max_value=100_000_000, allow_null=True, default=None
    )
    max_price = serializers.DecimalField(
        required=False, min_value=0, max_value=10_000, max_digits=14, decimal_places=8, allow_null=True, default=None
    )
    every = serializers.BooleanField(required=False, default=False)
    sort = serializers.ChoiceField([str(word) for word in SortKey], required=False, default=str(SortKey.SCORE))
    reverse = serializers.BooleanField(required=False, default=False)
    page = serializers.IntegerField(required=False, min_value=1, max_value=MAX_PAGE, default=1)

    def to_filter(self) -> CatalogFilter:
        """The question that the form asks of the catalogue."""
        said = self.validated_data
        category = Category(said["category"]) if said["category"] else None
        return CatalogFilter(
            search=said["q"],
            category=category,
            tier=Tier(said["tier"]) if said["tier"] else None,
            capabilities=tuple(sorted(said.get("can") or ())),
            provider=said["provider"],
            min_context_tokens=said["min_context"],
            max_prompt_usd_per_mtok=said["max_price"],
            is_candidates_only=not said["every"],
            sort=SortKey(said["sort"]),
            sort_category=category or Category.GENERAL,
            is_reversed=said["reverse"],
        )


class CategoryForm(serializers.Serializer[Any]):
    """One category, as a tab chooses it."""

    category = serializers.ChoiceField([str(word) for word in Category], required=False, default=str(Category.GENERAL))


class MonthForm(serializers.Serializer[Any]):
    """What a reader expects to send and receive in a month."""

    prompt_mtok = serializers.DecimalField(
        required=False, min_value=0, max_value=MAX_MTOK, max_digits=14, decimal_places=4, default=Decimal(10)
    )
    completion_mtok = serializers.DecimalField(
        required=False, min_value=0, max_value=MAX_MTOK, max_digits=14, decimal_places=4, default=Decimal(2)
    )

    def to_use(self) -> MonthlyUse:
        """The month as the cost sum takes it."""
        said = self.validated_data
        return MonthlyUse(prompt_mtok=said["prompt_mtok"], completion_mtok=said["completion_mtok"])


class ChangesForm(serializers.Serializer[Any]):
    """Which differences to show."""

    kind = serializers.ChoiceField([str(word) for word in DifferenceKind], required=False, allow_blank=True, default="")
    model = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")
    revision = serializers.IntegerField(required=False, min_value=1, max_value=2**62, allow_null=True, default=None)
    before = serializers.IntegerField(required=False, min_value=1, max_value=2**62, allow_null=True, default=None)


class NamesForm(serializers.Serializer[Any]):
    """Which names of sources to show."""

    source = serializers.ChoiceField(  # type: ignore[assignment]  # declared fields leave the class: no clash
        [str(word) for word in Source], required=False, allow_blank=True, default=""
    )
    q = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")
    page = serializers.IntegerField(required=False, min_value=1, max_value=MAX_PAGE, default=1)


FormT = TypeVar("FormT", bound="serializers.Serializer[Any]")


def read_form(form_class: type[FormT], data: QueryDict) -> tuple[FormT, dict[str, list[str]]]:
    """The validated form and what is wrong with it; fields in error fall back to their defaults."""
    form = form_class(data=data)
    if form.is_valid():
        return form, {}
    errors = {name: [str(error) for error in found] for name, found in form.errors.items()}
    kept = data.copy()
    for name in errors:
        kept.pop(name, None)
    fallback = form_class(data=kept)
    fallback.is_valid(raise_exception=True)
    return fallback, errors
