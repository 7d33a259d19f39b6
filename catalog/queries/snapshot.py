"""The snapshot in use, decoded once per process and revision."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from django.db import connection

from catalog.codec import unpack_snapshot
from catalog.models import StoredSnapshot
from catalog.shapes import Entry, Snapshot
from smartspawn.lib.errors import NotFound

# A revision alone is not enough: a database put back from a backup gives the same numbers out again.
Fingerprint = tuple[int, str]


@dataclass(frozen=True, slots=True)
class _Held:
    fingerprint: Fingerprint
    snapshot: Snapshot
    by_id: Mapping[str, Entry]


_lock = threading.Lock()
_held: _Held | None = None


def catalog_revision() -> int:
    """The revision in use, 0 before the first snapshot; one query on the primary key."""
    revision = StoredSnapshot.objects.order_by("-revision").values_list("revision", flat=True).first()
    return revision or 0


def find_fingerprint() -> Fingerprint | None:
    """What tells the snapshot in use from every other one, or None before the first; one query.

    Nearly every request asks this, so it goes past the ORM, which takes several times as long as the database.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT revision, content_sha256 FROM catalog_storedsnapshot ORDER BY revision DESC LIMIT 1")
        row = cursor.fetchone()
    return (row[0], row[1]) if row else None


def find_current_snapshot() -> Snapshot | None:
    """The snapshot in use, or None on a site that has none yet."""
    held = _current()
    return held.snapshot if held else None


def last_read_snapshot() -> Snapshot | None:
    """The snapshot that this process read last, for those who asked for the one in use a moment ago. No query."""
    held = _held
    return held.snapshot if held else None


def current_snapshot() -> Snapshot:
    """The snapshot in use. Raises NotFound on a site that has none yet."""
    return _require().snapshot


def entries_by_id() -> Mapping[str, Entry]:
    """The snapshot's entries by model id, in the catalogue's order."""
    return _require().by_id


def entries_and_fingerprint() -> tuple[Fingerprint | None, Mapping[str, Entry]]:
    """The same with what tells this snapshot from every other; empty on a site that has none yet. One query."""
    held = _current()
    return (held.fingerprint, held.by_id) if held else (None, MappingProxyType({}))


def find_entry(model_id: str) -> Entry | None:
    """The entry with this id, or None; a leading ``openrouter/`` prefix of clients is understood."""
    held = _current()
    if held is None:
        return None
    return held.by_id.get(model_id) or held.by_id.get(model_id.removeprefix("openrouter/"))


def get_entry(model_id: str) -> Entry:
    """The entry with this id. Raises NotFound, naming it."""
    entry = find_entry(model_id)
    if entry is None:
        raise NotFound(f"No model '{model_id[:200]}' in the catalogue.")
    return entry


def get_snapshot(revision: int) -> Snapshot:
    """The snapshot of this revision, which may be the one in use. Raises NotFound when it is not kept whole."""
    return _find_held(revision) or _read(revision)


def get_snapshot_to_choose(revision: int) -> Snapshot:
    """The snapshot of this revision as far as choosing looks at it. Raises NotFound when not even that is kept."""
    return _find_held(revision) or _read(revision, may_be_thin=True)


def _find_held(revision: int) -> Snapshot | None:
    """The snapshot in use, where it is this one and decoded already."""
    held = _held
    is_it = held is not None and held.fingerprint[0] == revision and held.fingerprint == find_fingerprint()
    return held.snapshot if held is not None and is_it else None


def _read(revision: int, *, may_be_thin: bool = False) -> Snapshot:
    stored = StoredSnapshot.objects.filter(revision=revision).first()
    if stored is None or not stored.body_compressed or (stored.is_thinned and not may_be_thin):
        raise NotFound(f"Revision {revision} of the catalogue is not kept.")
    return _unpack(stored)


def _require() -> _Held:
    held = _current()
    if held is None:
        raise NotFound("The catalogue is empty. Start a refresh, or load the embedded snapshot.")
    return held


def _current() -> _Held | None:
    global _held  # noqa: PLW0603  one decoded snapshot per process; it is immutable and swapped whole
    fingerprint = find_fingerprint()
    if fingerprint is None:
        return None
    held = _held
    if held is not None and held.fingerprint == fingerprint:
        return held
    with _lock:
        if _held is None or _held.fingerprint != fingerprint:
            snapshot = _read(fingerprint[0])
            by_id = {entry.facts.model_id: entry for entry in snapshot.entries}
            _held = _Held(fingerprint=fingerprint, snapshot=snapshot, by_id=MappingProxyType(by_id))
        return _held


def _unpack(stored: StoredSnapshot) -> Snapshot:
    snapshot = unpack_snapshot(bytes(stored.body_compressed))
    return replace(snapshot, revision=stored.revision, published_at=stored.published_at)
