"""What admins say of names and numbers, counted at the next build and never lost."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from catalog import queries
from catalog.corrections import remove_alias, set_alias, set_override
from catalog.models import RefreshRun
from catalog.refresh import (
    RefreshOutcome,
    rebuild_catalog,
    refresh_catalog,
    request_refresh,
)
from catalog.shapes import Alias, Category, Override, Source
from catalog.tasks import rebuild_soon, refresh_due_sources
from smartspawn.access.models import AuditEntry
from smartspawn.access.shapes import COMMAND_LINE
from tests.queue import run_queue
from tests.upstreams import Upstreams

pytestmark = pytest.mark.django_db


def refresh(*only: Source) -> RefreshOutcome:
    return refresh_catalog(actor=COMMAND_LINE, trigger="test", only=only)


def prices_of(model_id: str) -> list[Decimal | None]:
    return [point.prompt_usd_per_mtok for point in queries.price_history(model_id)]


def test_an_overridden_price_is_no_price_of_the_provider_s(upstreams: Upstreams) -> None:
    refresh()
    model_id = upstreams.openrouter[0]["id"]
    listed = prices_of(model_id)
    set_override(
        actor=COMMAND_LINE, override=Override(model_id=model_id, field="price.prompt", value="77", why="our contract")
    )
    rebuild_catalog(actor=COMMAND_LINE, trigger="override")
    assert queries.get_entry(model_id).facts.pricing.prompt_usd_per_mtok == Decimal(77)
    assert prices_of(model_id) == listed


def test_an_alias_is_believed_at_the_next_rebuild_and_can_be_taken_back(upstreams: Upstreams) -> None:
    refresh()
    unmatched = queries.list_unmatched(source=Source.LMARENA)
    assert unmatched.names
    name, target = unmatched.names[0].source_name, next(iter(queries.entries_by_id()))
    row = set_alias(
        actor=COMMAND_LINE, alias=Alias(source=Source.LMARENA, name=name, model_id=target, why="seen by hand")
    )
    rebuild_catalog(actor=COMMAND_LINE, trigger="alias")
    assert name in {record.name for record in queries.get_entry(target).records}
    assert name not in {match.source_name for match in queries.list_unmatched(source=Source.LMARENA).names}
    remove_alias(actor=COMMAND_LINE, alias_id=row.pk, why="mistaken")
    rebuild_catalog(actor=COMMAND_LINE, trigger="alias")
    assert name not in {record.name for record in queries.get_entry(target).records}
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == ["alias.set", "alias.remove"]


def test_an_override_beats_every_source_and_shows_as_one(upstreams: Upstreams) -> None:
    refresh()
    model_id = next(key for key, entry in queries.entries_by_id().items() if Category.CODING in entry.scores)
    set_override(
        actor=COMMAND_LINE, override=Override(model_id=model_id, field="score.coding", value="12.5", why="our tests")
    )
    rebuild_catalog(actor=COMMAND_LINE, trigger="override")
    entry = queries.get_entry(model_id)
    assert entry.scores[Category.CODING].value == 12.5
    assert entry.scores[Category.CODING].is_overridden
    assert [(override.by, override.why) for override in entry.overrides] == [("command line", "our tests")]


def test_a_correction_made_while_a_refresh_runs_is_not_lost(
    upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh()
    model_id = next(iter(queries.entries_by_id()))
    from catalog import refresh as module

    built, calls = module.build_snapshot, []

    def correct_meanwhile(*args: Any, **kwargs: Any) -> Any:
        if not calls:
            set_override(
                actor=COMMAND_LINE, override=Override(model_id=model_id, field="score.general", value="1", why="late")
            )
        calls.append(1)
        return built(*args, **kwargs)

    monkeypatch.setattr(module, "build_snapshot", correct_meanwhile)
    refresh()
    assert queries.get_entry(model_id).scores[Category.GENERAL].value == 1.0


def test_a_burst_of_corrections_is_counted_by_one_rebuild(upstreams: Upstreams) -> None:
    refresh()
    model_id = next(iter(queries.entries_by_id()))
    for score in ("1", "2", "3"):
        override = Override(model_id=model_id, field="score.general", value=score, why="burst")
        set_override(actor=COMMAND_LINE, override=override)
        rebuild_soon(actor=COMMAND_LINE, trigger="burst")
    run_queue()
    assert queries.get_entry(model_id).scores[Category.GENERAL].value == 3.0
    assert RefreshRun.objects.filter(trigger="burst").count() == 1


def test_a_correction_that_a_dead_refresh_took_along_is_counted_by_the_schedule(upstreams: Upstreams) -> None:
    refresh()
    model_id = next(iter(queries.entries_by_id()))
    dying = request_refresh(actor=COMMAND_LINE, trigger="dies")
    set_override(actor=COMMAND_LINE, override=Override(model_id=model_id, field="score.general", value="5", why="late"))
    rebuild_soon(actor=COMMAND_LINE, trigger="override")
    run_queue()  # the rebuild is left to the refresh that is running, which then dies
    RefreshRun.objects.filter(pk=dying.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    refresh_due_sources()
    run_queue()
    assert queries.get_entry(model_id).scores[Category.GENERAL].value == 5.0
