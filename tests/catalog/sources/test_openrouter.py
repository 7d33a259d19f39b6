from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from catalog.shapes import ModelFacts, ParsedSource, PriceOverride, Source
from catalog.sources import openrouter
from smartspawn.lib.errors import SourceMalformed
from tests.catalog.sources.payloads import payload

ROW: dict[str, Any] = {
    "id": "acme/rocket-2",
    "canonical_slug": "acme/rocket-2-20260423",
    "hugging_face_id": "Acme/Rocket-2",
    "name": "Acme: Rocket 2",
    "created": 1776902400,
    "description": "Flies.",
    "context_length": 200000,
    "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
    "pricing": {
        "prompt": "0.0000025",
        "completion": "0.00001",
        "input_cache_read": "0.00000025",
        "web_search": "0.01",
    },
    "top_provider": {"context_length": 200000, "max_completion_tokens": 64000, "is_moderated": True},
    "supported_parameters": ["tools", "reasoning", "tools"],
    "reasoning": {"mandatory": True, "supported_efforts": ["high", "low"], "default_effort": "low"},
    "knowledge_cutoff": "2025-03-31",
    "expiration_date": "2026-12-31",
    "benchmarks": {"artificial_analysis": {"intelligence_index": 99}},
}


def parse(*rows: Any, **envelope: Any) -> ParsedSource:
    return openrouter.parse([payload(Source.OPENROUTER, {"data": list(rows), **envelope}, part="models")])


def parse_one(**changes: Any) -> ModelFacts:
    (facts,) = parse({**ROW, **changes}).models
    return facts


def test_a_whole_row_is_read() -> None:
    parsed = parse(ROW)
    (facts,) = parsed.models
    assert parsed.rejected == ()
    assert parsed.row_count == 1
    assert (facts.model_id, facts.name) == ("acme/rocket-2", "Acme: Rocket 2")
    assert facts.canonical_slug == "acme/rocket-2-20260423"
    assert facts.hugging_face_id == "Acme/Rocket-2"
    assert facts.created_at == datetime(2026, 4, 23, tzinfo=UTC)
    assert (facts.context_length_tokens, facts.max_output_tokens) == (200000, 64000)
    assert facts.input_modalities == ("text", "image")
    assert facts.output_modalities == ("text",)
    assert facts.supported_parameters == ("tools", "reasoning")
    assert facts.reasoning_efforts == ("high", "low")
    assert facts.is_reasoning_mandatory
    assert facts.is_moderated
    assert facts.knowledge_cutoff == "2025-03-31"
    assert facts.expires_on == date(2026, 12, 31)
    assert len(facts.payload_sha256) == 64


def test_prices_are_exact_decimals_per_million_tokens() -> None:
    pricing = parse_one().pricing
    assert pricing.prompt_usd_per_mtok == Decimal("2.5")
    assert pricing.completion_usd_per_mtok == Decimal(10)
    assert pricing.cache_read_usd_per_mtok == Decimal("0.25")
    assert pricing.cache_write_usd_per_mtok is None
    assert pricing.web_search_usd == Decimal("0.01")
    assert str(pricing.completion_usd_per_mtok) == "10"  # no exponent, no trailing zeros


@pytest.mark.parametrize("dynamic", ["-1", "-1.0", -1])
def test_minus_one_is_a_dynamic_price_and_no_fault(dynamic: object) -> None:
    parsed = parse({**ROW, "pricing": {"prompt": dynamic, "completion": dynamic}})
    pricing = parsed.models[0].pricing
    assert pricing.is_dynamic
    assert pricing.prompt_usd_per_mtok is None
    assert pricing.completion_usd_per_mtok is None
    assert parsed.rejected == ()


@pytest.mark.parametrize(
    "odd",
    ["", "free", "-2", "NaN", "Infinity", "1e9999", "1e-9999", "0x10", True, {}, [], "9" * 50, 10**15, "1e-30", "12"],
)
def test_an_unreadable_price_is_unknown_and_told_never_zero(odd: object) -> None:
    parsed = parse({**ROW, "pricing": {"prompt": odd, "completion": "0.000001"}})
    pricing = parsed.models[0].pricing
    assert pricing.prompt_usd_per_mtok is None
    assert not pricing.is_dynamic
    assert pricing.completion_usd_per_mtok == Decimal(1)
    assert [row.reason.split(":")[0] for row in parsed.rejected] == ["its price for prompt cannot be read"]


def test_a_listed_zero_stays_zero() -> None:
    assert parse_one(pricing={"prompt": "0", "completion": "0"}).pricing.prompt_usd_per_mtok == Decimal(0)


