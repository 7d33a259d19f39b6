"""What is set aside for a call."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from runs.ledger import UnpricedModel, priced, quote_nano
from runs.ledger.quote import FLAT_ASSUMPTION
from tests.runs.ledger.calls import ENDPOINT

UNPRICED = replace(ENDPOINT, prompt_usd_per_mtok=None, completion_usd_per_mtok=None, price_source="")


def test_a_quote_is_the_prompt_and_the_longest_answer_at_the_endpoints_price() -> None:
    # 1,000 tokens at $1 and 500 at $4 a million: a tenth and two tenths of a cent.
    assert quote_nano(ENDPOINT, 1_000, 500) == 1_000_000 + 2_000_000


def test_an_answer_cannot_be_longer_than_the_model_writes() -> None:
    assert quote_nano(ENDPOINT, 0, 100_000, model_max_output_tokens=500) == 2_000_000
    assert quote_nano(ENDPOINT, 0, 100, model_max_output_tokens=500) == 400_000


def test_a_part_of_a_nano_dollar_is_set_aside_as_a_whole_one() -> None:
    cheap = replace(ENDPOINT, prompt_usd_per_mtok=Decimal("0.0001"), completion_usd_per_mtok=Decimal(0))
    assert quote_nano(cheap, 1, 1_000) == 1


def test_writing_a_cache_is_set_aside_at_the_price_of_writing() -> None:
    dear = replace(ENDPOINT, cache_write_usd_per_mtok=Decimal("1.25"))
    assert quote_nano(dear, 1_000, 0, writes_cache=True) == 1_250_000
    assert quote_nano(dear, 1_000, 0) == 1_000_000
    assert quote_nano(ENDPOINT, 1_000, 0, writes_cache=True) == 1_000_000


def test_a_free_model_has_a_price_and_it_is_nothing() -> None:
    assert quote_nano(replace(ENDPOINT, prompt_usd_per_mtok=Decimal(0), completion_usd_per_mtok=Decimal(0)), 9, 9) == 0


@pytest.mark.parametrize("missing", ["prompt_usd_per_mtok", "completion_usd_per_mtok"])
def test_a_model_that_lacks_a_price_is_refused_with_what_to_do(missing: str, settings: Any) -> None:
    settings.UNPRICED_USD_PER_MTOK = None
    with pytest.raises(UnpricedModel, match="UNPRICED_USD_PER_MTOK") as refused:
        quote_nano(replace(ENDPOINT, **{missing: None}), 1_000, 500)
    assert refused.value.code == "MODEL_UNPRICED"


def test_an_assumed_price_stands_in_for_an_unknown_one_and_says_so(settings: Any) -> None:
    settings.UNPRICED_USD_PER_MTOK = Decimal(10)
    assert quote_nano(UNPRICED, 1_000, 500) == 15_000_000
    assert priced(UNPRICED).price_source == FLAT_ASSUMPTION
    assert priced(replace(UNPRICED, prompt_usd_per_mtok=Decimal(1))).prompt_usd_per_mtok == 1
    assert priced(ENDPOINT) is ENDPOINT


def test_zero_can_be_assumed_where_nothing_costs_anything(settings: Any) -> None:
    settings.UNPRICED_USD_PER_MTOK = Decimal(0)
    assert quote_nano(UNPRICED, 1_000, 500) == 0
