"""What a model's own maker calls it: ``claude-haiku-4-5-20251001`` is ``anthropic/claude-haiku-4.5``."""

from __future__ import annotations

from catalog.queries import find_current_snapshot
from runs.providers.known import makers_of
from runs.providers.wire_names import find_wire_name


def find_by_makers_name(name: str) -> str:
    """The catalogue's id of the model that its maker calls so, also with a release date behind it; "" for none.

    Programs made for one maker insist on its names.
    """
    snapshot = find_current_snapshot()
    if "/" in name or snapshot is None:
        return ""
    found = [
        entry.facts.model_id
        for entry in snapshot.entries
        for maker in makers_of(entry.facts.model_id)
        if find_wire_name(maker.name, entry.facts, (name,))
    ]
    # Of a model and its release of a date, both of which the catalogue may have, the name is the release's.
    return max(found, key=len, default="")
