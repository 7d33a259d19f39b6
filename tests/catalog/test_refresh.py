"""A refresh from end to end: what is published, what stays when an upstream fails or lies."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone

from catalog import queries
from catalog.load import load_embedded
from catalog.models import PriceFact, RefreshRun, SourceState, StoredPayload, StoredSnapshot
from catalog.queries.sources import SourceLight
from catalog.refresh import (
    RefreshOutcome,
    execute_refresh,
    open_captures,
    rebuild_catalog,
    refresh_catalog,
    request_refresh,
)
from catalog.shapes import DifferenceKind, Source
from catalog.source_states import config_of, remove_source_key, set_source_key, switch_source
from catalog.tasks import refresh_due_sources
from smartspawn.access.models import AuditEntry
from smartspawn.access.shapes import COMMAND_LINE
from smartspawn.lib.errors import Conflict, InvalidParam, SourceFault
from tests.captures import write_captures
from tests.upstreams import AA_KEY, Upstreams

pytestmark = pytest.mark.django_db


def refresh(*only: Source) -> RefreshOutcome:
    return refresh_catalog(actor=COMMAND_LINE, trigger="test", only=only)


def light(source: Source) -> SourceLight:
    return next(report.light for report in queries.list_sources() if report.info.key == source)


def kinds(revision: int) -> set[tuple[str, str]]:
    page = queries.list_changes(revision=revision, limit=1000)
    return {(item.difference.kind, item.difference.model_id) for item in page.items}


def prices_of(model_id: str) -> list[Decimal | None]:
    return [point.prompt_usd_per_mtok for point in queries.price_history(model_id)]


def test_the_first_refresh_publishes_every_listed_model_with_scores_and_prices(upstreams: Upstreams) -> None:
    outcome = refresh()
    entries = queries.entries_by_id()
    assert outcome.is_published
    assert len(entries) == len(upstreams.openrouter)
    assert any(entry.scores and entry.records for entry in entries.values())
    assert PriceFact.objects.count() == len(entries)
    assert {light(source) for source in (Source.OPENROUTER, Source.LMARENA, Source.LIVEBENCH)} == {SourceLight.GREEN}
    assert RefreshRun.objects.get().state == RefreshRun.State.DONE


def test_every_part_of_a_score_names_a_payload_that_is_kept(upstreams: Upstreams) -> None:
    refresh()
    parts = [
        part
        for entry in queries.entries_by_id().values()
        for score in entry.scores.values()
        for part in score.parts
        if part.payload_sha256
    ]
    kept = set(StoredPayload.objects.values_list("sha256", flat=True))
    assert parts
    assert {part.payload_sha256 for part in parts} <= kept


def test_a_refresh_that_finds_nothing_new_keeps_the_revision(upstreams: Upstreams) -> None:
    first, second = refresh(), refresh()
    assert (second.revision, second.is_published) == (first.revision, False)
    assert StoredSnapshot.objects.count() == 1


def test_a_moved_price_is_a_new_dated_row_and_a_difference(upstreams: Upstreams) -> None:
    refresh()
    row = next(item for item in upstreams.openrouter if Decimal(item["pricing"]["prompt"]) > 0)
    before = Decimal(row["pricing"]["prompt"]) * 1_000_000
    row["pricing"]["prompt"] = str(Decimal(row["pricing"]["prompt"]) * 2)
    outcome = refresh()
    assert prices_of(row["id"]) == [before, before * 2]
    assert (DifferenceKind.PRICE, row["id"]) in kinds(outcome.revision)


def test_models_that_come_and_go_are_differences(upstreams: Upstreams) -> None:
    refresh()
    gone = upstreams.openrouter.pop()
    outcome = refresh()
    upstreams.openrouter.append(gone)
    back = refresh()
    assert (DifferenceKind.REMOVED, gone["id"]) in kinds(outcome.revision)
    assert (DifferenceKind.ADDED, gone["id"]) in kinds(back.revision)


@pytest.mark.parametrize("fault", [{"status": 503}, {"is_cut": True}, {"body": b"<html>later</html>"}, {"body": b"{}"}])
def test_a_failing_catalogue_leaves_the_last_good_one_in_place(upstreams: Upstreams, fault: dict[str, Any]) -> None:
    first = refresh()
    upstreams.openrouter.pop()  # so that the answer is not "unchanged"
    upstreams.fail("openrouter.ai", **fault)
    second = refresh()
    state = SourceState.objects.get(pk=Source.OPENROUTER)
    assert second.revision == first.revision
    assert light(Source.OPENROUTER) is SourceLight.RED
    assert state.reason
    assert state.data_fetched_at
    assert light(Source.LMARENA) is SourceLight.GREEN


def test_a_refresh_says_afterwards_which_sources_it_could_not_read(upstreams: Upstreams) -> None:
    refresh()
    upstreams.fail("openrouter.ai", status=503)
    refresh()
    report = queries.latest_refresh()
    assert report
    assert list(report.failures) == ["openrouter"]
    assert "503" in report.failures["openrouter"]
    assert report.asked_count == 3
    assert report.progress["lmarena"].startswith("read")


def test_prices_that_all_rose_a_hundredfold_are_not_believed(upstreams: Upstreams) -> None:
    first = refresh()
    for row in upstreams.openrouter:
        for key in ("prompt", "completion"):
            row["pricing"][key] = str(Decimal(row["pricing"][key]) * 100)
    second = refresh()
    assert second.revision == first.revision
    assert SourceState.objects.get(pk=Source.OPENROUTER).error_code == "SOURCE_IMPLAUSIBLE"


def test_a_catalogue_that_lost_most_models_is_not_believed(upstreams: Upstreams) -> None:
    first = refresh()
    del upstreams.openrouter[len(upstreams.openrouter) // 10 :]
    assert refresh().revision == first.revision
    assert light(Source.OPENROUTER) is SourceLight.RED


def test_a_failing_leaderboard_keeps_its_old_values_while_prices_move_on(upstreams: Upstreams) -> None:
    refresh()
    upstreams.fail("huggingface.co", status=500)
    upstreams.openrouter.pop()
    outcome = refresh()
    assert outcome.is_published
    assert light(Source.LMARENA) is SourceLight.RED
    sources = {part.source for entry in queries.entries_by_id().values() for part in _parts(entry)}
    assert Source.LMARENA in sources


def _parts(entry: Any) -> list[Any]:
    return [part for score in entry.scores.values() for part in score.parts]


def test_one_odd_row_is_reported_and_costs_no_other_row(upstreams: Upstreams) -> None:
    count = len(upstreams.openrouter)
    upstreams.openrouter.append({"id": 7, "name": None, "pricing": "free"})
    refresh()
    assert len(queries.entries_by_id()) == count
    state = SourceState.objects.get(pk=Source.OPENROUTER)
    assert state.rejected_count == 1
    assert state.rejected[0]["reason"]


def test_only_the_named_sources_are_asked(upstreams: Upstreams) -> None:
    refresh(Source.OPENROUTER)
    assert {asked.host for asked in upstreams.asked} == {"openrouter.ai"}


def test_without_any_catalogue_the_refresh_fails_and_frees_its_place(upstreams: Upstreams) -> None:
    upstreams.fail("openrouter.ai", status=503)
    with pytest.raises(SourceFault):
        refresh()
    run = RefreshRun.objects.get()
    assert (run.state, run.slot) == (RefreshRun.State.FAILED, None)
    assert "openrouter" in run.error
    assert light(Source.OPENROUTER) is SourceLight.RED


def test_two_refreshes_at_once_are_refused() -> None:
    request_refresh(actor=COMMAND_LINE, trigger="first")
    with pytest.raises(Conflict):
        request_refresh(actor=COMMAND_LINE, trigger="second")


def test_a_trigger_that_quotes_a_long_name_fits_its_column() -> None:
    run = request_refresh(actor=COMMAND_LINE, trigger=f"alias: {'x' * 300}")
    RefreshRun._meta.get_field("trigger").clean(run.trigger, run)


def test_a_run_whose_process_died_gives_way_after_its_lease() -> None:
    dead = request_refresh(actor=COMMAND_LINE, trigger="first")
    overdue = timezone.now() - timedelta(seconds=1)
    RefreshRun.objects.filter(pk=dead.pk).update(lease_until=overdue, state=RefreshRun.State.RUNNING)
    request_refresh(actor=COMMAND_LINE, trigger="second")
    dead.refresh_from_db()
    assert dead.state == RefreshRun.State.LOST
    assert dead.error


def test_a_run_that_lost_its_place_publishes_nothing(upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> None:
    from catalog import refresh as module

    built = module.build_snapshot

    def lose_the_slot(*args: Any, **kwargs: Any) -> Any:
        RefreshRun.objects.update(state=RefreshRun.State.LOST, slot=None, finished_at=timezone.now())
        return built(*args, **kwargs)

    monkeypatch.setattr(module, "build_snapshot", lose_the_slot)
    with pytest.raises(Conflict):
        refresh()
    assert not StoredSnapshot.objects.exists()
    assert not StoredPayload.objects.exists()


def test_a_run_is_done_once_however_often_it_rings(upstreams: Upstreams) -> None:
    run = request_refresh(actor=COMMAND_LINE, trigger="test")
    execute_refresh(run_id=run.pk)
    with pytest.raises(Conflict):
        execute_refresh(run_id=run.pk)


def test_artificial_analysis_is_asked_only_with_a_key_and_accepted_terms(upstreams: Upstreams) -> None:
    refresh()
    assert not any(asked.host == "artificialanalysis.ai" for asked in upstreams.asked)
    with pytest.raises(InvalidParam):
        set_source_key(actor=COMMAND_LINE, source=Source.ARTIFICIAL_ANALYSIS, api_key=AA_KEY, accepts_terms=False)
    set_source_key(actor=COMMAND_LINE, source=Source.ARTIFICIAL_ANALYSIS, api_key=AA_KEY, accepts_terms=True)
    assert config_of(Source.ARTIFICIAL_ANALYSIS).api_key == AA_KEY
    refresh()
    assert light(Source.ARTIFICIAL_ANALYSIS) is SourceLight.GREEN
    remove_source_key(actor=COMMAND_LINE, source=Source.ARTIFICIAL_ANALYSIS, why="test")
    assert light(Source.ARTIFICIAL_ANALYSIS) is SourceLight.OFF


def test_a_source_key_that_cannot_be_opened_any_more_costs_its_source_alone(
    upstreams: Upstreams, settings: Any
) -> None:
    settings.SECRETS_KEYS = [Fernet.generate_key().decode()]
    set_source_key(actor=COMMAND_LINE, source=Source.ARTIFICIAL_ANALYSIS, api_key=AA_KEY, accepts_terms=True)
    settings.SECRETS_KEYS = [Fernet.generate_key().decode()]
    outcome = refresh()
    assert outcome.is_published
    assert light(Source.OPENROUTER) is SourceLight.GREEN
    assert light(Source.ARTIFICIAL_ANALYSIS) is SourceLight.RED


def test_a_source_key_is_stored_sealed_and_never_audited(upstreams: Upstreams) -> None:
    secret = "aa-secret-0123456789abcdef"
    set_source_key(actor=COMMAND_LINE, source=Source.ARTIFICIAL_ANALYSIS, api_key=secret, accepts_terms=True)
    assert secret not in SourceState.objects.get(pk=Source.ARTIFICIAL_ANALYSIS).api_key_sealed
    assert all(secret not in str(entry.__dict__) for entry in AuditEntry.objects.all())


def test_the_schedule_asks_only_sources_whose_time_has_come(upstreams: Upstreams, settings: Any) -> None:
    settings.AUTO_REFRESH = True
    refresh_due_sources()
    asked_first = len(upstreams.asked)
    assert asked_first
    assert refresh_due_sources() == "nothing is due"
    SourceState.objects.filter(pk=Source.OPENROUTER).update(
        data_fetched_at=timezone.now() - timedelta(hours=7), last_attempt_at=timezone.now() - timedelta(hours=7)
    )
    refresh_due_sources()
    assert {asked.host for asked in upstreams.asked[asked_first:]} == {"openrouter.ai"}


def test_a_failed_source_is_not_asked_again_at_every_tick(upstreams: Upstreams, settings: Any) -> None:
    settings.AUTO_REFRESH = True
    upstreams.fail("openrouter.ai", status=503)
    refresh_due_sources()
    asked = sum(item.host == "openrouter.ai" for item in upstreams.asked)
    assert asked
    refresh_due_sources()
    assert sum(item.host == "openrouter.ai" for item in upstreams.asked) == asked


def test_a_folder_without_captures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceFault, match="not a folder"):
        open_captures(tmp_path / "missing")


def test_captures_are_read_and_odd_ones_only_by_force(tmp_path: Path) -> None:
    write_captures(tmp_path / "2026-07-22")
    captures = open_captures(tmp_path / "2026-07-22")
    refresh_catalog(actor=COMMAND_LINE, trigger="test", captures=captures)
    count = len(queries.entries_by_id())
    assert next(use for use in queries.current_snapshot().sources).fetched_at.date().isoformat() == "2026-07-22"
    path = tmp_path / "2026-07-22" / "openrouter.json"
    listing = json.loads(path.read_text())
    listing["data"] = listing["data"][: count // 4]
    path.write_text(json.dumps(listing))
    refresh_catalog(actor=COMMAND_LINE, trigger="test", captures=captures)
    assert len(queries.entries_by_id()) == count
    refresh_catalog(actor=COMMAND_LINE, trigger="test", captures=replace(captures, is_forced=True))
    assert len(queries.entries_by_id()) == count // 4


def test_the_first_real_answer_replaces_the_shipped_data_however_different(upstreams: Upstreams) -> None:
    load_embedded(actor=COMMAND_LINE)
    refresh()
    assert len(queries.entries_by_id()) == len(upstreams.openrouter)


def test_a_source_that_an_admin_switched_off_counts_no_more(upstreams: Upstreams) -> None:
    refresh()
    switch_source(actor=COMMAND_LINE, source=Source.LIVEBENCH, is_enabled=False, why="not for us")
    rebuild_catalog(actor=COMMAND_LINE, trigger="switch")
    assert Source.LIVEBENCH not in {use.source for use in queries.current_snapshot().sources}
    switch_source(actor=COMMAND_LINE, source=Source.LIVEBENCH, is_enabled=True, why="again")
    rebuild_catalog(actor=COMMAND_LINE, trigger="switch")
    assert Source.LIVEBENCH in {use.source for use in queries.current_snapshot().sources}


def test_data_held_that_cannot_be_read_any_more_costs_its_source_alone(upstreams: Upstreams) -> None:
    refresh()
    damaged = zlib.compress(b"junk")
    StoredPayload.objects.filter(source=Source.LMARENA).update(body_compressed=damaged)
    rebuild_catalog(actor=COMMAND_LINE, trigger="after damage")
    assert Source.LMARENA not in {use.source for use in queries.current_snapshot().sources}
    assert Source.LIVEBENCH in {use.source for use in queries.current_snapshot().sources}
    assert light(Source.LMARENA) is SourceLight.RED
