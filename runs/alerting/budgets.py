"""Budgets as they stand: caps, what is used of them, and what was told."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from runs.alerting.queries import alerts_of_windows
from runs.caps.usage import own_lines
from runs.ledger.caps import CapLine, list_caps
from runs.ledger.thresholds import reached
from runs.shapes.alerts import Alert
from smartspawn.access.shapes import Actor, Scope


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A scope in a window that is running, with what was told of it in this window."""

    line: CapLine
    reached_percent: int  # the highest threshold that is spent now; 0: none
    alerts: tuple[Alert, ...]  # the newest first


def list_budgets(actor: Actor) -> tuple[BudgetState, ...]:
    """Every budget that this person or key may see: their own, for an admin everybody's; those with a cap first."""
    lines = list_caps() if Scope.RUNS_ADMIN in actor.scopes else own_lines(actor)
    told: defaultdict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in alerts_of_windows(actor, {line.window for line in lines}):
        told[alert.scope, alert.window].append(alert)
    states = [
        BudgetState(line, _reached(line), tuple(told[line.scope, line.window]))
        for line in lines
        if line.cap_nano_usd is not None or line.is_used
    ]
    return tuple(sorted(states, key=lambda state: state.line.cap_nano_usd is None))


def _reached(line: CapLine) -> int:
    return reached(line.spent_nano_usd, line.cap_nano_usd or 0)
