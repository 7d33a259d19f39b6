"""How the catalog's numbers are written and drawn; missing values are said to be missing."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from catalog.queries import SourceLight
from catalog.shapes import Capabilities, Category, CategoryScore, Difference, DifferenceKind, Entry

register = template.Library()

UNKNOWN: Final = SafeString('<span class="quiet">unknown</span>')


@register.filter
def usd(value: Decimal | float | None, what: str = "") -> SafeString | str:
    """Dollars with as many decimals as the number needs; ``what`` names a unit to follow."""
    if value is None:
        return UNKNOWN
    return f"${_significant(Decimal(str(value)))}{what}"


def _significant(value: Decimal) -> str:
    """At least two decimals, more only where smaller digits carry the value."""
    if value == 0:
        return "0"
    places = 2 if abs(value) >= 1 else max(2, 2 - value.adjusted())
    text = f"{value:,.{min(places, 10)}f}"
    kept, _, decimals = text.partition(".")
    return f"{kept}.{decimals[:2]}{decimals[2:].rstrip('0')}"


@register.filter
def tokens(value: int | None) -> SafeString | str:
    """A number of tokens in the short form that model lists use: 128k, 1.05M."""
    if value is None:
        return UNKNOWN
    for bound, unit in ((1_000_000, "M"), (1_000, "k")):
        if value >= bound:
            return f"{value / bound:.3g}{unit}"
    return str(value)


@register.filter
def score_value(value: float | None) -> SafeString | str:
    """A 0-100 score with one decimal."""
    return UNKNOWN if value is None else f"{value:.1f}"


@register.filter
def number(value: float | None, places: int = 2) -> SafeString | str:
    """A measured value on its own scale, without digits that say nothing."""
    if value is None:
        return UNKNOWN
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@register.filter
def percent(share: float | None) -> SafeString | str:
    """A 0-1 share as a whole per cent."""
    return UNKNOWN if share is None else f"{share:.0%}"


@register.filter
def web_url(text: str) -> str:
    """The address if it is an http or https one, else nothing: what upstreams send may be hostile."""
    parts = urlsplit(text)
    return text if parts.scheme in {"http", "https"} and parts.netloc else ""


@register.simple_tag
def age(moment: datetime | None) -> SafeString:
    """How long ago something was, with the exact time behind it."""
    if moment is None:
        return SafeString('<span class="quiet">never</span>')
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        f"{moment:%Y-%m-%d %H:%M} UTC",
        age_words((timezone.now() - moment).total_seconds()),
    )


def age_words(seconds: float) -> str:
    """The largest whole unit: "just now", "5 min ago", "3 h ago", "12 days ago"."""
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 48 * 3600:
        return f"{int(seconds // 3600)} h ago"
    return f"{int(seconds // 86400)} days ago"


@register.simple_tag
def score_bar(score: CategoryScore | None, href: str = "", is_wide: bool = False) -> SafeString:
    """The score as a number and its 80 % interval drawn on a 0-100 line; hollow without measurements.

    With an address the number leads to what it was made of.
    """
    if score is None:
        return SafeString('<span class="quiet">none</span>')
    is_prior = score.coverage_share <= 0 and not score.is_overridden
    about = f"80 % interval {score.lower:.0f} to {score.upper:.0f}" + (", nothing measured" if is_prior else "")
    value = f"{score.value:.1f}"
    number_html = (
        format_html('<a class="score-value" href="{}">{}</a>', href, value)
        if href
        else format_html('<span class="score-value">{}</span>', value)
    )
    return format_html(
        '<span class="score{}" title="{}">{}{}</span>',
        " score--prior" if is_prior else "",
        about,
        number_html,
        _interval_svg(score, about, is_wide=is_wide),
    )


def _interval_svg(score: CategoryScore, about: str, *, is_wide: bool) -> SafeString:
    """The track from 0 to 100, the interval on it, and a mark at the value."""
    lower, upper = max(score.lower, 0.0), min(score.upper, 100.0)
    mark_width = 1.2 if is_wide else 2.6
    return format_html(
        '<svg class="score-bar{}" viewBox="0 0 100 14" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<line class="track" x1="0" y1="7" x2="100" y2="7"/>'
        '<rect class="span" x="{}" y="3.5" width="{}" height="7"/>'
        '<rect class="dot-mark" x="{}" y="1.5" width="{}" height="11"/></svg>',
        " score-bar--wide" if is_wide else "",
        about,
        f"{lower:.1f}",
        f"{max(upper - lower, 0.5):.1f}",
        f"{min(max(score.value, 0.0), 100.0) - mark_width / 2:.1f}",
        mark_width,
    )


@register.simple_tag
def meter(share: float, label: str) -> SafeString:
    """A share of one as a short bar with its per cent."""
    return format_html(
        '<span class="meter"><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" width="100" height="10"/><rect class="fill" width="{}" height="10"/></svg>'
        '<span>{} <span class="visually-hidden">{}</span></span></span>',
        f"{min(max(share, 0.0), 1.0) * 100:.0f}",
        f"{share:.0%}",
        label,
    )


@register.simple_tag
def score_of(entry: Entry, category: Category) -> CategoryScore | None:
    """The entry's score in a category, for ``{% score_of entry category as score %}``."""
    return entry.scores.get(category)


