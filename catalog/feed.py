"""The catalogue's differences as an Atom feed, one entry per published snapshot."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.contrib.syndication.views import Feed
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html, format_html_join

from catalog.queries import ChangeSet, list_change_sets, list_changes
from catalog.shapes import Difference, DifferenceKind

if TYPE_CHECKING:
    _Feed = Feed[ChangeSet, None]
else:
    _Feed = Feed  # generic in its type stubs only

ITEMS_SHOWN: Final = 20
LINES_PER_ITEM: Final = 60


class ChangesFeed(_Feed):
    """Models that came and went, prices and scores that moved."""

    feed_type = Atom1Feed
    author_name = "Smart Spawn"  # Atom wants one
    title = "Smart Spawn: catalogue changes"
    subtitle = "Models added and removed, prices and scores moved, by refresh."

    def link(self) -> str:
        return reverse("catalog:changes")

    def items(self) -> list[ChangeSet]:
        return [item for item in list_change_sets(limit=ITEMS_SHOWN) if item.counts]

    def item_title(self, item: ChangeSet) -> str:
        counts = ", ".join(f"{count} {LABELS[kind]}" for kind, count in item.counts.items())
        return f"Revision {item.revision}: {counts}"

    def item_description(self, item: ChangeSet) -> str:
        """The lines as HTML, as which readers render it: names come from strangers."""
        page = list_changes(revision=item.revision, limit=LINES_PER_ITEM)
        lines = format_html_join("", "<li>{}</li>", ((_line(dated.difference),) for dated in page.items))
        return format_html("<ul>{}{}</ul>", lines, format_html("<li>{}</li>", "…") if page.next_before else "")

    def item_link(self, item: ChangeSet) -> str:
        return f"{reverse('catalog:changes')}?revision={item.revision}"

    def item_pubdate(self, item: ChangeSet) -> datetime:
        return item.published_at

    def item_updateddate(self, item: ChangeSet) -> datetime:
        return item.published_at


LABELS: Final = {
    DifferenceKind.ADDED: "added",
    DifferenceKind.REMOVED: "removed",
    DifferenceKind.PRICE: "prices",
    DifferenceKind.LIMIT: "limits",
    DifferenceKind.SCORE: "scores",
}


def _line(difference: Difference) -> str:
    if difference.kind in {DifferenceKind.ADDED, DifferenceKind.REMOVED}:
        return f"{difference.kind}: {difference.model_name} ({difference.model_id})"
    return f"{difference.model_name}: {difference.field} {difference.before} → {difference.after}"
