"""Texts of runs, in the database and on disk."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.utils import timezone

from runs.keeping.artifacts import NewArtifact, prune_artifacts, read_artifact, read_outputs, write_artifacts
from runs.models import Artifact
from smartspawn.lib.errors import NotFound
from tests.runs.rows import make_run

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["database", "disk"])
def kept(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> str:
    settings.ARTIFACTS = request.param
    settings.HOME_DIR = tmp_path
    return str(request.param)


def test_a_text_comes_back_with_its_size_and_digest(kept: str) -> None:
    run = make_run()
    write_artifacts(run.pk, [NewArtifact("task-1", "raw", "grün")])
    text = read_artifact(run.pk, "task-1")
    assert (text.content, text.size_bytes) == ("grün", 5)
    assert text.sha256 == hashlib.sha256("grün".encode()).hexdigest()
    assert bool(text.path) == (kept == "disk")


def test_a_text_written_again_takes_the_place_of_the_former(kept: str) -> None:
    run = make_run()
    write_artifacts(run.pk, [NewArtifact("task-1", "raw", "first", is_partial=True)])
    write_artifacts(run.pk, [NewArtifact("task-1", "raw", "second")])
    assert read_artifact(run.pk, "task-1").content == "second"
    assert not read_artifact(run.pk, "task-1").is_partial
    assert Artifact.objects.count() == 1


def test_two_nodes_may_say_the_same(kept: str) -> None:
    run = make_run()
    write_artifacts(run.pk, [NewArtifact("a", "raw", "same"), NewArtifact("b", "raw", "same")])
    assert read_outputs(run.pk, ["a", "b", "c"]) == {"a": "same", "b": "same"}


def test_many_texts_are_brought_to_disk_side_by_side(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ARTIFACTS, settings.HOME_DIR = "disk", tmp_path
    both_wait = Barrier(2, timeout=5)
    monkeypatch.setattr(os, "fsync", lambda _: both_wait.wait())
    run = make_run()
    write_artifacts(run.pk, [NewArtifact("a", "raw", "one"), NewArtifact("b", "raw", "two")])
    assert read_outputs(run.pk, ["a", "b"]) == {"a": "one", "b": "two"}


def test_the_ends_of_lines_come_back_as_they_were(kept: str) -> None:
    run = make_run()
    write_artifacts(run.pk, [NewArtifact("a", "raw", "one\r\ntwo\rthree\n")])
    text = read_artifact(run.pk, "a")
    assert text.content == "one\r\ntwo\rthree\n"
    assert text.sha256 == hashlib.sha256(text.content.encode()).hexdigest()


def test_half_a_surrogate_and_a_nul_are_kept_as_signs_that_can_be_kept(kept: str) -> None:
    run = make_run()
    write_artifacts(run.pk, [NewArtifact("a", "raw", "x\ud800y\x00z")])
    assert read_artifact(run.pk, "a").content == "x?y\N{REPLACEMENT CHARACTER}z"


def test_an_old_text_is_dropped_and_its_size_and_digest_stay(kept: str, settings: Any, tmp_path: Path) -> None:
    settings.ARTIFACT_RETENTION_DAYS = 30
    old, young, waiting = make_run(status="completed"), make_run(status="completed"), make_run(status="queued")
    for run in (old, young, waiting):
        write_artifacts(run.pk, [NewArtifact("a", "raw", "same"), NewArtifact("b", "raw", "same")])
    Artifact.objects.filter(run__in=[old, waiting]).update(created_at=timezone.now() - timedelta(days=31))
    assert prune_artifacts() == 2
    text = read_artifact(old.pk, "a")
    assert (text.content, text.size_bytes) == (None, 4)
    assert read_artifact(young.pk, "b").content == "same"
    assert read_artifact(waiting.pk, "b").content == "same"  # a run that has not ended reads what it wrote
    assert not (tmp_path / "artifacts" / str(old.pk)).exists()
    assert prune_artifacts() == 0


def test_with_a_retention_of_zero_nothing_is_dropped(kept: str, settings: Any) -> None:
    settings.ARTIFACT_RETENTION_DAYS = 0
    run = make_run()
    write_artifacts(run.pk, [NewArtifact("a", "raw", "text")])
    Artifact.objects.update(created_at=timezone.now() - timedelta(days=4000))
    assert prune_artifacts() == 0
    assert read_artifact(run.pk, "a").content == "text"


def test_what_is_not_there_is_said_in_the_words_that_clients_know() -> None:
    run = make_run()
    with pytest.raises(NotFound, match=f"artifact not found for run={run.pk} node=merged"):
        read_artifact(run.pk, "merged")


def test_a_file_that_somebody_removed_is_a_text_that_is_gone(settings: Any, tmp_path: Path) -> None:
    settings.ARTIFACTS, settings.HOME_DIR = "disk", tmp_path
    run = make_run()
    write_artifacts(run.pk, [NewArtifact("a", "raw", "text")])
    (tmp_path / "artifacts" / read_artifact(run.pk, "a").path).unlink()
    assert read_artifact(run.pk, "a").content is None
