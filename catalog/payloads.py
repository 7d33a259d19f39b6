"""Raw upstream answers in the database: what is in use, and what it was before."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Final

from django.db import transaction

from catalog.codec import COMPRESSION_LEVEL
from catalog.models import StoredPayload
from catalog.shapes import Payload, Source

# Enough to look back a week at four refreshes a day; the current ones are never removed.
KEPT_PER_PART: Final = 30


def current_payloads(source: Source) -> dict[str, Payload]:
    """The payloads in use, by part; empty for a source that never succeeded."""
    rows = StoredPayload.objects.filter(source=source, is_current=True).order_by("pk")
    return {row.part: _to_payload(row) for row in rows}


def all_current_payloads() -> dict[Source, dict[str, Payload]]:
    """The payloads in use of every source, by part; one query."""
    found: dict[Source, dict[str, Payload]] = {}
    for row in StoredPayload.objects.filter(is_current=True).order_by("pk"):
        found.setdefault(Source(row.source), {})[row.part] = _to_payload(row)
    return found


def replace_payloads(source: Source, payloads: Sequence[Payload]) -> None:
    """Make these the payloads in use. Call inside the transaction that publishes what they say."""
    known = {row.part: row for row in _current_rows(source)}
    unchanged = {part for part, row in known.items() if any(_is_same(row, payload) for payload in payloads)}
    StoredPayload.objects.filter(source=source, is_current=True).exclude(part__in=unchanged).update(is_current=False)
    for payload in payloads:
        if payload.part in unchanged:
            row = known[payload.part]
            StoredPayload.objects.filter(pk=row.pk).update(
                fetched_at=payload.fetched_at, etag=payload.etag, last_modified=payload.last_modified
            )
    StoredPayload.objects.bulk_create(_to_row(payload) for payload in payloads if payload.part not in unchanged)
    drop_held_back(source)
    _prune(source, {payload.part for payload in payloads})


def hold_back(source: Source, payloads: Sequence[Payload]) -> None:
    """Keep an answer that was not believed, in place of an earlier one, until one is believed."""
    with transaction.atomic():
        drop_held_back(source)
        rows = [_to_row(payload) for payload in payloads]
        for row in rows:
            row.is_current, row.is_held_back = False, True
        StoredPayload.objects.bulk_create(rows)


def held_back_payloads(source: Source) -> tuple[Payload, ...]:
    """The answer that was not believed; nothing where there is none."""
    rows = StoredPayload.objects.filter(source=source, is_held_back=True).order_by("pk")
    return tuple(_to_payload(row) for row in rows)


def drop_held_back(source: Source) -> None:
    """Forget the answer that was not believed."""
    StoredPayload.objects.filter(source=source, is_held_back=True).delete()


def find_payload(sha256: str) -> StoredPayload | None:
    """The newest stored payload with this fingerprint, its body not loaded."""
    return StoredPayload.objects.filter(sha256=sha256).defer("body_compressed").order_by("-pk").first()


def _current_rows(source: Source) -> Sequence[StoredPayload]:
    return list(StoredPayload.objects.filter(source=source, is_current=True).defer("body_compressed"))


def _is_same(row: StoredPayload, payload: Payload) -> bool:
    return row.part == payload.part and row.sha256 == payload.sha256


def _prune(source: Source, parts: set[str]) -> None:
    for part in parts:
        old = StoredPayload.objects.filter(source=source, part=part, is_current=False).order_by("-pk")
        doomed = list(old.values_list("pk", flat=True)[KEPT_PER_PART:])
        if doomed:
            StoredPayload.objects.filter(pk__in=doomed).delete()


def _to_payload(row: StoredPayload) -> Payload:
    return Payload(
        source=Source(row.source),
        part=row.part,
        url=row.url,
        body=zlib.decompress(row.body_compressed),
        sha256=row.sha256,
        fetched_at=row.fetched_at,
        etag=row.etag,
        last_modified=row.last_modified,
    )


def _to_row(payload: Payload) -> StoredPayload:
    return StoredPayload(
        source=payload.source,
        part=payload.part,
        url=payload.url,
        sha256=payload.sha256,
        fetched_at=payload.fetched_at,
        etag=payload.etag,
        last_modified=payload.last_modified,
        byte_count=len(payload.body),
        body_compressed=zlib.compress(payload.body, COMPRESSION_LEVEL),
    )