@register.simple_tag
def value_of(entry: Entry, category: Category) -> SafeString | str:
    """Score per dollar in a category; what costs nothing has none."""
    pricing = entry.facts.pricing
    if pricing.prompt_usd_per_mtok == 0 and pricing.completion_usd_per_mtok == 0:
        return "free"
    return number(entry.cost_efficiency.get(category), 1)


@register.simple_tag
def can(capabilities: Capabilities) -> SafeString:
    """What a model can do beyond text, as one letter each with the word behind it."""
    letters = (
        ("F", "calls functions", capabilities.function_calling),
        ("J", "answers in JSON", capabilities.json),
        ("R", "reasons", capabilities.reasoning),
        ("V", "sees images", capabilities.vision),
    )
    return format_html_join(
        " ",
        '<abbr class="can" title="{}">{}</abbr>',
        ((words, letter) for letter, words, has in letters if has),
    )


@register.filter
def signed(value: float | None) -> SafeString | str:
    """A z-score or another difference, with its sign."""
    return UNKNOWN if value is None else f"{value:+.2f}".replace("-", "−")


@register.filter
def breakable(text: str) -> SafeString:
    """A long dotted name that may wrap after its dots and underscores only."""
    return SafeString(re.sub(r"([._/-])", r"\1<wbr>", escape(text)))


@register.simple_tag
def payload_link(sha256: str, words: str = "") -> SafeString:
    """The way to where a number came from; the start of its fingerprint stands for the payload."""
    if not sha256:
        return SafeString('<span class="quiet">not kept</span>')
    url = reverse("catalog:payload", args=[sha256])
    return format_html('<a class="id" href="{}" title="{}">{}</a>', url, sha256, words or sha256[:10])


LIGHT_DOTS: Final = {
    SourceLight.GREEN: ("good", "fresh"),
    SourceLight.AMBER: ("warn", "with warnings"),
    SourceLight.RED: ("bad", "failing"),
    SourceLight.OFF: ("off", "off"),
}


@register.simple_tag
def light(value: SourceLight) -> SafeString:
    """A source's state as a mark of its own shape beside its words."""
    dot, words = LIGHT_DOTS[value]
    return format_html(
        '<span class="with-dot"><span class="dot dot--{}" aria-hidden="true"></span>{}</span>', dot, words
    )


@register.filter
def minutes(value: int) -> str:
    """An interval in the largest unit that fits: "6 h", "2 days"."""
    if value % 1440 == 0:
        return "day" if value == 1440 else f"{value // 1440} days"
    return f"{value // 60} h" if value % 60 == 0 else f"{value} min"


@register.simple_tag
def ratio(part: int, whole: int) -> str:
    """A part of a whole as a per cent."""
    return f"{part / whole:.0%}" if whole else "none"


@register.simple_tag
def model_link(item: Difference) -> SafeString:
    """The name of a changed model, as a link while it is listed."""
    name = item.model_name or item.model_id
    if item.kind is DifferenceKind.REMOVED:
        return format_html("{}", name)
    return format_html('<a href="{}">{}</a>', reverse("catalog:model", args=[item.model_id]), name)


@register.simple_tag
def change_words(item: Difference) -> str:
    """What moved, in words: "added", "prompt price, $/M", "score, coding"."""
    kind, _, what = item.field.partition(".")
    return {
        DifferenceKind.ADDED: "added",
        DifferenceKind.REMOVED: "removed",
        DifferenceKind.PRICE: f"{what} price, $/M",
        DifferenceKind.SCORE: f"score, {what}",
    }.get(item.kind, kind.replace("_", " "))


@register.simple_tag
def difference(item: Difference) -> SafeString:
    """A change in one line."""
    moved = f": {item.before} → {item.after}" if item.before or item.after else ""
    return format_html("{} {}{}", model_link(item), change_words(item), moved)


@register.simple_tag
def move(item: Difference) -> SafeString:
    """The size of a move; green where it is good for the reader: cheaper, longer, better."""
    before, after = _as_number(item.before), _as_number(item.after)
    if before is None or after is None or not before:
        return SafeString("")
    is_better = (after > before) != (item.kind is DifferenceKind.PRICE)
    words = f"{after - before:+.1f}" if item.kind is DifferenceKind.SCORE else f"{(after - before) / before:+.0%}"
    return format_html('<span class="{}">{}</span>', "up" if is_better else "down", words.replace("-", "−"))


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


KIND_WORDS: Final = {
    DifferenceKind.ADDED: "added",
    DifferenceKind.REMOVED: "removed",
    DifferenceKind.PRICE: "prices moved",
    DifferenceKind.LIMIT: "limits moved",
    DifferenceKind.SCORE: "scores moved",
}


@register.simple_tag
def kind_words(kind: DifferenceKind) -> str:
    """What a count of such differences counts."""
    return KIND_WORDS[kind]


@register.simple_tag
def model_url(entry: Entry, category: Category) -> str:
    """The model's page, with the score of this category opened."""
    return f"{reverse('catalog:model', args=[entry.facts.model_id])}#score-{category}"
