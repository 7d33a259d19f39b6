"""Our figures against the providers', put together."""

from __future__ import annotations

from datetime import date

from feedback.reconciling.reconcile import reconcile
from runs.spend.bills import BillRow, BillSum
from tests.feedback.reconciling.calls import call

OFF = BillSum(call_count=4, cost_nano_usd=260, compared_count=2, computed_nano_usd=100, reported_nano_usd=110,
              billed_count=1, billed_nano_usd=50, unreported_count=1, unreported_nano_usd=100)  # fmt: skip


DAYS = {date(2026, 11, 20): OFF}


def row(model: str, sums: BillSum) -> BillRow:
    return BillRow("openrouter", "openrouter", model, sums)


def test_every_division_adds_up_to_the_total() -> None:
    days = {date(2026, 10, 31): OFF, date(2026, 11, 1): OFF, date(2026, 11, 20): OFF}
    found = reconcile([row("acme/beta", OFF), row("acme/alpha", OFF + OFF)], days, [])
    assert found.total.sums == OFF + OFF + OFF
    for groups in (found.months, found.connections, found.providers, found.models):
        assert sum((group.sums for group in groups), BillSum()) == found.total.sums
    assert [group.name for group in found.months] == ["2026-10", "2026-11"]
    assert found.models[0].name == "acme/alpha"  # it differs most


def test_the_residual_is_of_compared_calls_alone() -> None:
    sums = reconcile([row("acme/alpha", OFF)], DAYS, []).total.sums
    assert (sums.residual_nano_usd, sums.residual_share) == (10, 0.1)
    assert (sums.unknown_count, sums.unknown_nano_usd) == (0, 0)
    assert BillSum().residual_share is None


def test_the_median_is_that_of_each_calls_share() -> None:
    sample = [call(100, 100), call(100, 110), call(1_000_000, 3_000_000), call(0, 5)]
    found = reconcile([row("acme/alpha", OFF)], DAYS, sample)
    assert found.models[0].median_share == 0.1
    assert found.models[0].sample_count == 4


def test_the_worst_calls_come_first_and_exact_ones_not_at_all() -> None:
    sample = [call(100, 100), call(100, 90), call(100, 150)]
    assert [item.residual_nano_usd for item in reconcile([row("acme/alpha", OFF)], DAYS, sample).worst] == [50, -10]


def test_nothing_makes_an_empty_reconciliation() -> None:
    found = reconcile([], {}, [])
    assert (found.total.sums, found.report_share, found.total.median_share) == (BillSum(), None, None)
