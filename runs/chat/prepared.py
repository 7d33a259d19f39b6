"""Chats that may begin: who answers is settled, nothing was sent yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from runs.chat.shapes import ChatAsk
from runs.places.lookup import Spot
from runs.shapes import Payer


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat that may begin: who answers, who stands in, who pays."""

    chat_id: UUID
    ask: ChatAsk
    spots: tuple[Spot, ...]  # in the order in which they are tried
    payer: Payer
    prompt_tokens: int  # estimated
    reason: str
    session: str
    timeout_s: float
    find_more: Callable[[], tuple[Spot, ...]] = tuple  # when all of these failed; may read the database
    writes: tuple[Callable[[], None], ...] = ()  # what is to be written down of the choice, once the call is out

    @property
    def decision_id(self) -> str:
        return self.payer.decision_id


@dataclass(frozen=True, slots=True)
class RunChat:
    """A chat that a run answers."""

    run_id: UUID
    ask: ChatAsk
    reason: str
