"""The folders in which agents may work."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from runs.harness.shapes import HarnessFolderRefused


def open_folder(folder: str | Path, *, work_dir: Path, refused: Collection[str] = ()) -> Path:
    """The folder below ``work_dir``, made if need be.

    Raises HarnessFolderRefused for one that lies elsewhere once every link and ".." on the way is followed, and
    where it, or one between it and ``work_dir``, holds a file of a refused name.
    """
    root = work_dir.expanduser()
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        root = root.resolve(strict=True)
        target = (root / folder).resolve()
        if not target.is_relative_to(root):
            raise HarnessFolderRefused("The folder does not lie below HARNESS_WORK_DIR.")
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        _refuse_settings(target, root, refused)
    except (OSError, ValueError, RuntimeError) as error:
        raise HarnessFolderRefused(f"The folder cannot be used ({type(error).__name__}).") from error
    return target


def _refuse_settings(target: Path, root: Path, refused: Collection[str]) -> None:
    between = [folder for folder in (target, *target.parents) if folder.is_relative_to(root)]
    found = [name for folder in between for name in refused if os.path.lexists(folder / name)]
    if found:
        names = ", ".join(sorted(set(found)))
        raise HarnessFolderRefused(f"The folder holds {names}: from there the agent would take commands to run.")
