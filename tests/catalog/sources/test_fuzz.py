"""Whatever an upstream sends, a parser answers with what it could read or with SourceMalformed."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.shapes import ParsedSource, Payload, Source
from catalog.sources import SOURCES, find_source
from catalog.sources.ranges import is_possible
from smartspawn.lib.errors import SourceMalformed
from tests import upstream_rows
from tests.catalog.sources.payloads import payload

PARTS = {
    Source.OPENROUTER: "models",
    Source.ARTIFICIAL_ANALYSIS: "free-page-1",
    Source.HF_LEADERBOARD: "rows_0000",
    Source.LMARENA: "text_style_control",
    Source.LIVEBENCH: "table_2026_06_25",
}
TRUE_BODIES: dict[Source, bytes] = {
    Source.OPENROUTER: json.dumps({"data": upstream_rows.openrouter_rows()[:6]}).encode(),
    Source.ARTIFICIAL_ANALYSIS: json.dumps({"data": upstream_rows.artificial_analysis_rows()[:6]}).encode(),
    Source.HF_LEADERBOARD: json.dumps({"rows": [{"row": row} for row in upstream_rows.hf_rows(6)]}).encode(),
    Source.LMARENA: json.dumps(
        {"rows": [{"row": row} for row in upstream_rows.lmarena_rows("text_style_control")[:6]]}
    ).encode(),
    Source.LIVEBENCH: "".join(upstream_rows.livebench_table("2026_06_25").splitlines(keepends=True)[:6]).encode(),
}
HOSTILE: list[Any] = [
    None, True, False, 0, -1, 1e308, 10**30, 10**400, float("nan"), float("inf"), "", "\x00", "\ud800", "\u202e", "NaN",
    "1e999", "<script>alert(1)</script>", "x" * 10_000, [], {}, [[[[]]]], {"a": {"b": []}}, "2999-01-01", "0000-00-00",
]  # fmt: skip
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.sampled_from(HOSTILE)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=10), inner, max_size=4)),
    max_leaves=12,
)
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def parse_or_refuse(source: Source, body: bytes) -> ParsedSource | None:
    found: Payload = payload(source, body, part=PARTS[source])
    try:
        parsed = find_source(source).parse([found])
    except SourceMalformed:
        return None
    check_sane(parsed)
    return parsed


def check_sane(parsed: ParsedSource) -> None:
    for record in parsed.records:
        assert 0 < len(record.name) <= 200
        record.name.encode()
        for measure in record.measures:
            assert math.isfinite(measure.value)
            assert is_possible(measure.benchmark, measure.value)
    for facts in parsed.models:
        assert 0 < len(facts.model_id) <= 200
        f"{facts.name}{facts.description}{facts.canonical_slug}".encode()
        assert "\x00" not in facts.name + facts.description
        for price in (facts.pricing.prompt_usd_per_mtok, facts.pricing.completion_usd_per_mtok):
            assert price is None or 0 <= price <= 100_000
    for rejected in parsed.rejected:
        assert rejected.reason
        assert len(rejected.reason) <= 300
        assert len(rejected.excerpt) <= 120
        f"{rejected.reason}{rejected.excerpt}".encode()


@pytest.mark.parametrize("source", Source)
@quick
@given(body=st.binary(max_size=400))
def test_any_bytes(source: Source, body: bytes) -> None:
    parse_or_refuse(source, body)


@pytest.mark.parametrize("source", Source)
@quick
@given(value=json_values, key=st.sampled_from(["data", "rows", "pagination", "features"]))
def test_any_json(source: Source, value: Any, key: str) -> None:
    for shape in (value, [value], {key: value}, {key: [value, value]}, {"rows": [{"row": value}]}):
        parse_or_refuse(source, json.dumps(shape).encode())


@pytest.mark.parametrize("source", Source)
@quick
@given(data=st.data())
def test_a_true_payload_with_bytes_changed_or_cut(source: Source, data: st.DataObject) -> None:
    body = bytearray(TRUE_BODIES[source])
    for _ in range(data.draw(st.integers(1, 6))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    parse_or_refuse(source, bytes(body[: data.draw(st.integers(0, len(body)))]))


@pytest.mark.parametrize("source", [source for source in Source if source is not Source.LIVEBENCH])
@quick
@given(data=st.data())
def test_a_true_payload_with_one_hostile_value(source: Source, data: st.DataObject) -> None:
    value = json.loads(TRUE_BODIES[source])
    replace_somewhere(value, data)
    parse_or_refuse(source, json.dumps(value).encode())


def replace_somewhere(value: Any, data: st.DataObject) -> None:
    """Walk down at random and put a hostile value there."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = data.draw(st.sampled_from(keys))
        is_leaf = not isinstance(value[key], dict | list) or not value[key]
        if is_leaf or data.draw(st.integers(0, 4)) == 0:
            value[key] = data.draw(st.sampled_from(HOSTILE))
            return
        value = value[key]


@pytest.mark.parametrize("source", Source)
def test_a_hostile_row_of_megabytes_is_refused_or_reported_in_short(source: Source) -> None:
    giant = "x" * 3_000_000
    keys = ("id", "name", "fullname", "model_name", "Model", "category", "pricing", "rating", "evaluations")
    row = dict.fromkeys(keys, giant)
    for shape in ({"data": [row]}, {"rows": [{"row": row}]}, {"data": [giant]}, giant):
        parse_or_refuse(source, json.dumps(shape).encode())
    parse_or_refuse(source, f"model,python\n{giant},5\na,{giant}\n".encode())


def test_every_source_has_the_same_anatomy() -> None:
    assert [module.INFO.key for module in SOURCES] == list(Source)
    for module in SOURCES:
        assert module.INFO.attribution
        assert module.INFO.licence
        assert module.INFO.refresh_minutes >= 360
        assert module.parse([]).records == ()


@pytest.mark.parametrize("source", Source)
def test_a_true_payload_is_read_without_a_fault(source: Source) -> None:
    parsed = parse_or_refuse(source, TRUE_BODIES[source])
    assert parsed is not None
    assert parsed.models or parsed.records
    assert parsed.rejected == ()
