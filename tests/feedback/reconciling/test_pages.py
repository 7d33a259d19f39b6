"""The pages and addresses of reconciliation, and the check behind them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from feedback.models import PriceCheck
from feedback.reconciling import check
from feedback.reconciling.check import check_prices, find_report
from feedback.reconciling.drift import Direction, UnitPrices
from feedback.reconciling.feed import PriceList, read_price_list
from runs.ledger import reserve, settle
from runs.shapes import Payer
from smartspawn.access.shapes import Role
from tests.factories import make_snapshot, publish_snapshot
from tests.routing.conftest import models
from tests.runs.ledger.calls import quote, settlement
from tests.runs.rows import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_user("root", role=Role.ADMIN))
    return client


@pytest.fixture
def calls() -> None:
    """Three calls: as worked out, a tenth dearer, and without a report."""
    asked = [quote(Payer(user_id=None)) for _ in range(3)]
    reserve(asked)
    figures: list[dict[str, Any]] = [{"reported_nano_usd": 1_000_000}, {"reported_nano_usd": 1_100_000}, {}]
    settle(
        [
            settlement(item.call_id, 1_000_000, computed_nano_usd=1_000_000, **told)
            for item, told in zip(asked, figures, strict=True)
        ]
    )


@pytest.mark.usefixtures("calls")
def test_the_page_and_the_api_tell_the_same(admin: Client) -> None:
    data = admin.get("/api/spend/reconciliation").json()["data"]
    assert data["total"]["compared"] == {
        "calls": 2, "computedUsd": 0.002, "reportedUsd": 0.0021, "residualUsd": 0.0001, "residualShare": 0.05,
        "medianShare": 0.05, "sampleCalls": 2,
    }  # fmt: skip
    assert data["total"]["computedAlone"]["calls"] == 1
    assert [item["residualShare"] for item in data["worst"]] == [0.1]
    page = admin.get("/spend/reconciliation/").content.decode()
    assert "acme/" in page
    assert "Calls that differ most" in page


@pytest.mark.usefixtures("calls")
def test_a_page_takes_few_queries(admin: Client, django_assert_max_num_queries: Any) -> None:
    admin.get("/spend/reconciliation/")
    with django_assert_max_num_queries(8):
        assert admin.get("/spend/reconciliation/?range=365d").status_code == 200


def test_bills_say_by_what_they_cannot_be_narrowed_down(admin: Client) -> None:
    answer = admin.get("/api/spend/reconciliation?mode=single")
    assert answer.status_code == 400
    assert "model, provider" in answer.json()["error"]["message"]


def test_prices_are_unknown_before_the_first_check(admin: Client) -> None:
    assert admin.get("/api/spend/prices").json() == {"data": None}
    assert "Not checked yet" in admin.get("/spend/prices/").content.decode()


def test_a_check_tells_what_is_off_and_since_when(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = make_snapshot(*models())
    publish_snapshot(snapshot)
    facts = next(entry.facts for entry in snapshot.entries if entry.facts.pricing.prompt_usd_per_mtok)
    asked = facts.pricing.prompt_usd_per_mtok or Decimal(0)

    def listed(*_: Any) -> PriceList:
        told = {facts.model_id: UnitPrices("list", {Direction.INPUT: asked * 2})}
        return PriceList("list 1", None, told)

    monkeypatch.setattr(check, "read_price_list", listed)
    first = timezone.now() - timedelta(days=3)
    check_prices(first)
    report = check_prices()
    assert report is not None
    (item,) = report.flagged
    assert (item.finding.model_id, item.finding.change_share, item.since) == (facts.model_id, 1.0, first)
    (told,) = admin.get("/api/spend/prices").json()["data"]["flagged"]
    assert told["changeShare"] == 1.0
    assert facts.model_id in admin.get("/spend/prices/").content.decode()
    assert "1 price of the catalogue" in admin.get("/spend/reconciliation/").content.decode()


def test_checks_are_kept_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    publish_snapshot(make_snapshot(*models()))
    monkeypatch.setattr(check, "read_price_list", lambda *_: PriceList("list 1", None, {}))
    monkeypatch.setattr(check, "KEPT_CHECKS", 2)
    for _ in range(4):
        check_prices()
    assert PriceCheck.objects.count() == 2
    assert find_report() is not None


def test_the_list_tells_only_of_models_that_it_names_for_certain() -> None:
    known, variant, strange = "openai/gpt-4o", "openai/gpt-4o-made-up-7", "nobody/knows-this"
    found = read_price_list([known, variant, strange], timezone.now())
    assert found.prices.keys() == {known}
    assert found.prices[known].usd_per_mtok[Direction.OUTPUT] == Decimal(10)
    assert found.prices[known].source.startswith("openai")
    assert found.newest_on is not None
