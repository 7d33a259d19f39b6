"""The words of alerts, and what is read of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class AlertKind(StrEnum):
    """What happened to a budget."""

    SPENT = "spent"  # so much of it is spent
    REFUSED = "refused"  # a call did not fit into it


class ReceiverKind(StrEnum):
    """How a receiver is reached."""

    WEBHOOK = "webhook"
    EMAIL = "email"


class Reach(StrEnum):
    """Whose budgets a receiver is told of."""

    OWN = "own"  # of the person who set it up, and of that person's keys
    ALL = "all"  # of everybody, and of the site; while that person is an admin


class DeliveryState(StrEnum):
    """How far a message is."""

    WAITING = "waiting"  # for its first attempt, its next, or the end of the one under way
    SENT = "sent"
    DEAD = "dead"  # given up


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as it is shown and sent."""

    alert_id: UUID
    scope: str
    window: str  # "2026-11-21", "2026-11"
    kind: AlertKind
    threshold_percent: int
    cap_nano_usd: int
    spent_nano_usd: int
    reserved_nano_usd: int
    needed_nano_usd: int | None
    at: datetime
    title: str  # "This site", "alice", "ci-bot (ss_ab12) of alice"

    @property
    def spent_share(self) -> float:
        """The part of the cap that was spent when it was said; more than 1 where calls ended above it."""
        return self.spent_nano_usd / self.cap_nano_usd if self.cap_nano_usd else 1.0


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where alerts are sent, as its owner may see it."""

    receiver_id: int
    kind: ReceiverKind
    reach: Reach
    address: str
    owner: str
    allows_private: bool
    is_confirmed: bool
    is_on: bool
    off_reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewReceiver:
    """A receiver that was just made; the secret of a webhook is shown this once."""

    receiver_id: int
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message on its way to one receiver, or arrived, or given up."""

    delivery_id: int
    receiver_id: int
    message_id: UUID
    alert_id: UUID | None  # None: a test, or the question whether an address is right
    subject: str
    state: DeliveryState
    attempt_count: int
    next_at: datetime
    attempted_at: datetime | None
    answer_status: int | None
    error: str
    created_at: datetime

    @property
    def is_waiting(self) -> bool:
        """Whether another attempt will come by itself."""
        return self.state is DeliveryState.WAITING


@dataclass(frozen=True, slots=True)
class Notice:
    """What a page says above everything else: the highest alert of one budget that was not put away."""

    alert: Alert
    words: str
