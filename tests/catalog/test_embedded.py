"""The snapshot that ships: what may be in it, and that a fresh site starts from it."""

from __future__ import annotations

import lzma
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.test import Client

from catalog import queries
from catalog.embedded import (
    EMBEDDED_PATH,
    EMBEDDED_SOURCES,
    EmbeddedSource,
    pack_embedded,
    parse_embedded,
    read_embedded,
)
from catalog.load import load_embedded
from catalog.models import SourceState
from catalog.queries.sources import SourceLight
from catalog.shapes import Measure, ModelFacts, ParsedSource, Pricing, RejectedRow, Source, SourceRecord
from smartspawn.access.models import User
from smartspawn.access.shapes import COMMAND_LINE, Role
from smartspawn.lib.errors import SourceMalformed

MOMENT = datetime(2026, 7, 22, tzinfo=UTC)


def facts(description: str = "") -> ModelFacts:
    return ModelFacts("a/b", "A: B", Pricing(prompt_usd_per_mtok=Decimal("0.1")), description=description)


def arena(*benchmarks: str) -> SourceRecord:
    measures = tuple(Measure(name, 1400.0, release="2026-07-08", lower=1390.0, upper=1410.0) for name in benchmarks)
    return SourceRecord(Source.LMARENA, "b", measures=measures, payload_sha256="f" * 64)


def packed(parsed: ParsedSource) -> bytes:
    return pack_embedded([EmbeddedSource(MOMENT, ("f" * 64,), parsed)], ["thanks"])


def unpacked(parsed: ParsedSource, folder: Path) -> ParsedSource:
    path = folder / "snapshot.json.xz"
    path.write_bytes(packed(parsed))
    return parse_embedded(read_embedded(path)[0].body)


def test_facts_and_ratings_come_back_exactly_and_prose_does_not(tmp_path: Path) -> None:
    back = unpacked(ParsedSource(Source.OPENROUTER, models=(facts("Sold by the yard."),)), tmp_path)
    assert back.models[0].pricing == facts().pricing
    assert back.models[0].description == ""


def test_only_the_scale_that_scores_use_is_kept(tmp_path: Path) -> None:
    record = arena("lmarena.text.coding", "lmarena.text_plain.coding")
    back = unpacked(ParsedSource(Source.LMARENA, records=(record,)), tmp_path)
    assert [measure.benchmark for measure in back.records[0].measures] == ["lmarena.text.coding"]


def test_what_is_read_back_names_the_embedded_payload(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json.xz"
    path.write_bytes(packed(ParsedSource(Source.LMARENA, records=(arena("lmarena.text.coding"),))))
    payload = read_embedded(path)[0]
    assert parse_embedded(payload.body).records[0].payload_sha256 == payload.sha256
    assert payload.fetched_at == MOMENT


def test_the_same_input_gives_the_same_file() -> None:
    parsed = ParsedSource(Source.OPENROUTER, models=(facts(),), rejected=(RejectedRow(Source.OPENROUTER, "m", 1, "x"),))
    assert packed(parsed) == packed(parsed)


@pytest.mark.parametrize("source", sorted(set(Source) - set(EMBEDDED_SOURCES)))
def test_a_source_that_may_not_be_passed_on_is_refused(source: Source) -> None:
    with pytest.raises(ValueError, match=source):
        packed(ParsedSource(source))


@pytest.mark.parametrize("body", [b"", b"junk", lzma.compress(b"{}"), lzma.compress(b'{"format": 99}')])
def test_a_damaged_file_is_a_clear_error(body: bytes, tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json.xz"
    path.write_bytes(body)
    with pytest.raises(SourceMalformed, match=r"snapshot\.json\.xz"):
        read_embedded(path)


def test_the_shipped_file_holds_only_what_may_ship() -> None:
    payloads = read_embedded()
    assert {payload.source for payload in payloads} == set(EMBEDDED_SOURCES)
    benchmarks = {
        measure.benchmark
        for payload in payloads
        for record in parse_embedded(payload.body).records
        for measure in record.measures
    }
    assert benchmarks
    assert all(name.startswith("lmarena.") for name in benchmarks)
    assert not any(model.description for payload in payloads for model in parse_embedded(payload.body).models)
    assert EMBEDDED_PATH.stat().st_size < 400_000


@pytest.mark.django_db
def test_a_fresh_site_starts_with_the_shipped_models_and_says_how_old_they_are() -> None:
    outcome = load_embedded(actor=COMMAND_LINE)
    assert outcome.is_published
    assert len(queries.entries_by_id()) > 300
    assert sum(bool(entry.records) for entry in queries.entries_by_id().values()) > 100
    reports = {report.info.key: report for report in queries.list_sources()}
    assert reports[Source.OPENROUTER].light is SourceLight.AMBER
    assert "days old" in reports[Source.OPENROUTER].reason
    assert reports[Source.LMARENA].matched_count > 100


@pytest.mark.django_db
def test_a_source_that_was_never_asked_tells_no_success_but_names_the_data_that_ships(client: Client) -> None:
    load_embedded(actor=COMMAND_LINE)
    client.force_login(User.objects.create(username="vera", role=Role.VIEWER))
    facts = " ".join(re.sub("<[^>]+>", " ", client.get("/sources/openrouter/").content.decode()).split())
    dated = f"{read_embedded()[0].fetched_at:%-d %B %Y}"
    assert "Last success never Last attempt never" in facts
    assert f"what ships with Smart Spawn, of {dated}" in facts


@pytest.mark.django_db
def test_what_ships_takes_no_earlier_success_back() -> None:
    SourceState.objects.create(source=Source.OPENROUTER, last_success_at=MOMENT)
    load_embedded(actor=COMMAND_LINE)
    assert SourceState.objects.get(pk=Source.OPENROUTER).last_success_at == MOMENT
