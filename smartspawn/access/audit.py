"""The record of who changed what, when and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import models

from smartspawn.access.models import AuditEntry
from smartspawn.access.shapes import Actor, AuditCursor, AuditFilter

_NOT_RECORDED = "[not recorded]"
_SECRET_FIELD = re.compile(
    r"passw|secret|digest|ciphertext|authorization|cookie|(?:^|_)(?:token|api_?key)$", re.IGNORECASE
)
# Our own keys and the common forms of providers' keys, should somebody paste one into a reason.
_SECRET_TEXT = re.compile(r"\b(?:ss_[0-9a-f]{8}_[\w-]{20,}|(?:sk|hf|ghp|xox[bp])[-_][\w-]{16,}|aa_[A-Za-z0-9]{20,})")

_CSV_CHUNK_ROWS = 1000


def record(
    *,
    actor: Actor,
    action: str,
    subject: str,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    why: str = "",
) -> None:
    """Add one entry, inside the caller's transaction so that change and record stand or fall together.

    ``action`` is "noun.verb" ("override.set", "key.revoke"), ``subject`` names the thing
    ("model openai/gpt-5", "user alice"). Values that look like secrets are left out.
    """
    AuditEntry.objects.create(
        actor=actor.label[:200],
        user_id=actor.user_id,
        key_id=actor.key_id,
        address=actor.address,
        action=action,
        subject=_without_secrets(subject)[:300],
        before=_without_secrets(before),
        after=_without_secrets(after),
        why=_without_secrets(why),
    )


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return _SECRET_TEXT.sub(_NOT_RECORDED, value)
    if isinstance(value, Mapping):
        return {
            str(name): _NOT_RECORDED if _SECRET_FIELD.search(str(name)) else _without_secrets(item)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_secrets(item) for item in value]
    return value


def list_entries(wanted: AuditFilter, *, after: AuditCursor | None, count: int) -> list[AuditEntry]:
    """The newest entries that fit, beyond the cursor; costs the same on the last page as on the first."""
    return list(_beyond(_matching(wanted), after)[:count])


def iterate_entries(wanted: AuditFilter) -> Iterator[AuditEntry]:
    """Every entry that fits, newest first, a chunk at a time: no lock and no memory for a million rows."""
    after: AuditCursor | None = None
    while chunk := list_entries(wanted, after=after, count=_CSV_CHUNK_ROWS):
        yield from chunk
        after = AuditCursor(at=chunk[-1].at, entry_id=chunk[-1].pk)


def _matching(wanted: AuditFilter) -> models.QuerySet[AuditEntry]:
    exact = {"actor": wanted.actor, "action": wanted.action, "subject": wanted.subject}
    entries = AuditEntry.objects.filter(**{name: value for name, value in exact.items() if value})
    if wanted.since is not None:
        entries = entries.filter(at__gte=datetime.combine(wanted.since, time.min, UTC))
    if wanted.until is not None:
        entries = entries.filter(at__lt=datetime.combine(wanted.until, time.min, UTC) + timedelta(days=1))
    return entries


def _beyond(entries: models.QuerySet[AuditEntry], after: AuditCursor | None) -> models.QuerySet[AuditEntry]:
    if after is None:
        return entries
    # The first condition says nothing new, but it alone can be answered from an index.
    return entries.filter(at__lte=after.at).exclude(at=after.at, id__gte=after.entry_id)
