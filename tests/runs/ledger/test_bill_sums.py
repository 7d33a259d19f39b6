"""What is held against a provider's bills, and what is counted apart."""

from __future__ import annotations

from datetime import date
from typing import Any

from runs.ledger.bill_sums import BILL_SUM_FIELDS, bill_sums_of

PLACE = {"day": date(2026, 11, 21), "connection": "openrouter", "provider": "openrouter", "model_id": "acme/alpha"}


def line(cost: int, **more: Any) -> dict[str, Any]:
    return {**PLACE, "call_count": 1, "cost_nano_usd": cost, **more}


def sums(*lines: dict[str, Any]) -> dict[str, int]:
    """What is not zero."""
    ((_, found),) = bill_sums_of(lines).items()
    return {name: value for name, value in zip(BILL_SUM_FIELDS, found, strict=True) if value}


def test_a_call_is_compared_only_where_both_figures_are_known() -> None:
    assert sums(
        line(100, computed_nano_usd=90, reported_nano_usd=100),
        line(50, computed_nano_usd=50),
        line(30, reported_nano_usd=30),
    ) == {
        "call_count": 3, "cost_nano_usd": 180,
        "compared_count": 1, "computed_nano_usd": 90, "reported_nano_usd": 100,
        "billed_count": 1, "billed_nano_usd": 30,
        "unreported_count": 1, "unreported_nano_usd": 50,
    }  # fmt: skip


def test_where_tokens_were_guessed_nothing_is_compared() -> None:
    found = sums(line(100, computed_nano_usd=90, reported_nano_usd=100, is_estimated=True))
    assert found == {"call_count": 1, "cost_nano_usd": 100}


def test_the_truth_after_an_uncertain_charge_is_one_correction_and_one_call() -> None:
    found = sums(
        line(1000, is_estimated=True, status="uncertain"),
        line(-1000, call_count=-1, is_estimated=True, kind="correction"),
        line(400, computed_nano_usd=390, reported_nano_usd=400, kind="correction"),
    )
    assert found == {
        "call_count": 1, "cost_nano_usd": 400,
        "compared_count": 1, "computed_nano_usd": 390, "reported_nano_usd": 400,
        "corrected_count": 1, "corrected_nano_usd": -600,
    }  # fmt: skip


def test_simulated_calls_are_summed_under_keys_of_their_own() -> None:
    found = bill_sums_of([line(1, computed_nano_usd=1), line(1, computed_nano_usd=1, is_simulated=True)])
    assert [key[-1] for key in found] == [False, True]
