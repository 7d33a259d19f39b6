"""The ledger: no call of a model without money set aside for it, and one line for everything that was spent.

A call is *quoted* (``quote_nano``), *reserved* in every scope that pays for it or in none (run; key, person and
site by day and month), and *settled* with what it really cost, *released* where nothing was sent, or *expired*
where nobody ever told: then it is charged at what was set aside, as uncertain, until the truth comes.

The lines are append-only. Balances and day totals are their sums, written in the same transaction, and
``manage.py rebuild_totals`` makes them again. Money counts in the window in which a call was given leave, also
when it ends after midnight. Simulated calls count in their run and nowhere else.

Inside one transaction: rows of the run first, then ``settle`` or ``release``, then ``reserve``, of one payer; of many
payers by ``write_together``. Everybody keeping to that order, nobody waits in a circle on PostgreSQL.
"""

from runs.ledger.balances import open_run_balance, raise_run_cap
from runs.ledger.expire import expire, prune_reservations
from runs.ledger.prices import priced, quote_nano
from runs.ledger.queries import run_money
from runs.ledger.quote import UnpricedModel
from runs.ledger.reserve import reserve
from runs.ledger.settle import release, settle
from runs.ledger.shapes import Refusal, RefusalCode, RunMoney, UncertainCall
from runs.ledger.together import write_together
from runs.tokens.estimate import estimate_tokens, picture_excess

__all__ = [
    "Refusal",
    "RefusalCode",
    "RunMoney",
    "UncertainCall",
    "UnpricedModel",
    "estimate_tokens",
    "expire",
    "open_run_balance",
    "picture_excess",
    "priced",
    "prune_reservations",
    "quote_nano",
    "raise_run_cap",
    "release",
    "reserve",
    "run_money",
    "settle",
    "write_together",
]
