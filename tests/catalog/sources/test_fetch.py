"""Fetching all five sources from a server on loopback that speaks their formats."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from catalog.plausibility import check_plausible
from catalog.shapes import Payload, Source
from catalog.sources import SOURCES, fetching, find_source
from catalog.sources import artificial_analysis as aa
from catalog.sources.fetching import fetch_together, replace_host
from catalog.sources.shapes import SourceConfig
from smartspawn.lib.errors import SourceMalformed, SourceNotConfigured, SourceUnreachable
from smartspawn.lib.http import Patience, open_door
from tests.upstreams import AA_KEY, HTML, Upstreams

HOST_OF = {
    Source.OPENROUTER: "openrouter.ai",
    Source.ARTIFICIAL_ANALYSIS: "artificialanalysis.ai",
    Source.HF_LEADERBOARD: "datasets-server.huggingface.co",
    Source.LMARENA: "huggingface.co",
}


@pytest.fixture
def upstreams() -> Iterator[Upstreams]:
    with Upstreams() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = replace(Patience(), backoff_s=0.01)
    monkeypatch.setattr("smartspawn.lib.http.Patience", lambda: quick)
    monkeypatch.setattr("catalog.sources.hf_leaderboard.PAGE_PATIENCE", replace(fetching.PAGE_PATIENCE, backoff_s=0.01))
    for module in ("artificial_analysis", "livebench"):
        monkeypatch.setattr(f"catalog.sources.{module}._PATIENCE", replace(quick, attempts=2))


def fetch(
    source: Source, upstreams: Upstreams, *, known: Mapping[str, Payload] | None = None, api_key: str = AA_KEY
) -> tuple[Payload, ...]:
    async def ask() -> tuple[Payload, ...]:
        config = SourceConfig(api_key=api_key, base_urls=upstreams.base_urls)
        async with open_door() as door:
            return await find_source(source).fetch(door, known or {}, config)

    return asyncio.run(ask())


@pytest.mark.parametrize("source", Source)
def test_what_is_fetched_can_be_read_and_believed(source: Source, upstreams: Upstreams) -> None:
    payloads = fetch(source, upstreams)
    module = find_source(source)
    parsed = module.parse(payloads)
    assert parsed.rejected == ()
    assert check_plausible(parsed, None) == ()
    for payload in payloads:
        assert payload.source is source
        assert payload.url.startswith("https://")  # the upstream's address, not the mirror's
        assert len(payload.sha256) == 64
        assert payload.fetched_at.tzinfo


@pytest.mark.parametrize("source", Source)
def test_what_is_held_and_unchanged_is_not_sent_again(source: Source, upstreams: Upstreams) -> None:
    first = fetch(source, upstreams)
    known = {payload.part: payload for payload in first}
    second = fetch(source, upstreams, known=known)
    for before, after in zip(first, second, strict=True):
        assert after.body is before.body  # kept, not sent again
        assert after.sha256 == before.sha256
        assert after.fetched_at > before.fetched_at


def test_what_is_held_and_changed_is_sent_again(upstreams: Upstreams) -> None:
    (first,) = fetch(Source.OPENROUTER, upstreams)
    upstreams.openrouter[0]["context_length"] = 4242
    (second,) = fetch(Source.OPENROUTER, upstreams, known={"models": first})
    assert second.sha256 != first.sha256
    assert b"4242" in second.body


def test_what_came_from_another_address_sets_no_condition(upstreams: Upstreams) -> None:
    (first,) = fetch(Source.OPENROUTER, upstreams)
    fetch(Source.OPENROUTER, upstreams, known={"models": replace(first, url="capture:openrouter.json")})
    assert "if-none-match" not in upstreams.asked[-1].headers


def test_a_304_for_what_is_not_held_is_a_fault(upstreams: Upstreams) -> None:
    upstreams.fail("openrouter.ai", status=304)
    with pytest.raises(SourceUnreachable, match="never held"):
        fetch(Source.OPENROUTER, upstreams)


@pytest.mark.parametrize("source", HOST_OF)
def test_one_failed_part_fails_the_source(source: Source, upstreams: Upstreams) -> None:
    upstreams.fail(HOST_OF[source], status=503, only={"hf-leaderboard": "'200'", "lmarena": "vision"}.get(source, ""))
    with pytest.raises(SourceUnreachable, match="503"):
        fetch(source, upstreams)


@pytest.mark.parametrize("source", HOST_OF)
def test_a_passing_fault_costs_nothing(source: Source, upstreams: Upstreams) -> None:
    upstreams.fail(HOST_OF[source], status=429, headers={"Retry-After": "0"}, times=1)
    assert find_source(source).parse(fetch(source, upstreams)).rejected == ()


@pytest.mark.parametrize("source", HOST_OF)
def test_a_page_instead_of_data_is_malformed(source: Source, upstreams: Upstreams) -> None:
    upstreams.fail(HOST_OF[source], body=HTML, headers={"Content-Type": "text/html"})
    with pytest.raises(SourceMalformed):
        find_source(source).parse(fetch(source, upstreams))


def test_a_dead_server_is_unreachable(upstreams: Upstreams) -> None:
    upstreams.fail("openrouter.ai", is_cut=True)
    with pytest.raises(SourceUnreachable):
        fetch(Source.OPENROUTER, upstreams)


def test_an_answer_without_end_is_malformed(upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smartspawn.lib.http.Patience", lambda: Patience(body_bytes=10_000))
    with pytest.raises(SourceMalformed, match="more than 10000 bytes"):
        fetch(Source.OPENROUTER, upstreams)


# --- one by one ----------------------------------------------------------------------------


def test_a_model_list_in_pages_is_fetched_to_its_end(upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = upstreams.openrouter
    monkeypatch.setattr(
        upstreams,
        "_openrouter",
        lambda asked: _page(rows[int(asked.query.get("offset", 0)) :][:20], total_count=len(rows)),
    )
    payloads = fetch(Source.OPENROUTER, upstreams)
    assert len(payloads) == 3
    assert len(find_source(Source.OPENROUTER).parse(payloads).models) == len(rows)


def test_a_model_list_that_ends_early_is_malformed(upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = upstreams.openrouter
    monkeypatch.setattr(
        upstreams,
        "_openrouter",
        lambda asked: _page([] if "offset" in asked.query else rows[:20], total_count=len(rows)),
    )
    with pytest.raises(SourceMalformed, match=f"20 of {len(rows)}"):
        find_source(Source.OPENROUTER).parse(fetch(Source.OPENROUTER, upstreams))


def _page(rows: list[dict[str, object]], *, total_count: int) -> tuple[int, str, bytes]:
    from tests.upstreams import _json

    return _json({"data": rows, "total_count": total_count})


def test_artificial_analysis_is_asked_with_the_key_page_by_page(upstreams: Upstreams) -> None:
    payloads = fetch(Source.ARTIFICIAL_ANALYSIS, upstreams)
    assert [asked.query["page"] for asked in upstreams.asked] == ["1", "2", "3"]
    assert {asked.headers["x-api-key"] for asked in upstreams.asked} == {AA_KEY}
    assert len(find_source(Source.ARTIFICIAL_ANALYSIS).parse(payloads).records) == len(upstreams.artificial_analysis)


def test_artificial_analysis_is_not_asked_without_a_key(upstreams: Upstreams) -> None:
    with pytest.raises(SourceNotConfigured):
        fetch(Source.ARTIFICIAL_ANALYSIS, upstreams, api_key="")
    assert upstreams.asked == []


def test_a_key_that_is_not_accepted_is_a_matter_of_settings(upstreams: Upstreams) -> None:
    with pytest.raises(SourceNotConfigured, match="does not accept"):
        fetch(Source.ARTIFICIAL_ANALYSIS, upstreams, api_key="wrong")
    assert len(upstreams.asked) == 1  # a refused key is not tried again


def test_a_key_shows_in_no_text() -> None:
    assert AA_KEY not in repr(SourceConfig(api_key=AA_KEY))


def test_pages_without_end_do_not_use_up_the_days_requests(
    upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstreams.aa_page_size = 1
    with pytest.raises(SourceMalformed, match="more than the 20"):
        fetch(Source.ARTIFICIAL_ANALYSIS, upstreams)
    assert len(upstreams.asked) == 1
    monkeypatch.setattr(aa, "_MOST_PAGES", 5)
    upstreams.fail("artificialanalysis.ai", body=b'{"data": [], "pagination": {"page": 1, "has_more": true}}')
    with pytest.raises(SourceMalformed, match="announces 6 pages"):
        fetch(Source.ARTIFICIAL_ANALYSIS, upstreams)


def test_leaderboard_pages_come_a_few_at_a_time(upstreams: Upstreams) -> None:
    upstreams.hf = upstreams.hf * 5
    payloads = fetch(Source.HF_LEADERBOARD, upstreams)
    assert [payload.part for payload in payloads] == [f"rows_{offset:04d}" for offset in range(0, 1150, 100)]
    assert len(upstreams.asked) == 12


def test_a_leaderboard_that_announces_too_many_rows_is_malformed(upstreams: Upstreams) -> None:
    upstreams.fail("datasets-server.huggingface.co", body=b'{"rows": [], "num_rows_total": 900000}')
    with pytest.raises(SourceMalformed, match="900000"):
        fetch(Source.HF_LEADERBOARD, upstreams)


def test_the_first_failed_page_stops_the_rest(upstreams: Upstreams) -> None:
    upstreams.hf = upstreams.hf * 20
    upstreams.fail("datasets-server.huggingface.co", status=404, only="'100'")
    with pytest.raises(SourceUnreachable, match="404"):
        fetch(Source.HF_LEADERBOARD, upstreams)
    assert len(upstreams.asked) < 20  # of 46 pages


def test_nothing_goes_on_after_a_failure() -> None:
    finished: list[str] = []

    async def fail() -> None:
        raise SourceUnreachable("gone")

    async def dawdle() -> None:
        await asyncio.sleep(0.05)
        finished.append("dawdled")

    async def ask() -> None:
        with pytest.raises(SourceUnreachable):
            await fetch_together([dawdle, fail, dawdle], at_once=2)
        await asyncio.sleep(0.15)

    asyncio.run(ask())
    assert finished == []


def test_livebench_reads_the_releases_that_its_repositories_list(upstreams: Upstreams) -> None:
    upstreams.livebench["2026_07_01"] = upstreams.livebench["2026_06_25"]
    upstreams.livebench["2024_06_24"] = upstreams.livebench["2026_06_25"]
    tables = [payload.part for payload in fetch(Source.LIVEBENCH, upstreams) if payload.part.startswith("table")]
    assert tables == ["table_2025_11_25", "table_2026_01_08", "table_2026_06_25", "table_2026_07_01"]


def test_livebench_finds_known_releases_when_no_list_can_be_had(upstreams: Upstreams) -> None:
    upstreams.fail("api.github.com", status=403)
    assert len(find_source(Source.LIVEBENCH).parse(fetch(Source.LIVEBENCH, upstreams)).records) == 80


def test_livebench_asks_the_repository_when_the_site_answers_with_its_page(upstreams: Upstreams) -> None:
    upstreams.fail("livebench.ai", body=HTML)
    payloads = fetch(Source.LIVEBENCH, upstreams)
    assert {payload.url.split("/")[2] for payload in payloads} == {"raw.githubusercontent.com"}
    assert len(find_source(Source.LIVEBENCH).parse(payloads).records) == 80


def test_a_release_that_cannot_be_had_stays_as_it_was_held(upstreams: Upstreams) -> None:
    held = {payload.part: payload for payload in fetch(Source.LIVEBENCH, upstreams)}
    for host in ("livebench.ai", "raw.githubusercontent.com"):
        upstreams.fail(host, status=404, only="table_2026_01_08")
    again = {payload.part: payload for payload in fetch(Source.LIVEBENCH, upstreams, known=held)}
    assert again["table_2026_01_08"] == held["table_2026_01_08"]
    with pytest.raises(SourceUnreachable, match="2026_01_08"):
        fetch(Source.LIVEBENCH, upstreams)


def test_livebench_without_any_release_is_unreachable(upstreams: Upstreams) -> None:
    for host in ("livebench.ai", "raw.githubusercontent.com", "api.github.com"):
        upstreams.fail(host, status=404)
    with pytest.raises(SourceUnreachable, match="no release"):
        fetch(Source.LIVEBENCH, upstreams)


def test_a_mirror_keeps_path_and_query() -> None:
    config = SourceConfig(base_urls={"a.test": "https://mirror.test/a/"})
    assert replace_host("https://a.test/x/y?z=1", config) == "https://mirror.test/a/x/y?z=1"
    assert replace_host("https://b.test/x", config) == "https://b.test/x"


def test_the_sources_are_listed_once_each() -> None:
    assert len({module.INFO.key for module in SOURCES}) == len(SOURCES) == 5
