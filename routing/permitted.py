"""Whether a model that was asked for by name may be used by who asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from catalog.queries import find_entry
from catalog.shapes import Budget, Category
from routing.adjustments import find_mark
from routing.features import given_category
from routing.filters import filters_of
from routing.limits import read_limits, scopes_of
from routing.shapes import Features, Limits
from smartspawn.access.shapes import Actor

_NO_NEEDS: Final = Features(
    task="", classification=given_category(Category.GENERAL), category=Category.GENERAL, is_category_given=True
)
_ABOUT_BUDGET: Final = "budget"  # a price range is a wish in choosing, and none was uttered here


def limits_of(actor: Actor) -> Limits:
    """What site, person and key allow now, merged."""
    return read_limits(find_mark(), scopes_of(actor))


def why_refused(model_id: str, actor: Actor) -> str:
    """Why this model may not be used by this caller; "" where it may.

    A model that the catalogue does not know cannot be shown to be of an allowed provider, or moderated.
    """
    limits = replace(limits_of(actor), budget=Budget.ANY)
    entry = find_entry(model_id)
    if entry is None:
        is_listed = not limits.allow_models or model_id in limits.allow_models
        is_unproven = limits.is_moderated_only or bool(limits.allow_providers)
        is_fine = is_listed and model_id not in limits.deny_models and not is_unproven
        return "" if is_fine else f"{model_id} is not allowed here."
    hits = [item for item in filters_of(_NO_NEEDS, limits) if item.name != _ABOUT_BUDGET and not item.passes(entry)]
    return f"{model_id} is not allowed here: {', '.join(item.reason for item in hits)}." if hits else ""
