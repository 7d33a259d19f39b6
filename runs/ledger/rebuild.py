"""Make balances and totals again from the ledger's lines, and say what was different."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, cast

from django.db import connection, transaction
from django.db.models import Sum

from runs.ledger.balances import find_caps, new_balance
from runs.ledger.holding import keys_of, read
from runs.ledger.lines import Held
from runs.ledger.rebuild_totals import RebuiltTotals, differing, rebuild_day_totals
from runs.ledger.shapes import BalanceKey
from runs.ledger.thresholds import next_amount, reached
from runs.ledger.windows import RUN_WINDOW, balance_keys, run_scope
from runs.models import Balance, LedgerEntry, Reservation, Run
from runs.shapes import Payer

_PAYER_FIELDS: Final = ("day", "user_id", "key_id", "run_id", "is_simulated")
_CHUNK_ROWS: Final = 2_000
_POSTGRES_LOCK: Final = (  # reading goes on
    "LOCK TABLE runs_reservation, runs_balance, runs_ledgerentry, runs_daytotal, runs_spendtotal, "
    "runs_billtotal IN EXCLUSIVE MODE"
)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many rows the ledger's lines make, and how many of them stood otherwise before."""

    totals: RebuiltTotals
    balance_count: int
    wrong_balance_count: int

    @property
    def is_as_it_was(self) -> bool:
        """Whether everything agreed with the ledger."""
        return self.totals.is_as_it_was and not self.wrong_balance_count


def rebuild_totals(*, is_check: bool = False) -> Rebuilt:
    """Sum the ledger up anew; with ``is_check`` nothing is written. Nobody else writes money meanwhile."""
    with transaction.atomic():
        _shut_out_writers()
        totals = rebuild_day_totals(is_check=is_check)
        balances = _balances_of_ledger()
        wrong_balances = differing(balances, dict(_stored_balances()))
        if wrong_balances and not is_check:
            _write_balances({key: balances.get(key, (0, 0)) for key in wrong_balances})
            _point_to_balances()
    return Rebuilt(totals, len(balances), len(wrong_balances))


def _shut_out_writers() -> None:
    """On SQLite the transaction does so by itself."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_POSTGRES_LOCK)


# --- balances --------------------------------------------------------------------------------------------


def _balances_of_ledger() -> dict[BalanceKey, tuple[int, int]]:
    """(spent, reserved) of every balance that a line or an open reservation counts in."""
    spent: defaultdict[BalanceKey, int] = defaultdict(int)
    lines = LedgerEntry.objects.order_by().values_list(*_PAYER_FIELDS).annotate(sum=Sum("cost_nano_usd"))
    for day, user_id, key_id, run_id, is_simulated, sum_nano in lines.iterator(chunk_size=_CHUNK_ROWS):
        for key in balance_keys(Payer(user_id, key_id, run_id), cast("date", day), is_simulated=is_simulated):
            spent[key] += sum_nano
    reserved = _reserved()
    return {key: (spent[key], reserved[key]) for key in {*spent, *reserved}}


def _reserved() -> defaultdict[BalanceKey, int]:
    reserved: defaultdict[BalanceKey, int] = defaultdict(int)
    for held in _unsettled():
        if held.state == "open":
            for key in keys_of(held):
                reserved[key] += held.amount_nano_usd
    return reserved


def _unsettled() -> Iterator[Held]:
    yield from read(Reservation.objects.exclude(state="settled"))


def _point_to_balances() -> None:
    """Let reservations of which news may still come name the balances as they are now."""
    ids = {BalanceKey(scope, window): pk for pk, scope, window in Balance.objects.values_list("pk", "scope", "window")}
    for held in _unsettled():
        named = [ids[key] for key in keys_of(held) if key in ids]
        if set(named) != set(held.balance_ids):
            Reservation.objects.filter(pk=held.call_id).update(balance_ids=named)


def _stored_balances() -> Iterator[tuple[BalanceKey, tuple[int, int]]]:
    rows = Balance.objects.values_list("scope", "window", "spent_nano_usd", "reserved_nano_usd")
    for scope, window, spent, reserved in rows.iterator(chunk_size=_CHUNK_ROWS):
        yield BalanceKey(scope, window), (spent, reserved)


def _write_balances(balances: Mapping[BalanceKey, tuple[int, int]]) -> None:
    caps = find_caps({key.scope for key in balances}) | _run_caps()
    rows = [_filled(new_balance(key, caps), spent, reserved) for key, (spent, reserved) in balances.items()]
    # The cap of a balance that is there stays: a run's stands nowhere else.
    Balance.objects.bulk_create(
        rows,
        batch_size=_CHUNK_ROWS,
        update_conflicts=True,
        unique_fields=["scope", "window"],
        update_fields=["spent_nano_usd", "reserved_nano_usd"],
    )


def _filled(balance: Balance, spent_nano_usd: int, reserved_nano_usd: int) -> Balance:
    """The new row with its sums; what its cap has reached by them was told when they were booked."""
    balance.spent_nano_usd, balance.reserved_nano_usd = spent_nano_usd, reserved_nano_usd
    if balance.alert_at_nano_usd is not None and balance.cap_nano_usd is not None:
        percent = reached(spent_nano_usd, balance.cap_nano_usd)
        balance.alert_at_nano_usd = next_amount(percent, balance.cap_nano_usd)
    return balance


def _run_caps() -> dict[tuple[str, str], int | None]:
    return {(run_scope(run_id), RUN_WINDOW): cap for run_id, cap in Run.objects.values_list("pk", "cap_nano_usd")}
