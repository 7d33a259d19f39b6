"""Which model a conversation keeps, for as long as it is gone on with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from routing.quick_commit import quick_commit
from runs.models import Conversation
from smartspawn.access.shapes import Actor

# Who comes back after this long is better served by a new choice among what there is by then.
LIFE: Final = timedelta(hours=24)
_NOTED_EVERY: Final = timedelta(minutes=10)
_REASON_CHARS: Final = 500
# Every chat asks this, and the ORM takes several times as long as the database.
_FIND: Final = (
    "SELECT model_id, category, reason, decision_id, used_at < %s FROM runs_conversation"
    " WHERE digest = %s AND used_at >= %s"
)


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
    moment, adapt = now or timezone.now(), connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [adapt(moment - _NOTED_EVERY), digest, adapt(moment - LIFE)])
        row = cursor.fetchone()
    if row is None:
        return None
    if row[4]:
        Conversation.objects.filter(pk=digest).update(used_at=moment)
    return Kept(*row[:4])


def keep(digest: str, kept: Kept, *, actor: Actor, instead_of: Kept | None) -> Kept:
    """Have the conversation keep this; of two that begin it at once the first holds, for both."""
    row = Conversation(
        digest=digest,
        user_id=actor.user_id,
        model_id=kept.model_id,
        category=kept.category,
        reason=kept.reason[:_REASON_CHARS],
        decision_id=kept.decision_id,
    )
    is_over = Q(used_at__lt=timezone.now() - LIFE)
    if instead_of is not None:
        is_over |= Q(model_id=instead_of.model_id)
    with quick_commit():
        Conversation.objects.filter(is_over, pk=digest).delete()
        Conversation.objects.bulk_create([row], ignore_conflicts=True)
        held = Conversation.objects.get(pk=digest)
    return Kept(held.model_id, held.category, held.reason, held.decision_id)


def prune_conversations(*, now: datetime | None = None) -> int:
    """Drop those that were left long ago; how many."""
    return Conversation.objects.filter(used_at__lt=(now or timezone.now()) - LIFE).delete()[0]
