"""What the catalogue would be with another correction: built from the data held, and published nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from django.utils import timezone

from catalog.build import Corrections
from catalog.collect import accept, keep_held
from catalog.corrections import current_corrections
from catalog.models import SourceState
from catalog.override_fields import check_override
from catalog.payloads import all_current_payloads, held_back_payloads
from catalog.queries import find_current_snapshot
from catalog.refresh import ALL_SOURCES, build_collected
from catalog.shapes import Override, Payload, Snapshot, Source
from smartspawn.lib.errors import InvalidParam, NotFound


def preview_override(override: Override) -> Snapshot:
    """The catalogue with this override in place of an earlier one of the same model and field.

    Raises InvalidParam for what could not be saved, SourceFault where no data is held to build from.
    """
    known = find_current_snapshot()
    if known is None or override.model_id not in {entry.facts.model_id for entry in known.entries}:
        raise InvalidParam(f"The catalogue lists no '{override.model_id[:100]}'.")
    value = check_override(override.field, override.value)
    return _build_with(replace(override, value=value, at=timezone.now()))


def preview_removal(override: Override) -> Snapshot:
    """The catalogue without this override. Raises SourceFault where no data is held to build from."""
    return _build(_without(current_corrections(), override))


def preview_accepted(source: Source) -> Snapshot:
    """The catalogue with the answer of a source that was held back.

    Raises NotFound where none is held back any more.
    """
    payloads = held_back_payloads(source)
    if not payloads:
        raise NotFound(f"Nothing of {source} is held back any more.")
    return _build(current_corrections(), {source: payloads})


def _build_with(override: Override) -> Snapshot:
    corrections = _without(current_corrections(), override)
    return _build(replace(corrections, overrides=(*corrections.overrides, override)))


def _without(corrections: Corrections, override: Override) -> Corrections:
    """The corrections without those of this model and field."""
    place = (override.model_id, override.field)
    others = tuple(item for item in corrections.overrides if (item.model_id, item.field) != place)
    return replace(corrections, overrides=others)


def _build(corrections: Corrections, accepted: Mapping[Source, tuple[Payload, ...]] | None = None) -> Snapshot:
    held, believed = all_current_payloads(), accepted or {}
    off = set(SourceState.objects.filter(is_enabled=False).values_list("source", flat=True))
    collected = [
        accept(source, believed[source]) if source in believed else keep_held(source, held.get(source, {}))
        for source in ALL_SOURCES
        if source not in off or source in believed
    ]
    return build_collected(collected, corrections, find_current_snapshot(), timezone.now())