def test_overrides_are_a_list_of_conditions() -> None:
    overrides = [
        {"min_prompt_tokens": 200000, "prompt": "0.000005", "completion": "0.0000225"},
        {"utc_start": "1630", "utc_end": "0030", "prompt": "0.00000125", "input_cache_read": "0.0000001"},
    ]
    parsed = parse({**ROW, "pricing": {**ROW["pricing"], "overrides": overrides}})
    assert parsed.rejected == ()
    assert parsed.models[0].pricing.overrides == (
        PriceOverride(
            min_prompt_tokens=200000, prompt_usd_per_mtok=Decimal(5), completion_usd_per_mtok=Decimal("22.5")
        ),
        PriceOverride(
            utc_start="1630",
            utc_end="0030",
            prompt_usd_per_mtok=Decimal("1.25"),
            cache_read_usd_per_mtok=Decimal("0.1"),
        ),
    )


@pytest.mark.parametrize("overrides", ["cheap", [{"prompt": "0"}], [None], [{"utc_start": "9999", "utc_end": "0000"}]])
def test_an_override_without_a_clear_condition_is_left_out_and_told(overrides: object) -> None:
    parsed = parse({**ROW, "pricing": {**ROW["pricing"], "overrides": overrides}})
    assert parsed.models[0].pricing.overrides == ()
    assert len(parsed.rejected) == 1


def test_one_odd_row_costs_no_other_row() -> None:
    odd: list[Any] = [None, 7, "text", {}, {"id": 5}, {"id": ""}, {"id": "x" * 300}, {"id": "two words"}, []]
    parsed = parse(ROW, *odd, {**ROW, "id": "acme/last"})
    assert [facts.model_id for facts in parsed.models] == ["acme/rocket-2", "acme/last"]
    assert [row.row for row in parsed.rejected] == list(range(1, 10))


@pytest.mark.parametrize("missing", ["pricing", "name", "architecture", "top_provider", "reasoning", "created"])
@pytest.mark.parametrize("value", ["absent", None, [], "x\x00y", 3.5, True])
def test_a_row_with_one_odd_field_is_still_listed(missing: str, value: object) -> None:
    row = {key: content for key, content in ROW.items() if key != missing}
    parsed = parse(row if value == "absent" else {**row, missing: value})
    assert parsed.models[0].model_id == "acme/rocket-2"
    assert parsed.models[0].name
    assert "\x00" not in parsed.models[0].name


def test_a_row_without_name_or_prices_is_told() -> None:
    (rejected,) = parse({"id": "acme/bare"}).rejected
    assert rejected.reason == "has no name; its id stands in; has no prices"


def test_a_doubled_id_is_listed_once_and_told() -> None:
    parsed = parse(ROW, {**ROW, "name": "Other"})
    assert [facts.name for facts in parsed.models] == ["Acme: Rocket 2"]
    assert [row.row for row in parsed.rejected] == [1]


@pytest.mark.parametrize("length", [0, -5, 1.5, "200000", True, 10**30, None])
def test_an_impossible_context_length_falls_back_to_the_providers(length: object) -> None:
    assert parse_one(context_length=length).context_length_tokens == 200000
    assert parse_one(context_length=length, top_provider={}).context_length_tokens is None


def test_an_alias_names_its_target() -> None:
    facts = parse_one(id="~acme/rocket-latest", alias_target={"name": "Rocket 2", "slug": "acme/rocket-2"})
    assert facts.alias_target == "acme/rocket-2"


def test_a_long_or_dirty_description_is_cut_and_cleaned() -> None:
    description = parse_one(description="a\x00b\nc\ud800" + "long " * 100_000).description
    assert description.startswith("a b c long")
    assert len(description) <= openrouter.DESCRIPTION_LIMIT
    assert description.encode()


def test_the_relayed_benchmarks_are_not_read() -> None:
    assert parse(ROW).records == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!DOCTYPE html><p>down</p>",
        b'{"data": [{"id": "a"',
        b"[]",
        b"{}",
        b'{"data": {}}',
        b"null",
        b"[" * 100_000,
    ],
)
def test_what_is_no_model_list_is_malformed(body: bytes) -> None:
    with pytest.raises(SourceMalformed):
        openrouter.parse([payload(Source.OPENROUTER, body, part="models")])


def test_html_instead_of_json_is_told_by_its_beginning() -> None:
    with pytest.raises(SourceMalformed, match="DOCTYPE"):
        openrouter.parse([payload(Source.OPENROUTER, "<!DOCTYPE html>", part="models")])


def test_a_list_that_is_shorter_than_it_says_is_malformed() -> None:
    with pytest.raises(SourceMalformed, match="1 of 500"):
        parse(ROW, total_count=500)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400])
def test_a_number_that_json_forbids_costs_one_field_only(number: str) -> None:
    body = '{"data": [{"id": "a/b", "name": "A", "context_length": %s, "pricing": {"prompt": %s}}, {"id": "a/c"}]}'
    parsed = openrouter.parse([payload(Source.OPENROUTER, body % (number, number), part="models")])
    assert [facts.model_id for facts in parsed.models] == ["a/b", "a/c"]
    assert parsed.models[0].context_length_tokens is None
    assert parsed.models[0].pricing.prompt_usd_per_mtok is None
