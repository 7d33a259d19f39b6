"""Put the embedded snapshot in place of the data held, and build the catalogue from it."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction

from catalog.collect import Collected, parse_payloads
from catalog.embedded import EMBEDDED_PATH, read_embedded
from catalog.payloads import replace_payloads
from catalog.refresh import RefreshOutcome, rebuild_catalog
from catalog.shapes import Payload
from catalog.source_states import note_success
from smartspawn.access.shapes import Actor


def load_embedded(*, actor: Actor, path: Path = EMBEDDED_PATH) -> RefreshOutcome:
    """Make the embedded data the data in use and build from it; sources it does not hold are left alone.

    Raises SourceMalformed when the file cannot be read, Conflict while a refresh is active.
    """
    collected = [_collected(payload) for payload in read_embedded(path)]
    with transaction.atomic():
        for item in collected:
            replace_payloads(item.source, item.payloads)
            note_success(item, now=None)  # no source was asked
    return rebuild_catalog(actor=actor, trigger="embedded snapshot")


def _collected(payload: Payload) -> Collected:
    parsed = parse_payloads(payload.source, [payload])
    return Collected(source=payload.source, parsed=parsed, payloads=(payload,), is_new=True)
