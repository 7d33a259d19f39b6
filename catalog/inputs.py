"""What the catalog's faces accept: one reader for query strings, JSON bodies and tool arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeVar

from rest_framework import serializers

from catalog.queries import CatalogFilter, SortKey
from catalog.shapes import Category, Tier
from smartspawn.lib.errors import InvalidParam, MissingParam

Word = TypeVar("Word", Category, Tier)

MAX_LIMIT: Final = 500
DEFAULT_LIMIT: Final = 50
MAX_COMPARED: Final = 6
MIN_COMPARED: Final = 2
MAX_ID_LENGTH: Final = 200
MODEL_ID: Final = re.compile(r"~?[A-Za-z0-9._:-]+(/[A-Za-z0-9._:-]+)?")


class ModelsQuery(serializers.Serializer[CatalogFilter]):
    """GET /api/models."""

    category = serializers.ChoiceField(
        choices=[category.value for category in Category],
        required=False,
        help_text="Only models good at this.",
    )
    tier = serializers.ChoiceField(
        choices=[tier.value for tier in Tier], required=False, help_text="Only models of this price class."
    )
    sort = serializers.CharField(
        required=False,
        help_text="score (default), cost, efficiency, context, newest, name, or a category. "
        "Anything else sorts by score, and meta.notes says so.",
    )
    limit = serializers.CharField(
        required=False, help_text=f"1 to {MAX_LIMIT}, default {DEFAULT_LIMIT}; out of range is cut to fit."
    )
    offset = serializers.CharField(required=False, help_text="How many to leave out from the start; default 0.")
    search = serializers.CharField(required=False, max_length=200, help_text="Words that id or name contain.")
    candidates = serializers.BooleanField(
        required=False, help_text="true: leave out routers, batch and other entries that are never picked."
    )


def read_models_query(query: Mapping[str, str]) -> tuple[CatalogFilter, int, int, list[str]]:
    """The filter, the limit, the offset, and notes on what was not taken literally.

    Raises InvalidParam for a category or tier that does not exist.
    """
    category = _choice(query, "category", Category)
    notes: list[str] = []
    sort, sort_category = _sort(query.get("sort", "").strip(), notes)
    wanted = CatalogFilter(
        search=_search(query),
        category=category,
        tier=_choice(query, "tier", Tier),
        is_candidates_only=query.get("candidates", "").lower() in {"1", "true", "yes"},
        sort=sort,
        sort_category=sort_category,
    )
    limit = min(max(_count(query, "limit", DEFAULT_LIMIT, notes) or DEFAULT_LIMIT, 1), MAX_LIMIT)
    return wanted, limit, max(_count(query, "offset", 0, notes), 0), notes


def read_compared_ids(text: str | None) -> list[str]:
    """The ids to compare, as the client wrote them.

    Raises MissingParam without any, InvalidParam for a malformed one or a wrong number of them.
    """
    if not text or not text.strip():
        raise MissingParam("models parameter is required: two to six model ids, separated by commas")
    ids = [part.strip().removeprefix("openrouter/") for part in text.split(",") if part.strip()]
    malformed = [item for item in ids if len(item) > MAX_ID_LENGTH or not MODEL_ID.fullmatch(item)]
    if malformed:
        raise InvalidParam(f"'{malformed[0][:80]}' is not a model id such as anthropic/claude-opus-4.6")
    if not MIN_COMPARED <= len(ids) <= MAX_COMPARED:
        raise InvalidParam(f"models must name {MIN_COMPARED} to {MAX_COMPARED} models, not {len(ids)}")
    return ids


def _choice(query: Mapping[str, str], name: str, words: type[Word]) -> Word | None:
    value = query.get(name, "").strip()
    if not value:
        return None
    try:
        return words(value)
    except ValueError as error:
        raise InvalidParam(f"Invalid {name} '{value[:40]}'. Use one of: {', '.join(words)}") from error


def _sort(value: str, notes: list[str]) -> tuple[SortKey, Category | None]:
    if not value or value in set(SortKey):
        return SortKey(value or "score"), None
    if value in set(Category):
        return SortKey.SCORE, Category(value)
    notes.append(f"sort '{value[:40]}' is not known; sorted by score")
    return SortKey.SCORE, None


def _count(query: Mapping[str, str], name: str, default: int, notes: list[str]) -> int:
    """A whole number read as clients of the API expect: a leading number counts, anything else is the default."""
    value = query.get(name, "").strip()
    if not value:
        return default
    found = re.match(r"[+-]?\d{1,9}", value)
    if not found or found.group() != value:
        notes.append(f"{name} '{value[:40]}' is not a whole number; {found.group() if found else default} used")
    return int(found.group()) if found else default


def _search(query: Mapping[str, str]) -> str:
    value = query.get("search", "").strip()
    if len(value) > MAX_ID_LENGTH:
        raise InvalidParam(f"search is longer than {MAX_ID_LENGTH} characters")
    return value
