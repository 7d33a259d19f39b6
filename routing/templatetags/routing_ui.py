"""How routing's differences are written: the sign is text, colour only repeats it."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from routing.page_queries import mixed_usd_per_mtok
from routing.shapes import RankedCandidate

register = template.Library()


@register.simple_tag
def score_move(difference: float | None) -> SafeString:
    """How much better or worse, in points; nothing where it is the same."""
    if not difference:
        return SafeString("")
    return _move(f"{difference:+.1f}", is_better=difference > 0)


@register.simple_tag
def price_move(difference: Decimal | None) -> SafeString:
    """How much dearer or cheaper, in dollars per million tokens; cheaper is good."""
    if not difference:
        return SafeString("")
    size = abs(difference)
    digits = f"{size:.2f}" if size >= Decimal("0.01") else f"{size:.2g}"
    return _move(f"{'+' if difference > 0 else '-'}${digits}", is_better=difference < 0)


@register.filter
def task_usd(value: Decimal | None) -> SafeString | str:
    """What tasks cost, in cents and smaller parts of them only where those carry the value."""
    if value is None:
        return SafeString('<span class="quiet">unknown</span>')
    return f"${_dollars(value)}"


@register.simple_tag
def cost_move(difference: Decimal | None) -> SafeString:
    """How much dearer or cheaper, in dollars; cheaper is good."""
    if not difference:
        return SafeString("")
    sign = "+" if difference > 0 else "-"
    return _move(f"{sign}${_dollars(abs(difference))}", is_better=difference < 0)


@register.simple_tag
def mean_move(difference: float) -> SafeString:
    """How many points better or worse on the average; a tenth of a point counts there."""
    return _move(f"{difference:+.2f}", is_better=difference > 0)


def _dollars(value: Decimal) -> str:
    if value == 0 or abs(value) >= 1:
        return f"{value:,.2f}"
    return f"{value:.4f}".rstrip("0") if abs(value) >= Decimal("0.0001") else f"{value:.2g}"


@register.simple_tag
def mixed_price(candidate: RankedCandidate) -> SafeString:
    """Dollars per million tokens of a usual mix."""
    price = mixed_usd_per_mtok(candidate)
    if price is None:
        return SafeString('<span class="quiet">unknown</span>')
    return format_html("${}", f"{price:.2f}" if price == 0 or price >= Decimal("0.1") else f"{price:.3f}")


def _move(words: str, *, is_better: bool) -> SafeString:
    return format_html('<span class="{}">{}</span>', "up" if is_better else "down", words.replace("-", "−"))
