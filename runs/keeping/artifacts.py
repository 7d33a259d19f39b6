"""What runs bring forth: texts with size and digest, in the database or on disk behind the same functions."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from runs.models import Artifact
from runs.shapes import RunStatus
from smartspawn.lib.errors import NotFound
from smartspawn.lib.rows import Row, replace_rows

PLAN_KEY: Final = "plan"
MERGED_KEY: Final = "merged"
_PRUNED_AT_ONCE: Final = 500
_ENDED: Final = [status for status in RunStatus if status.is_final]
_FILES_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class NewArtifact:
    """A text to be kept; one of the same run and key takes the place of the former."""

    node_key: str
    kind: str  # "plan", "raw", "merged", "log"
    content: str
    media_type: str = "text/markdown"
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class ArtifactText:
    """A kept text; ``content`` is None once it was pruned."""

    node_key: str
    kind: str
    content: str | None
    media_type: str
    size_bytes: int
    sha256: str
    is_partial: bool
    created_at: datetime
    path: str


def write_artifacts(run_id: UUID, artifacts: Sequence[NewArtifact]) -> None:
    """Keep the texts, within the caller's transaction. On disk the file is whole before its row exists."""
    replace_rows(Artifact, _rows(run_id, artifacts), key=("run_id", "node_key"))


def read_artifact(run_id: UUID, node_key: str) -> ArtifactText:
    """The text of a node, "plan" or "merged". Raises NotFound."""
    row = Artifact.objects.filter(run_id=run_id, node_key=node_key).first()
    if row is None:
        raise NotFound(f"artifact not found for run={run_id} node={node_key}")
    return _text(row)


def read_outputs(run_id: UUID, node_keys: Sequence[str]) -> dict[str, str]:
    """The texts of these nodes, as far as there are any."""
    rows = Artifact.objects.filter(run_id=run_id, node_key__in=node_keys)
    texts = {row.node_key: _text(row).content for row in rows}
    return {key: content for key, content in texts.items() if content is not None}


def prune_artifacts(*, now: datetime | None = None) -> int:
    """Drop the texts that are older than the retention, and keep their size and digest; how many."""
    moment = now or timezone.now()
    count = 0
    while rows := list(due_artifacts(moment)[:_PRUNED_AT_ONCE]):
        Artifact.objects.filter(pk__in=[row.pk for row in rows]).update(content="", path="", pruned_at=moment)
        _remove_folders({row.run_id for row in rows if row.path})
        count += len(rows)
    return count


def drop_plans(run_id: UUID, *, now: datetime) -> None:
    """Drop the text of the run's plan, which repeats what every node was asked; within the caller's transaction."""
    kept = Artifact.objects.filter(run_id=run_id, pruned_at=None)
    paths = set(kept.filter(kind="plan").values_list("path", flat=True))
    kept.filter(kind="plan").update(content="", path="", pruned_at=now)
    # A file that is gone while its row came back with the transaction reads as pruned: nothing is torn.
    for path in paths - {""} - set(kept.values_list("path", flat=True)):
        (_folder() / path).unlink(missing_ok=True)


def due_artifacts(now: datetime) -> QuerySet[Artifact]:
    """The texts that are older than the retention, of runs that have ended: one that waits still needs its own."""
    if not settings.ARTIFACT_RETENTION_DAYS:
        return Artifact.objects.none()
    before = now - timedelta(days=settings.ARTIFACT_RETENTION_DAYS)
    return Artifact.objects.filter(pruned_at=None, created_at__lt=before, run__status__in=_ENDED)


def _remove_folders(run_ids: set[UUID]) -> None:
    """Remove the files of runs that have no text left; two nodes with the same text share a file."""
    for run_id in run_ids - set(
        Artifact.objects.filter(run_id__in=run_ids, pruned_at=None).values_list("run_id", flat=True)
    ):
        shutil.rmtree(_folder() / str(run_id), ignore_errors=True)


def _rows(run_id: UUID, artifacts: Sequence[NewArtifact]) -> list[Row]:
    if settings.ARTIFACTS != "disk" or len(artifacts) < 2:
        return [_row(run_id, artifact) for artifact in artifacts]
    # A disk takes many files to safety in the time of one, and the transaction waits for all of them.
    with ThreadPoolExecutor(max_workers=min(_FILES_AT_ONCE, len(artifacts))) as writers:
        return list(writers.map(partial(_row, run_id), artifacts))


def _row(run_id: UUID, artifact: NewArtifact) -> Row:
    # A provider may send half a surrogate pair, or a NUL that PostgreSQL cannot keep.
    content = artifact.content.encode("utf-8", "replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")
    body = content.encode()
    sha256 = hashlib.sha256(body).hexdigest()
    path = _write_file(run_id, sha256, body) if settings.ARTIFACTS == "disk" else ""
    return {
        "run_id": run_id,
        "node_key": artifact.node_key,
        "kind": artifact.kind,
        "media_type": artifact.media_type,
        "content": "" if path else content,
        "path": path,
        "size_bytes": len(body),
        "sha256": sha256,
        "is_partial": artifact.is_partial,
        "created_at": timezone.now(),
        "pruned_at": None,
    }


def _text(row: Artifact) -> ArtifactText:
    return ArtifactText(
        node_key=row.node_key,
        kind=row.kind,
        content=_content(row),
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        is_partial=row.is_partial,
        created_at=row.created_at,
        path=row.path,
    )


def _content(row: Artifact) -> str | None:
    if row.pruned_at is not None:
        return None
    if not row.path:
        return row.content
    try:
        return (_folder() / row.path).read_bytes().decode()  # as it is: read_text would change line ends
    except FileNotFoundError:
        return None


def _write_file(run_id: UUID, sha256: str, body: bytes) -> str:
    """Write under a name made of the digest, so that a file is never changed once it has it."""
    path = f"{run_id}/{sha256[:32]}"
    target = _folder() / path
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    return path


def _folder() -> Path:
    return Path(settings.HOME_DIR) / "artifacts"
