"""What every page's frame shows of the catalog: the tape, the places, the credits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django import template
from django.template import Context
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog import queries
from catalog.shapes import Source, SourceInfo

register = template.Library()

# The catalogue source is fetched every six hours; a day without one is worth a word.
STALE_AFTER: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Frame:
    """The state of the data in one line, and whose data it is."""

    revision: int
    model_count: int
    data_at: datetime | None  # when the catalogue source was last known to say this
    is_stale: bool
    credits: tuple[SourceInfo, ...]


@register.simple_tag(takes_context=True)
def catalog_frame(context: Context) -> Frame | None:
    """What base.html shows around each page; None on a site without any data.

    A page that has the snapshot or the reports of the sources in its context is not charged twice.
    """
    snapshot = context.get("snapshot") or queries.find_current_snapshot()
    if snapshot is None:
        return None
    reports = context.get("sources") or queries.list_sources()
    used = {use.source for use in snapshot.sources}
    data_at = next((report.data_fetched_at for report in reports if report.info.key is Source.OPENROUTER), None)
    return Frame(
        revision=snapshot.revision,
        model_count=len(snapshot.entries),
        data_at=data_at,
        is_stale=data_at is None or timezone.now() - data_at > STALE_AFTER,
        credits=tuple(report.info for report in reports if report.info.key in used),
    )


@register.simple_tag(takes_context=True)
def rail_item(context: Context, view_name: str, label: str, *parents_of: str) -> SafeString:
    """One place in the navigation, marked when it or a page below it is open."""
    try:
        url = reverse(view_name)
    except NoReverseMatch:
        return SafeString("")
    match = getattr(context.get("request"), "resolver_match", None)
    is_current = match is not None and match.view_name in {view_name, *parents_of}
    current = SafeString(' aria-current="page"') if is_current else ""
    return format_html('<li><a href="{}"{}>{}</a></li>', url, current, label)
