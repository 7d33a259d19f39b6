"""The rows of balances: made, locked in one order, and moved.

Locks are taken in the order of (scope, window), by makers and movers alike, so two transactions that need
the same balances wait for each other and never in a circle. SQLite has one lock for everything and needs none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Collate

from runs.ledger.alerts import note_reached, rearm
from runs.ledger.fitting import Room
from runs.ledger.shapes import BalanceKey
from runs.ledger.thresholds import next_amount
from runs.ledger.windows import RUN_WINDOW, is_run, kind_of, run_scope, scopes_and_windows
from runs.models import Balance, Cap
from smartspawn.lib.errors import Conflict

_ROOM_FIELDS: Final = ("id", "scope", "window", "cap_nano_usd", "spent_nano_usd", "reserved_nano_usd")
_KEY_FIELDS: Final = ["scope", "window"]
# Written out, because every call of a model passes here, and the ORM takes ten times as long as the database.
_TAKE: Final = (
    "UPDATE runs_balance SET reserved_nano_usd = reserved_nano_usd + %s WHERE id = %s"
    " AND (cap_nano_usd IS NULL OR cap_nano_usd >= spent_nano_usd + reserved_nano_usd + %s)"
)
_MOVE: Final = (
    "UPDATE runs_balance SET reserved_nano_usd = reserved_nano_usd + %s, spent_nano_usd = spent_nano_usd + %s"
    " WHERE id = %s"
)


def open_run_balance(run_id: UUID, cap_nano_usd: int | None) -> None:
    """Say what a run may spend (None: no limit); a second word changes nothing."""
    opened = Balance(scope=run_scope(run_id), window=RUN_WINDOW, cap_nano_usd=cap_nano_usd)
    Balance.objects.bulk_create([opened], ignore_conflicts=True)


def raise_run_cap(run_id: UUID, cap_nano_usd: int | None) -> None:
    """Let a run spend up to this; a lower cap than the present one changes nothing, one without gets its first."""
    run_balance = Balance.objects.filter(scope=run_scope(run_id), window=RUN_WINDOW)
    if cap_nano_usd is not None:
        run_balance = run_balance.filter(Q(cap_nano_usd=None) | Q(cap_nano_usd__lt=cap_nano_usd))
    run_balance.update(cap_nano_usd=cap_nano_usd)


def set_cap_of_balances(keys: Collection[BalanceKey], cap_nano_usd: int | None, *, instead_of: int | None) -> None:
    """Let this cap hold in these balances (None: no limit), whoever is just making them, and tell what it reaches."""
    rows = [Balance(scope=key.scope, window=key.window, cap_nano_usd=cap_nano_usd) for key in keys]
    Balance.objects.bulk_create(rows, update_conflicts=True, unique_fields=_KEY_FIELDS, update_fields=["cap_nano_usd"])
    for room in _rooms(keys, is_locking=False).values():  # written just now, so nobody else has them
        rearm(room.balance_id, old_cap_nano_usd=instead_of)


def lock_balances(keys: Collection[BalanceKey]) -> dict[BalanceKey, Room]:
    """These balances, held until the transaction ends; those of windows are made where they are missing.

    A run's balance that nobody opened is absent from the answer.
    """
    found = _rooms(keys, is_locking=False) if _has_row_locks() else _rooms(keys, is_locking=True)
    if any(key not in found and not is_run(key) for key in keys):
        _make(key for key in keys if key in found or not is_run(key))
    elif not _has_row_locks():
        return found
    return _rooms(keys, is_locking=True)


def lock_by_id(balance_ids: Collection[int]) -> None:
    """Hold these balances until the transaction ends."""
    if _has_row_locks() and balance_ids:
        list(_locked(Balance.objects.filter(pk__in=balance_ids)).values_list("pk"))


def take(amounts: Mapping[int, int]) -> None:
    """Set these amounts aside; each must fit, by the database's own word. Raises Conflict if one does not."""
    if not amounts:
        return
    with connection.cursor() as cursor:
        cursor.executemany(_TAKE, [(amount, balance_id, amount) for balance_id, amount in amounts.items()])
        if cursor.rowcount != len(amounts):
            raise Conflict("A balance changed while it was held: nothing was set aside. Try again.")


def move(moves: Mapping[int, tuple[int, int]]) -> None:
    """Change what is (reserved, spent) in each of these balances, which the caller holds."""
    rows = [(reserved, spent, balance_id) for balance_id, (reserved, spent) in moves.items() if reserved or spent]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_MOVE, rows)
    if risen := [balance_id for balance_id, (_, spent) in moves.items() if spent > 0]:
        note_reached(risen)


def find_caps(scopes: Collection[str]) -> dict[tuple[str, str], int | None]:
    """The caps that stand for these scopes, by scope and kind of window."""
    rows = Cap.objects.filter(scope__in=scopes).values_list("scope", "window", "cap_nano_usd")
    return {(scope, kind): cap for scope, kind, cap in rows}


def cap_of_window(caps: Mapping[tuple[str, str], int | None], key: BalanceKey) -> int | None:
    """The cap that a new balance begins with; None: no limit."""
    return caps.get((key.scope, kind_of(key.window)))


def new_balance(key: BalanceKey, caps: Mapping[tuple[str, str], int | None]) -> Balance:
    """A balance that begins now, under the cap that stands."""
    cap = cap_of_window(caps, key)
    return Balance(scope=key.scope, window=key.window, cap_nano_usd=cap, alert_at_nano_usd=_first_alert(key, cap))


def _first_alert(key: BalanceKey, cap_nano_usd: int | None) -> int | None:
    """The spend at which a new balance has something to tell; that of a run is no budget."""
    return None if is_run(key) else next_amount(0, cap_nano_usd)


def _rooms(keys: Collection[BalanceKey], *, is_locking: bool) -> dict[BalanceKey, Room]:
    scopes, windows = scopes_and_windows(keys)
    wanted = Balance.objects.filter(scope__in=scopes, window__in=windows)
    if is_locking and _has_row_locks():
        wanted = _locked(wanted)
    return {BalanceKey(row[1], row[2]): Room(*row) for row in wanted.values_list(*_ROOM_FIELDS)}


def _locked(balances: QuerySet[Balance]) -> QuerySet[Balance]:
    """These rows, locked in the order in which Python sorts their keys: the database's own may differ."""
    return balances.order_by(Collate("scope", "C"), Collate("window", "C")).select_for_update()


def _make(keys: Iterable[BalanceKey]) -> None:
    """Make these balances with the caps that stand; those that exist are locked at their place in the order."""
    wanted = sorted(set(keys))
    caps = find_caps({key.scope for key in wanted})
    rows = [new_balance(key, caps) for key in wanted]
    # A row that is there already is written as it is: that locks it, where skipping it would not.
    Balance.objects.bulk_create(rows, update_conflicts=True, unique_fields=_KEY_FIELDS, update_fields=["scope"])


def _has_row_locks() -> bool:
    return connection.features.has_select_for_update
