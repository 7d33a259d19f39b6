"""How the pages of spend write amounts, moves and days."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from feedback.spend.charts import bar_label
from feedback.spend.shapes import BASELINE_TITLES, BaselineKey, change_of
from runs.money import format_usd, to_usd
from runs.spend.shapes import Period

register = template.Library()
_UNKNOWN = SafeString('<span class="quiet">unknown</span>')


@register.filter
def nanos(nano_usd: float | None) -> SafeString | str:
    """Nano-dollars that may have a fraction, such as a mean."""
    return _UNKNOWN if nano_usd is None else format_usd(round(nano_usd))


@register.filter
def share(value: float | None) -> SafeString | str:
    """A share as a per cent, with a decimal where whole ones would say 0."""
    if value is None:
        return _UNKNOWN
    return f"{value:.1%}" if 0 < abs(value) < 0.1 else f"{value:.0%}"


@register.simple_tag
def moved(change: float | None) -> SafeString:
    """By how much an amount grew or fell; spending more is nothing good or bad by itself, so it has no colour."""
    if change is None:
        return SafeString('<span class="quiet" title="nothing before to compare with">new</span>')
    if change > 9.995:  # beyond, per cents are hard to read
        return format_html("× {}", f"{change + 1:,.0f}")
    return format_html("{}", f"{change:+.0%}".replace("-", "−"))


@register.simple_tag
def moved_between(now: int, before: int) -> SafeString:
    """The same, from the two amounts."""
    return moved(change_of(now, before)) if now or before else SafeString('<span class="quiet">none</span>')


@register.simple_tag
def share_bar(value: float | None) -> SafeString:
    """A share of the whole as a bar with its per cent."""
    if value is None:
        return SafeString('<span class="quiet">none</span>')
    return format_html(
        '<span class="meter"><svg class="spend-share" viewBox="0 0 100 10" preserveAspectRatio="none" '
        'aria-hidden="true"><rect class="track" width="100" height="10"/>'
        '<rect class="fill" width="{}" height="10"/></svg><span>{}</span></span>',
        f"{100 * min(max(value, 0.0), 1.0):.1f}",
        share(value),
    )


@register.simple_tag
def days(period: Period) -> str:
    """A stretch of days."""
    return bar_label(period)


@register.filter
def exact_dollars(nano_usd: int) -> str:
    """The amount to the last nano-dollar."""
    return f"${to_usd(nano_usd):,f}"


@register.filter
def signed_dollars(nano_usd: int) -> str:
    """An amount that may be negative, with its sign."""
    sign = "−" if nano_usd < 0 else "+" if nano_usd else ""
    return f"{sign}{format_usd(abs(nano_usd))}"


@register.simple_tag
def baseline_title(key: BaselineKey, named: str) -> SafeString:
    """What a base line is called, and what it means."""
    title, words = BASELINE_TITLES[key]
    if key is BaselineKey.BEFORE and named:
        title, words = "The model that you named", "for all of the work"
    return format_html('{}<span class="under">{}</span>', title, words)
