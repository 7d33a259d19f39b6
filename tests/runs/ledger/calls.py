"""Calls to reserve and settle, and the books to compare them with."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from django.db.models import Sum

from runs.ledger import open_run_balance
from runs.ledger.rebuild import rebuild_totals
from runs.models import Balance, DayTotal, LedgerEntry, Reservation
from runs.shapes import CallQuote, CallStatus, Endpoint, Payer, Protocol, Purpose, Settlement, Usage

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CENT = 10_000_000
ENDPOINT = Endpoint(
    connection="openrouter",
    provider="openrouter",
    protocol=Protocol.OPENAI,
    base_url="https://models.example/v1",
    wire_model="acme/alpha-1",
    model_id="acme/alpha-1",
    prompt_usd_per_mtok=Decimal(1),
    completion_usd_per_mtok=Decimal(4),
    price_source="catalogue revision 41",
)
SIMULATED = replace(ENDPOINT, connection="simulator", provider="simulator", is_simulated=True)


def quote(payer: Payer, amount: int = CENT, **changes: object) -> CallQuote:
    """A call never asked for before."""
    asked = CallQuote(uuid.uuid4(), payer, ENDPOINT, "task-1", 1, Purpose.TASK, amount)
    return replace(asked, **changes)  # type: ignore[arg-type]


def settlement(call_id: uuid.UUID, cost: int = CENT, **changes: object) -> Settlement:
    """A call that came back with 100 tokens in and 20 out."""
    told = Settlement(call_id, CallStatus.OK, Usage(fresh_input_tokens=100, output_tokens=20), cost, latency_ms=900)
    return replace(told, **changes)  # type: ignore[arg-type]


def open_run(cap: int | None = None) -> uuid.UUID:
    run_id = uuid.uuid4()
    open_run_balance(run_id, cap)
    return run_id


def balance(scope: str, window: str) -> tuple[int, int]:
    """(spent, reserved); nothing where there is no row."""
    row = Balance.objects.filter(scope=scope, window=window).first()
    return (row.spent_nano_usd, row.reserved_nano_usd) if row else (0, 0)


def assert_books_agree() -> None:
    """Ledger, balances, day totals and open reservations say the same, each added up in its own way."""
    real = LedgerEntry.objects.filter(is_simulated=False)
    spent = _sum(real, "cost_nano_usd")
    open_amount = _sum(Reservation.objects.filter(state="open", is_simulated=False), "amount_nano_usd")
    assert _sum(DayTotal.objects.filter(is_simulated=False), "cost_nano_usd") == spent
    assert _sum(DayTotal.objects.all(), "cost_nano_usd") == _sum(LedgerEntry.objects.all(), "cost_nano_usd")
    assert _sum(DayTotal.objects.all(), "call_count") == LedgerEntry.objects.filter(kind="charge").count()
    site = Balance.objects.filter(scope="site")
    for windows in (site.filter(window__regex=r"^.{10}$"), site.filter(window__regex=r"^.{7}$")):
        assert (_sum(windows, "spent_nano_usd"), _sum(windows, "reserved_nano_usd")) == (spent, open_amount)
    assert rebuild_totals(is_check=True).is_as_it_was


def _sum(rows: object, field: str) -> int:
    return rows.aggregate(sum=Sum(field))["sum"] or 0  # type: ignore[attr-defined]
