"""The sentences in which the ledger says no, each with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runs.ledger.fitting import Shortfall
from runs.ledger.shapes import Refusal, RefusalCode
from runs.ledger.windows import MONTH, RUN_WINDOW, kind_of
from runs.money import format_usd
from runs.shapes import CallQuote

_CLOSED: Final[Mapping[str, tuple[RefusalCode, str]]] = {
    "settled": (RefusalCode.CALL_DONE, "This call has been made and settled. Read its result, or begin a new attempt."),
    "expired": (
        RefusalCode.CALL_UNCERTAIN,
        "This call was given leave before and never came back: it may have been billed. Begin a new attempt.",
    ),
}


def refuse_closed(quote: CallQuote, state: str) -> Refusal:
    """The refusal of a call that had its leave already."""
    code, message = _CLOSED[state]
    return Refusal(quote.call_id, code, message, quote.amount_nano_usd)


def refuse_unopened(quote: CallQuote) -> Refusal:
    """The refusal of a call of a run whose balance was never opened."""
    message = f"Nobody said what run {quote.payer.run_id} may spend: its balance was not opened, so it spends nothing."
    return Refusal(quote.call_id, RefusalCode.RUN_UNOPENED, message, quote.amount_nano_usd)


def refuse_unpriced(quote: CallQuote, message: str) -> Refusal:
    """The refusal of a call that nobody knows the price of."""
    return Refusal(quote.call_id, RefusalCode.MODEL_UNPRICED, message, quote.amount_nano_usd)


def refuse_short(quote: CallQuote, lacking: Shortfall) -> Refusal:
    """The refusal of a call that does not fit under a cap."""
    room = lacking.room
    refusal = Refusal(
        call_id=quote.call_id,
        code=RefusalCode.CAP_EXCEEDED,
        message="",
        needed_nano_usd=quote.amount_nano_usd,
        scope=room.scope,
        window=room.window,
        cap_nano_usd=room.cap_nano_usd,
        spent_nano_usd=room.spent_nano_usd,
        reserved_nano_usd=lacking.reserved_nano_usd,
        kept_nano_usd=quote.least_kept_nano_usd if room.window == RUN_WINDOW else 0,
    )
    message = f"{_state_of(refusal)} {_advice(refusal)}"
    return Refusal(**{name: getattr(refusal, name) for name in Refusal.__slots__} | {"message": message})


def _state_of(refusal: Refusal) -> str:
    cap = "nothing" if refusal.cap_nano_usd == 0 else format_usd(refusal.cap_nano_usd or 0)
    kept = (
        f", {format_usd(refusal.kept_nano_usd)} is kept to bring the answers together" if refusal.kept_nano_usd else ""
    )
    return (
        f"{_whose(refusal.scope)} may spend {cap}{_when(refusal.window)}: "
        f"{format_usd(refusal.spent_nano_usd)} is spent, {format_usd(refusal.reserved_nano_usd)} is set aside{kept}, "
        f"and this call may take {format_usd(refusal.needed_nano_usd)}."
    )


def _advice(refusal: Refusal) -> str:
    if refusal.fits_once_settled:
        return "It will fit if calls under way turn out cheaper: try again when they have ended, or raise the cap."
    if refusal.window == RUN_WINDOW:
        return "Raise the run's cap, or ask for shorter answers or a cheaper model."
    return f"Wait for the end of the {kind_of(refusal.window)} (UTC), or have an admin raise the cap."


def _whose(scope: str) -> str:
    kind = scope.partition(":")[0]
    return {"site": "This site", "user": "This person", "key": "This API key", "run": "This run"}[kind]


def _when(window: str) -> str:
    if not window:
        return ""
    return f" in {window}" if kind_of(window) == MONTH else f" on {window}"
