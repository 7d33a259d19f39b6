"""The folders in which agents may work."""

from __future__ import annotations

from pathlib import Path

from runs.harness.shapes import HarnessFolderRefused


def open_folder(folder: str | Path, *, work_dir: Path) -> Path:
    """The folder below ``work_dir``, made if need be.

    Raises HarnessFolderRefused for one that lies elsewhere once every link and ".." on the way is followed.
    """
    root = work_dir.expanduser()
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        root = root.resolve(strict=True)
        target = (root / folder).resolve()
        if not target.is_relative_to(root):
            raise HarnessFolderRefused("The folder does not lie below HARNESS_WORK_DIR.")
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, ValueError, RuntimeError) as error:
        raise HarnessFolderRefused(f"The folder cannot be used ({type(error).__name__}).") from error
    return target
