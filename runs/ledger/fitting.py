"""Which of the calls asked for fit into the balances, first come first served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runs.ledger.windows import RUN_WINDOW


@dataclass(frozen=True, slots=True)
class Room:
    """A balance as it stands, locked."""

    balance_id: int
    scope: str
    window: str
    cap_nano_usd: int | None
    spent_nano_usd: int
    reserved_nano_usd: int


@dataclass(frozen=True, slots=True)
class Ask:
    """An amount that must fit into every one of these balances."""

    amount_nano_usd: int
    balance_ids: tuple[int, ...]
    kept_nano_usd: int = 0  # must stay free in the run's balance


@dataclass(frozen=True, slots=True)
class Shortfall:
    """The first balance into which an ask does not fit, with what was set aside there by then."""

    room: Room
    reserved_nano_usd: int


def fit(asks: Sequence[Ask], rooms: Mapping[int, Room]) -> tuple[tuple[Shortfall | None, ...], dict[int, int]]:
    """For each ask what it lacks (None: it fits), and what is to be set aside in each balance.

    One that does not fit takes nothing anywhere; a smaller one after it may still fit.
    """
    taken = dict.fromkeys(rooms, 0)
    answers: list[Shortfall | None] = []
    for ask in asks:
        lacking = _first_short(ask, rooms, taken)
        answers.append(lacking)
        if lacking is None:
            for balance_id in ask.balance_ids:
                taken[balance_id] += ask.amount_nano_usd
    return tuple(answers), {balance_id: amount for balance_id, amount in taken.items() if amount}


def _first_short(ask: Ask, rooms: Mapping[int, Room], taken: Mapping[int, int]) -> Shortfall | None:
    for balance_id in ask.balance_ids:
        room = rooms[balance_id]
        if room.cap_nano_usd is None:
            continue
        reserved = room.reserved_nano_usd + taken[balance_id]
        kept = ask.kept_nano_usd if room.window == RUN_WINDOW else 0
        if room.spent_nano_usd + reserved + ask.amount_nano_usd + kept > room.cap_nano_usd:
            return Shortfall(room, reserved)
    return None
