"""Money for calls: asked for, granted, settled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from runs.shapes.calls import CallStatus, Endpoint, Usage
from runs.shapes.plans import Purpose

API_DRIVER: Final = "api"  # a call over a provider's API; otherwise the name of an agent


@dataclass(frozen=True, slots=True)
class Payer:
    """On whose account a call goes, and what the ledger tells of it."""

    user_id: int | None = None
    key_id: int | None = None
    run_id: UUID | None = None
    mode: str = ""  # a run's mode, or "chat"
    category: str = ""
    driver: str = API_DRIVER
    decision_id: str = ""


@dataclass(frozen=True, slots=True)
class CallQuote:
    """A call that somebody wants to make, with the most it is expected to cost."""

    call_id: UUID  # uuid5 of run, node and attempt: the same call asked for twice is one
    payer: Payer
    endpoint: Endpoint
    node_key: str
    attempt: int
    purpose: Purpose
    amount_nano_usd: int
    expires_in_s: float = 300.0
    kept_nano_usd: int = 0  # of the run's cap: what must stay free beside, for what brings the answers together
    least_kept_nano_usd: int = 0  # the same once the other calls under way have ended


@dataclass(frozen=True, slots=True)
class Grant:
    """The ledger's leave to make one call; only ``runs.ledger`` makes one, and no call goes out without."""

    call_id: UUID
    amount_nano_usd: int
    is_simulated: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a granted call came to."""

    call_id: UUID
    status: CallStatus
    usage: Usage
    cost_nano_usd: int
    computed_nano_usd: int | None = None  # tokens times price
    reported_nano_usd: int | None = None  # what the provider says it bills
    served_model: str = ""
    latency_ms: int | None = None
    first_token_ms: int | None = None
    error_code: str = ""
    bill_name: str = ""  # what the provider keeps its bill under, where the cost is not known and it can be asked
