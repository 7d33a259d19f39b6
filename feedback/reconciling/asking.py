"""What is asked of reconciliation: a look at spend, as far as bills are known by it."""

from __future__ import annotations

from feedback.reconciling.reconcile import SAMPLE_CALLS, Reconciliation, reconcile
from feedback.spend.shapes import Look
from runs.spend.bills import KNOWN_DIMENSIONS, bills_by_day, list_bills, list_compared
from smartspawn.lib.errors import InvalidParam


def reconcile_look(look: Look) -> Reconciliation:
    """Our figures against the providers' for this look. Raises InvalidParam for what bills do not know."""
    unknown = [name.value for name, _ in look.shown_filters if name not in KNOWN_DIMENSIONS]
    if unknown:
        known = ", ".join(KNOWN_DIMENSIONS)
        raise InvalidParam(f"{unknown[0]}: bills can be narrowed down by {known} alone. Leave it out.")
    days = bills_by_day(look.part, look.period)
    sample = list_compared(look.part, days, most=SAMPLE_CALLS)
    return reconcile(list_bills(look.part, look.period), days, sample)
