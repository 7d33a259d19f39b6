"""Agents' work folders go after their time: those that the site made, of runs that ended, that nobody uses."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from runs.keeping import work_folders
from runs.keeping.work_folders import due_folders, prune_folders
from runs.models import Run
from runs.shapes import NodeKind, NodeStatus, RunStatus
from smartspawn.storage.pruning import prune
from tests.runs.rows import make_node, make_run

pytestmark = pytest.mark.django_db
NOW = timezone.now()
OLD = NOW - timedelta(days=31)


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path) -> Path:
    settings.HARNESS_WORK_DIR, settings.ARTIFACT_RETENTION_DAYS = str(tmp_path / "work"), 30
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def age(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (OLD.timestamp(), OLD.timestamp()), follow_symlinks=False)


def make_folder(root: Path, *, kind: NodeKind = NodeKind.HARNESS, **fields: Any) -> Path:
    run = make_run(**{"status": RunStatus.COMPLETED, "finished_at": OLD, **fields})
    make_node(run, "task", NodeStatus.COMPLETED, kind=kind)
    folder = root / str(run.pk)
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.py").write_text("print(1)")
    age(folder)
    return folder


def test_the_folder_of_an_old_run_goes_with_all_that_is_in_it_and_what_links_lead_to_stays(
    root: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept.txt").write_text("mine")
    folder = make_folder(root)
    (folder / "link").symlink_to(elsewhere)
    (folder / "src").chmod(0o500)
    age(folder)
    assert len(due_folders(NOW)) == 1
    assert {one.key: one.count for one in prune(only=["work-folders"], now=NOW)} == {"work-folders": 1}
    assert list(root.iterdir()) == []
    assert (elsewhere / "kept.txt").read_text() == "mine"
    assert prune_folders(NOW) == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"finished_at": NOW - timedelta(days=29)},
        {"status": RunStatus.RUNNING, "finished_at": None},
        {"kind": NodeKind.CALL},
    ],
)
def test_the_folder_of_a_young_run_of_one_under_way_and_one_without_an_agent_stay(
    root: Path, fields: dict[str, Any]
) -> None:
    folder = make_folder(root, **fields)
    assert (due_folders(NOW), prune_folders(NOW)) == ([], 0)
    assert (folder / "src" / "main.py").exists()


def test_a_folder_in_which_somebody_goes_on_working_stays(root: Path) -> None:
    folder = make_folder(root)
    (folder / "src" / "main.py").write_text("print(2)")
    assert (due_folders(NOW), prune_folders(NOW)) == ([], 0)
    assert folder.exists()


def test_what_is_no_folder_of_a_run_of_this_site_stays(root: Path, tmp_path: Path) -> None:
    folder = make_folder(root)
    others = [root / "notes", root / "0b9de9b0-95d4-4d8a-9f2f-0d5f3a3f7c11", root / folder.name.upper()]
    for other in others:
        other.mkdir()
        age(other)
    target = folder.rename(tmp_path / "moved")
    folder.symlink_to(target)
    assert prune_folders(NOW) == 0
    assert all(other.exists() for other in others)
    assert (target / "src" / "main.py").exists()


def test_for_ever_means_for_ever(root: Path, settings: Any) -> None:
    settings.ARTIFACT_RETENTION_DAYS = 0
    folder = make_folder(root)
    assert (due_folders(NOW), prune_folders(NOW), folder.exists()) == ([], 0, True)


def test_a_run_that_is_asked_for_again_meanwhile_keeps_its_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder(root)
    due = due_folders(NOW)
    Run.objects.update(status=RunStatus.QUEUED, finished_at=None)
    monkeypatch.setattr(work_folders, "due_folders", lambda _: due)
    assert (prune_folders(NOW), folder.exists()) == (0, True)


def test_what_a_kill_left_is_removed_the_next_time(root: Path) -> None:
    left = root / ".going-0b9de9b0-95d4-4d8a-9f2f-0d5f3a3f7c11"
    (left / "src").mkdir(parents=True)
    assert (prune_folders(NOW), left.exists()) == (0, False)


def test_where_no_agent_ever_worked_there_is_nothing_to_do(settings: Any, tmp_path: Path) -> None:
    settings.HARNESS_WORK_DIR = str(tmp_path / "none")
    assert (due_folders(NOW), prune_folders(NOW)) == ([], 0)
