"""How the pages draw a cap and what is used of it."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from runs.ledger.caps import CapLine
from runs.money import format_usd

register = template.Library()
_WIDTH = 100


@register.filter
def dollars(nano_usd: int | None) -> str:
    """An amount for people; what has no limit says so."""
    return "no limit" if nano_usd is None else format_usd(nano_usd)


@register.simple_tag
def cap_bar(line: CapLine) -> SafeString:
    """A cap as a track: full what is spent, faint what is set aside, empty what is free; nothing without a cap."""
    if line.cap_nano_usd is None:
        return SafeString("")
    spent, used = round(line.spent_share * _WIDTH), round(line.used_share * _WIDTH)
    return format_html(
        '<svg class="cap-bar{}" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="track" width="100" height="10"/><rect class="held" width="{}" height="10"/>'
        '<rect class="fill" width="{}" height="10"/></svg>',
        " cap-bar--full" if line.is_used_up else "",
        f"{line.spent_share:.0%} spent, {line.used_share - line.spent_share:.0%} set aside",
        used,
        spent,
    )
