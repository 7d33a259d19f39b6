"""Model payloads as JSON bytes, encoded once per revision: lists are put together from them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from catalog.presenters import API_VERSION, iso, model_payload
from catalog.shapes import Entry, Snapshot

_encoder = msgspec.json.Encoder()
_lock = threading.Lock()
_held: tuple[Snapshot | None, dict[str, msgspec.Raw]] = (None, {})


def encode(value: object) -> bytes:
    """The value as JSON bytes."""
    return _encoder.encode(value)


def encode_models(snapshot: Snapshot, entries: Sequence[Entry], *, filtered_count: int, notes: Sequence[str]) -> bytes:
    """The body of a list of models."""
    encoded = _encoded_models(snapshot)
    catalogue = next((use for use in snapshot.sources if use.source == "openrouter"), None)
    meta: dict[str, Any] = {
        "total": len(snapshot.entries),
        "filtered": filtered_count,
        "returned": len(entries),
        "lastRefresh": iso(catalogue.fetched_at) if catalogue else "",
        "revision": snapshot.revision,
        "version": API_VERSION,
    }
    if notes:
        meta["notes"] = list(notes)
    return encode({"data": [encoded[entry.facts.model_id] for entry in entries], "meta": meta})


def encoded_model(snapshot: Snapshot, model_id: str) -> msgspec.Raw:
    """One model of the snapshot as the wire has it."""
    return _encoded_models(snapshot)[model_id]


def _encoded_models(snapshot: Snapshot) -> Mapping[str, msgspec.Raw]:
    global _held  # noqa: PLW0603  one set of encoded models per process; swapped whole
    known, encoded = _held
    if known is snapshot:
        return encoded
    with _lock:
        if _held[0] is not snapshot:
            raw = {entry.facts.model_id: msgspec.Raw(encode(model_payload(entry))) for entry in snapshot.entries}
            _held = (snapshot, raw)
        return _held[1]
