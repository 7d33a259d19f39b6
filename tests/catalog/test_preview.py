"""A catalogue that is only looked at: as the rebuild would make it, and stored nowhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.corrections import set_override
from catalog.load import load_embedded
from catalog.models import OverrideRow, RefreshRun, StoredSnapshot
from catalog.preview import preview_override, preview_removal
from catalog.queries import current_snapshot, entries_by_id
from catalog.refresh import rebuild_catalog
from catalog.shapes import Category, Override
from smartspawn.access.shapes import COMMAND_LINE
from smartspawn.lib.errors import InvalidParam, SourceFault
from tests.factories import publish_snapshot

pytestmark = pytest.mark.django_db


def test_a_preview_is_what_saving_makes_of_it() -> None:
    load_embedded(actor=COMMAND_LINE)
    model_id = next(entry.facts.model_id for entry in current_snapshot().entries if entry.is_candidate)
    before = entries_by_id()[model_id].scores[Category.CODING].value
    wanted = Override(model_id=model_id, field="score.coding", value="99", why="measured here")

    seen = {entry.facts.model_id: entry for entry in preview_override(wanted).entries}

    assert entries_by_id()[model_id].scores[Category.CODING].value == before
    assert OverrideRow.objects.count() == 0
    assert (StoredSnapshot.objects.count(), RefreshRun.objects.count()) == (1, 1)
    row = set_override(actor=COMMAND_LINE, override=wanted)
    rebuild_catalog(actor=COMMAND_LINE, trigger="override")
    made = entries_by_id()
    assert made[model_id].scores[Category.CODING].value == 99
    assert {key: entry.scores for key, entry in seen.items()} == {key: entry.scores for key, entry in made.items()}
    assert {key: entry.facts for key, entry in seen.items()} == {key: entry.facts for key, entry in made.items()}

    without = {entry.facts.model_id: entry for entry in preview_removal(replace(wanted, value=row.value)).entries}
    assert without[model_id].scores[Category.CODING].value == pytest.approx(before)


def test_what_could_not_be_saved_is_not_looked_at_either() -> None:
    publish_snapshot()
    for override in (
        Override(model_id="no/such", field="score.coding", value="50"),
        Override(model_id="acme/alpha-1", field="score.coding", value="101"),
        Override(model_id="acme/alpha-1", field="fame", value="5"),
    ):
        with pytest.raises(InvalidParam):
            preview_override(override)


def test_without_data_to_build_from_there_is_nothing_to_see() -> None:
    publish_snapshot()
    with pytest.raises(SourceFault, match="no catalogue to build"):
        preview_override(Override(model_id="acme/alpha-1", field="score.coding", value="50"))
