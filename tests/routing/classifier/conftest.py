"""Bundles to try: the one that ships, copies of it to break, and a folder as spawn-router has it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

SHIPPED = Path(__file__).parents[3] / "routing" / "classifier" / "bundle"
CARD_GRAPH = Path(__file__).parent / "fixtures" / "spawn_router.onnx"


@pytest.fixture
def shipped() -> Path:
    """The bundle of the repository."""
    return SHIPPED


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The shipped bundle in a folder that may be spoilt."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "copied"))


@pytest.fixture
def spawn_router(tmp_path: Path) -> Path:
    """A folder with the files, inputs and outputs of spawn-router's model card, the category head missing."""
    folder = tmp_path / "spawn-router"
    folder.mkdir()
    shutil.copyfile(CARD_GRAPH, folder / "spawn_router.onnx")
    shutil.copyfile(SHIPPED / "spm.model", folder / "spm.model")
    (folder / "model_config.json").write_text(json.dumps({"backbone": "x", "label_maps": {"risk": {"low": 0}}}))
    temperatures = {"complexity_logits": 0.5, "task_type_logits": 0.707946, "risk_logits": 1.059254}
    (folder / "temperature_scaling.json").write_text(json.dumps(temperatures))
    return folder
