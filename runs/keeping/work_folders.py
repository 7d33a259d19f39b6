"""Letting go of the folders in which command-line agents worked, once their runs are old and nobody uses them."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from runs.models import Node, Run
from runs.shapes import NodeKind, RunStatus

_ENDED: Final = [status for status in RunStatus if status.is_final]
_ASKED_AT_ONCE: Final = 500  # ids in one question: databases bound how many they take
_GOING: Final = ".going-"  # in front of the name of a folder that is being removed


def due_folders(now: datetime) -> list[UUID]:
    """The runs whose folders go: agents' runs that ended long ago, where nothing was changed since."""
    before = _before(now)
    return (
        [] if before is None else [run_id for run_id in _old(before) if not _is_in_use(_root() / str(run_id), before)]
    )


def prune_folders(now: datetime) -> int:
    """Remove these folders; how many. What a kill cut off is taken up by the next time."""
    before = _before(now)
    if before is None:
        return 0
    moved = [run_id for run_id in due_folders(now) if _move_away(run_id, before)]
    left = {path.name for path in _folders() if path.name.startswith(_GOING) and not _remove(path)}
    return sum(f"{_GOING}{run_id}" not in left for run_id in moved)


def _before(now: datetime) -> datetime | None:
    days = settings.ARTIFACT_RETENTION_DAYS
    return now - timedelta(days=days) if days else None


def _root() -> Path:
    return Path(settings.HARNESS_WORK_DIR).expanduser()


def _folders() -> list[Path]:
    """The folders below the agents' own; no links."""
    try:
        with os.scandir(_root()) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def _old(before: datetime) -> list[UUID]:
    """Of the folders that carry a run's id, those that this site made for an agent whose run ended before then."""
    ids = [run_id for path in _folders() if (run_id := _id_in(path.name))]
    old: list[UUID] = []
    for begin in range(0, len(ids), _ASKED_AT_ONCE):
        agents = Node.objects.filter(run_id__in=ids[begin : begin + _ASKED_AT_ONCE], kind=NodeKind.HARNESS)
        old += _ended(before).filter(pk__in=agents.values("run_id")).values_list("pk", flat=True)
    return old


def _ended(before: datetime) -> QuerySet[Run]:
    return Run.objects.filter(status__in=_ENDED, finished_at__lt=before)


def _id_in(name: str) -> UUID | None:
    try:
        run_id = UUID(name)
    except ValueError:
        return None
    return run_id if str(run_id) == name else None


def _is_in_use(folder: Path, before: datetime) -> bool:
    """Whether anything in it was changed since, as by a person who goes on with the work."""
    since_s = before.timestamp()
    for parent, names, files in os.walk(folder):
        for path in (Path(parent), *(Path(parent, name) for name in (*names, *files))):
            with suppress(OSError):
                if path.lstat().st_mtime >= since_s:
                    return True
    return False


def _move_away(run_id: UUID, before: datetime) -> bool:
    """Take the folder out of its place; False where the run has just been asked for again."""
    with transaction.atomic():
        if not _ended(before).select_for_update().filter(pk=run_id).exists():
            return False
        with suppress(OSError):
            (_root() / str(run_id)).rename(_root() / f"{_GOING}{run_id}")
            return True
    return False


def _remove(folder: Path) -> bool:
    """Remove what agents left, read-only folders too; links are not followed. Whether all of it is gone."""
    with suppress(OSError):
        folder.chmod(0o700)
    for parent, names, _ in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if not path.is_symlink():
                with suppress(OSError):
                    path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()
