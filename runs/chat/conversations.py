"""Which model a conversation keeps, for as long as it is gone on with."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import connection
from django.utils import timezone

from routing.quick_commit import quick_commit
from runs.models import Conversation
from smartspawn.access.shapes import Actor

# Who comes back after this long is better served by a new choice among what there is by then.
LIFE: Final = timedelta(hours=24)
_NOTED_EVERY: Final = timedelta(minutes=10)
_REASON_CHARS: Final = 500
_BEGINNING_S: Final = 30.0  # writing a choice down takes a moment; what takes longer never comes
# Every chat asks this, and the ORM takes several times as long as the database.
_FIND: Final = (
    "SELECT model_id, category, reason, decision_id, used_at < %s FROM runs_conversation"
    " WHERE digest = %s AND used_at >= %s"
)
# One statement for what begins and what is chosen anew; a conversation that another process began meanwhile stays.
_KEEP: Final = (
    "INSERT INTO runs_conversation"
    " (digest, user_id, model_id, category, reason, decision_id, created_at, used_at)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT (digest) DO UPDATE SET user_id = excluded.user_id, model_id = excluded.model_id,"
    " category = excluded.category, reason = excluded.reason, decision_id = excluded.decision_id,"
    " created_at = excluded.created_at, used_at = excluded.used_at"
    " WHERE runs_conversation.used_at < %s OR runs_conversation.model_id = %s"
)
Write = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """What a conversation was given."""

    model_id: str
    category: str
    reason: str
    decision_id: str


def scope_of(actor: Actor) -> str:
    """Whose conversations these are: a person's keys share theirs."""
    return f"user:{actor.user_id}" if actor.user_id is not None else f"key:{actor.key_id}"


def find_kept(digest: str, *, now: datetime | None = None) -> Kept | None:
    """What the conversation keeps; None for a new one, and for one that was left long ago."""
    if begun := _beginning.find(digest):
        return begun
    moment, adapt = now or timezone.now(), connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [adapt(moment - _NOTED_EVERY), digest, adapt(moment - LIFE)])
        row = cursor.fetchone()
    if row is None:
        return None
    if row[4]:
        Conversation.objects.filter(pk=digest).update(used_at=moment)
    return Kept(*row[:4])


class Beginning:
    """Conversations that this process has begun and not yet written down."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Kept]] = {}

    def find(self, digest: str) -> Kept | None:
        """What the conversation keeps, where it began a moment ago."""
        began_at_s, kept = self._kept.get(digest, (float("-inf"), None))
        return kept if time.monotonic() - began_at_s < _BEGINNING_S else None

    def begin(self, digest: str, kept: Kept) -> Kept:
        """Have the conversation keep this, unless another request was faster: what it keeps."""
        with self._lock:
            now_s = time.monotonic()
            for old in [key for key, (began_at_s, _) in self._kept.items() if now_s - began_at_s >= _BEGINNING_S]:
                del self._kept[old]  # its client left before the call: nothing was written
            return self._kept.setdefault(digest, (now_s, kept))[1]

    def end(self, digest: str) -> None:
        """It is written down."""
        with self._lock:
            self._kept.pop(digest, None)


_beginning = Beginning()


def keep(digest: str, kept: Kept, *, actor: Actor, instead_of: Kept | None) -> tuple[Kept, Write]:
    """Have the conversation keep this, and how to write that down; of two that begin it at once the first holds.

    Every process knows of it once it is written; until then this one does, and two that begin the same conversation
    in the same moment in two processes may choose differently, for that one answer.
    """
    held = _beginning.begin(digest, kept)
    return held, partial(_write, digest, held, actor.user_id, instead_of)


def _write(digest: str, held: Kept, user_id: int | None, instead_of: Kept | None) -> None:
    moment, adapt = timezone.now(), connection.ops.adapt_datetimefield_value
    now, reason = adapt(moment), held.reason[:_REASON_CHARS]
    over = [adapt(moment - LIFE), instead_of.model_id if instead_of else ""]
    try:
        with quick_commit(), connection.cursor() as cursor:
            row = [digest, user_id, held.model_id, held.category, reason, held.decision_id, now, now]
            cursor.execute(_KEEP, [*row, *over])
    finally:
        _beginning.end(digest)


def prune_conversations(*, now: datetime | None = None) -> int:
    """Drop those that were left long ago; how many."""
    return Conversation.objects.filter(used_at__lt=(now or timezone.now()) - LIFE).delete()[0]
