"""How the pages of feedback draw what is believed of a rate."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from feedback.shapes import Posterior

register = template.Library()
_HEIGHT = 20
_STEP = 12


@register.simple_tag
def belief_bar(belief: Posterior) -> SafeString:
    """The interval of a rate on a track from 0 to 100 %, with its likeliest value as a dot."""
    return format_html(
        '<svg class="score-bar score-bar--wide" viewBox="0 0 100 14" preserveAspectRatio="none" role="img" '
        'aria-label="{}"><line class="track" x1="0" y1="7" x2="100" y2="7"/>'
        '<rect class="span" x="{}" y="3" width="{}" height="8"/>'
        '<rect class="dot-mark" x="{}" y="1" width="1.6" height="12"/></svg>',
        f"between {belief.lower:.0%} and {belief.upper:.0%}",
        f"{100 * belief.lower:.1f}",
        f"{100 * (belief.upper - belief.lower):.1f}",
        f"{100 * belief.mean - 0.8:.1f}",
    )


@register.simple_tag
def course_line(course: Sequence[float | None]) -> SafeString:
    """How a rate moved, a point a month; nothing where there is but one point."""
    known = [(place, value) for place, value in enumerate(course) if value is not None]
    if len(known) < 2:
        return SafeString("")
    points = " ".join(f"{place * _STEP + 2},{_HEIGHT - 2 - value * (_HEIGHT - 4):.1f}" for place, value in known)
    return format_html(
        '<svg class="course" viewBox="0 0 {} {}" role="img" aria-label="{}"><polyline points="{}"/></svg>',
        (len(course) - 1) * _STEP + 4,
        _HEIGHT,
        "by month: " + ", ".join(f"{value:.0%}" for _, value in known),
        points,
    )


@register.filter
def said(rating: object) -> str:
    """A rating in words: "4, redone: wrong, too slow"."""
    score, verdict, reasons = (getattr(rating, name) for name in ("score", "verdict", "reasons"))
    words = ", ".join(str(word).replace("_", " ") for word in (score, verdict) if word)
    return f"{words}: {', '.join(reasons)}" if reasons else words
