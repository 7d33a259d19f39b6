"""Saved answers in a folder, as the payloads that fetching them would have given."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from catalog.shapes import Payload, Source


def read_file(path: Path, *, directory: Path, source: Source, part: str, fetched_at: datetime) -> Payload:
    """One saved answer; its address is the place in the folder, never a path of this machine."""
    return make_payload(
        source=source,
        part=part,
        url=f"capture:{path.relative_to(directory).as_posix()}",
        body=path.read_bytes(),
        fetched_at=fetched_at,
    )


def make_payload(*, source: Source, part: str, url: str, body: bytes, fetched_at: datetime) -> Payload:
    """A payload with the sha256 of its body."""
    return Payload(
        source=source,
        part=part,
        url=url,
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
        fetched_at=fetched_at,
    )


def matching_files(directory: Path, *patterns: str) -> Iterator[Path]:
    """The files that match the first pattern which matches any, sorted by name."""
    for pattern in patterns:
        found = sorted(path for path in directory.glob(pattern) if path.is_file())
        if found:
            yield from found
            return
