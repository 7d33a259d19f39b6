"""How the page of what trying others brought writes differences and costs."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.templatetags.catalog_ui import usd
from feedback.exploring.shapes import Cell, Mean
from runs.money import NANO_PER_USD

register = template.Library()


@register.filter
def points(share: float) -> str:
    """A difference of two rates in percentage points, with its sign."""
    whole = round(100 * share)
    return f"{whole:+d}".replace("-", "−") if whole else "0"


@register.filter
def signed_usd(amount: Decimal) -> str:
    """Dollars that may be saved, with their sign."""
    sign = "−" if amount < 0 else "+" if amount else ""
    return f"{sign}{usd(abs(amount))}"


@register.simple_tag
def mean_cost(cost: Mean | None) -> SafeString:
    """A mean cost with its interval and of how many picks."""
    if cost is None:
        return SafeString('<span class="quiet">not measured</span>')
    if cost.lower is None or cost.upper is None:
        return format_html('{}<span class="under">of one pick</span>', _usd(cost.value))
    bounds = f"{_usd(max(cost.lower, 0.0))} to {_usd(cost.upper)}"
    return format_html('{}<span class="under">{}, {} picks</span>', _usd(cost.value), bounds, cost.count)


@register.simple_tag
def cost_difference(cell: Cell) -> SafeString:
    """What a tried pick cost beyond one of the leader, where both were measured; else what was expected."""
    tried, leader = cell.tried.cost, cell.leader.cost
    if tried is not None and leader is not None:
        amount, words = tried.value - leader.value, "a pick, measured"
    else:
        amount, words = cell.expected_extra_nano_usd / cell.pick_count, "a pick, expected"
    return format_html(
        '<span class="under from-md">{} {}</span>', signed_usd(Decimal(round(amount)) / NANO_PER_USD), words
    )


def _usd(nano_usd: float) -> str:
    return str(usd(Decimal(round(nano_usd)) / NANO_PER_USD))
