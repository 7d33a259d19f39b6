"""What admins say that sources do not: aliases of names, and overrides of single numbers.

Each change is one row with who, when and why, one audit entry in the same transaction, and then a
rebuild of the snapshot from the data held.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.db import transaction
from django.utils import timezone

from catalog.build import Corrections
from catalog.matching import load_shipped_aliases
from catalog.models import AliasRow, OverrideRow
from catalog.override_fields import check_override
from catalog.shapes import Alias, Override
from smartspawn.access import audit
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import InvalidParam, MissingParam, NotFound


def current_corrections() -> Corrections:
    """The shipped aliases, the admins' aliases after them (the later one counts), and the overrides."""
    return Corrections(aliases=(*load_shipped_aliases(), *own_aliases()), overrides=own_overrides())


def fingerprint(corrections: Corrections) -> str:
    """What tells one state of all corrections from another."""
    return hashlib.sha256(msgspec.json.encode(corrections)).hexdigest()


def own_aliases() -> tuple[Alias, ...]:
    """The aliases that admins of this site made."""
    return tuple(
        Alias(source=row.source, name=row.name, model_id=row.model_id, why=row.why)
        for row in AliasRow.objects.order_by("pk")
    )


def own_overrides() -> tuple[Override, ...]:
    """The overrides that admins of this site made."""
    return tuple(
        Override(model_id=row.model_id, field=row.field, value=row.value, by=row.by, why=row.why, at=row.at)
        for row in OverrideRow.objects.order_by("pk")
    )


def set_alias(*, actor: Actor, alias: Alias) -> AliasRow:
    """Say which model a source's name means, or that it is not listed; replaces an earlier word on it."""
    with transaction.atomic():
        return _set_alias(actor, alias, timezone.now())


def set_aliases(*, actor: Actor, aliases: Sequence[Alias]) -> int:
    """Take over a whole list, all or nothing; how many there were."""
    now = timezone.now()
    with transaction.atomic():
        for alias in aliases:
            _set_alias(actor, alias, now)
    return len(aliases)


def remove_alias(*, actor: Actor, alias_id: int, why: str) -> None:
    """Take an alias back. Raises NotFound when somebody else already did."""
    with transaction.atomic():
        row = AliasRow.objects.select_for_update().filter(pk=alias_id).first()
        if row is None:
            raise NotFound("This alias does not exist any more.")
        row.delete()
        audit.record(
            actor=actor,
            action="alias.remove",
            subject=_subject(row.source, row.name),
            before=_alias_facts(row),
            why=why,
        )


def set_override(*, actor: Actor, override: Override) -> OverrideRow:
    """Correct one field of one model; replaces an earlier correction of it.

    Raises InvalidParam for a field or a value that cannot be overridden so.
    """
    with transaction.atomic():
        return _set_override(actor, override, timezone.now())


def set_overrides(*, actor: Actor, overrides: Sequence[Override]) -> int:
    """Take over a whole list, all or nothing; how many there were."""
    now = timezone.now()
    with transaction.atomic():
        for override in overrides:
            _set_override(actor, override, now)
    return len(overrides)


def remove_override(*, actor: Actor, override_id: int, why: str) -> None:
    """Take an override back. Raises NotFound when somebody else already did."""
    with transaction.atomic():
        row = OverrideRow.objects.select_for_update().filter(pk=override_id).first()
        if row is None:
            raise NotFound("This override does not exist any more.")
        row.delete()
        audit.record(
            actor=actor,
            action="override.remove",
            subject=f"{row.model_id} {row.field}",
            before={"value": row.value, "why": row.why},
            why=why,
        )


def _set_alias(actor: Actor, alias: Alias, now: datetime) -> AliasRow:
    name = alias.name.strip()
    _need({"a name": name, "a reason (why)": alias.why.strip()})
    _fit({"name": (name, 300), "model id": (alias.model_id, 200), "why": (alias.why, 500)})
    former = AliasRow.objects.filter(source=alias.source, name__iexact=name).first()
    before = _alias_facts(former) if former else None
    row = former or AliasRow(source=alias.source)
    row.name, row.model_id, row.why, row.by, row.at = (
        name,
        alias.model_id.strip(),
        alias.why.strip(),
        actor.label,
        now,
    )
    row.save()
    audit.record(
        actor=actor,
        action="alias.set",
        subject=_subject(alias.source, name),
        before=before,
        after=_alias_facts(row),
        why=row.why,
    )
    return row


def _set_override(actor: Actor, override: Override, now: datetime) -> OverrideRow:
    model_id = override.model_id.strip()
    _need({"a model id": model_id, "a reason (why)": override.why.strip()})
    _fit({"model id": (model_id, 200), "why": (override.why, 500)})
    value = check_override(override.field, override.value)
    former = OverrideRow.objects.filter(model_id=model_id, field=override.field).first()
    before = {"value": former.value, "why": former.why} if former else None
    row = former or OverrideRow(model_id=model_id, field=override.field)
    row.value, row.why, row.by, row.at = value, override.why.strip(), actor.label, now
    row.save()
    audit.record(
        actor=actor,
        action="override.set",
        subject=f"{row.model_id} {row.field}",
        before=before,
        after={"value": value, "why": row.why},
        why=row.why,
    )
    return row


def _alias_facts(row: AliasRow) -> dict[str, object]:
    return {"source": row.source, "name": row.name, "model_id": row.model_id, "why": row.why}


def _subject(source: str, name: str) -> str:
    return f"{source or 'every source'}: {name}"


def _need(values: dict[str, str]) -> None:
    missing = [what for what, value in values.items() if not value]
    if missing:
        raise MissingParam(f"Say {' and '.join(missing)}.")


def _fit(values: dict[str, tuple[str, int]]) -> None:
    for what, (value, limit) in values.items():
        if len(value) > limit:
            raise InvalidParam(f"The {what} is longer than {limit} characters.")
        if any(ord(character) < 32 for character in value):
            raise InvalidParam(f"The {what} contains control characters.")
