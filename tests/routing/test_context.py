"""Context tags: who is lifted, by how much, and who must be able to do what."""

from __future__ import annotations

import pytest

from catalog.shapes import BenchmarkStats, Category, Entry, Measure, Snapshot, Source, SourceRecord
from routing.context import TAG_SIGNALS, ContextBooster, needs_of
from routing.learned import NOTHING_LEARNED, effective_tags, learn
from routing.shapes import Adjustment, Evidence
from routing.thresholds import CURRENT_POLICY as POLICY
from tests.factories import make_entry, make_facts, make_snapshot


def entry(name: str, tokens: int | None = 100_000, **measured: float) -> Entry:
    measures = tuple(Measure(key.replace("__", "."), value) for key, value in measured.items())
    record = SourceRecord(source=Source.LIVEBENCH, name=name, measures=measures)
    facts = make_facts(f"acme/{name}", context_length_tokens=tokens)
    return make_entry(f"acme/{name}", facts=facts, records=(record,))


def snapshot(*entries: Entry, **stats: tuple[float, float]) -> Snapshot:
    benchmarks = tuple(
        BenchmarkStats(key.replace("__", "."), "", mean, stddev, 40) for key, (mean, stddev) in stats.items()
    )
    return make_snapshot(*entries, benchmarks=benchmarks)


STATS = {
    "livebench__agentic_coding": (40.0, 10.0),
    "livebench__coding": (50.0, 10.0),
    "aa__livecodebench": (60.0, 10.0),
}


def boost(one: Entry, *tags: str, stats: dict[str, tuple[float, float]] = STATS) -> float:
    return ContextBooster(snapshot(one, **stats), tags, POLICY).boost(one)


def test_points_are_z_times_weight_times_ten() -> None:
    one = entry("a", livebench__agentic_coding=60.0, livebench__coding=60.0, aa__livecodebench=75.0)
    assert boost(one, "typescript") == pytest.approx(2 * 1.5 + 1 * 1.0 + 1.5 * 1.0)


def test_what_is_below_the_mean_or_missing_neither_adds_nor_takes() -> None:
    assert boost(entry("a", livebench__agentic_coding=10.0, livebench__coding=60.0), "typescript") == 1.0
    assert boost(entry("a"), "typescript") == 0.0


def test_a_benchmark_that_is_missing_for_one_model_has_no_stand_in() -> None:
    stats = STATS | {"lmarena__text__coding": (1300.0, 50.0)}
    assert boost(entry("a", lmarena__text__coding=1500.0), "typescript", stats=stats) == 0.0


def test_a_benchmark_that_the_catalogue_lacks_has_one() -> None:
    stats = {"lmarena__text__coding": (1300.0, 50.0)}
    assert boost(entry("a", lmarena__text__coding=1400.0), "typescript", stats=stats) == pytest.approx(2 * 3.5)


def test_a_repeated_tag_counts_once_and_unknown_ones_do_nothing() -> None:
    one = entry("a", livebench__coding=60.0)
    assert boost(one, "rust", "rust") == boost(one, "rust") == boost(one, "rust", "constructor", "nonsense") == 1.0


def test_boosts_end_at_fifteen() -> None:
    one = entry("a", livebench__agentic_coding=1000.0)
    assert boost(one, "typescript", "react", "css") == 15.0


def test_the_order_of_tags_makes_no_difference() -> None:
    one = entry("a", livebench__agentic_coding=53.0, livebench__coding=61.0, aa__livecodebench=77.0)
    assert boost(one, "python", "react", "sql") == boost(one, "sql", "python", "react")


def test_a_tag_does_something_by_the_table_or_by_what_was_learned_on_it() -> None:
    tags = ("sql", "bogus", "css", "sql", "elixir")
    assert effective_tags(tags, NOTHING_LEARNED) == ("css", "sql")
    learned = learn([Adjustment(Evidence.CONTEXT, "a/b", Category.CODING, 0.9, 5, "elixir")])
    assert effective_tags(tags, learned) == ("css", "elixir", "sql")


def test_vision_and_long_context_ask_for_what_they_name() -> None:
    assert needs_of(("vision",)).required_capabilities == ("vision",)
    assert needs_of(("long-context",)).min_context_tokens == 100_000
    assert needs_of(("rust",)) == needs_of(())


def test_long_context_lifts_by_length_and_vision_by_the_arena_of_pictures() -> None:
    short, long, unknown = entry("short", 100_000), entry("long", 2_000_000), entry("unknown", None)
    booster = ContextBooster(snapshot(short, long, unknown), ("long-context",), POLICY)
    assert booster.boost(long) > 0
    assert booster.boost(short) == booster.boost(unknown) == 0
    stats = {"lmarena__vision__overall": (1200.0, 50.0)}
    assert boost(entry("a", lmarena__vision__overall=1250.0), "vision", stats=stats) == 1.5


def test_the_table_has_the_ancestor_s_fifteen_tags_and_the_two_it_only_promised() -> None:
    assert len(TAG_SIGNALS) == 17
    assert {"vision", "long-context", "typescript", "supabase", "css"} <= set(TAG_SIGNALS)
