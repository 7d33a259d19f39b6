"""What admins said, as pages list it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.models import AliasRow, OverrideRow
from catalog.shapes import Alias, Override


@dataclass(frozen=True, slots=True)
class AliasReport:
    """An alias with who made it and when."""

    alias_id: int
    alias: Alias
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OverrideReport:
    override_id: int
    override: Override


def list_aliases(*, search: str = "") -> tuple[AliasReport, ...]:
    """The aliases made on this site, by name; those whose name or model contains the search."""
    rows = AliasRow.objects.order_by("name", "source")
    if search:
        rows = rows.filter(name__icontains=search) | rows.filter(model_id__icontains=search)
    return tuple(_alias(row) for row in rows)


def find_alias(alias_id: int) -> AliasReport | None:
    """One alias, or None."""
    row = AliasRow.objects.filter(pk=alias_id).first()
    return _alias(row) if row else None


def list_overrides(*, model_id: str = "") -> tuple[OverrideReport, ...]:
    """The overrides made on this site, by model and field; those of one model if it is named."""
    rows = OverrideRow.objects.order_by("model_id", "field")
    if model_id:
        rows = rows.filter(model_id=model_id)
    return tuple(_override(row) for row in rows)


def find_override(override_id: int) -> OverrideReport | None:
    """One override, or None."""
    row = OverrideRow.objects.filter(pk=override_id).first()
    return _override(row) if row else None


def _alias(row: AliasRow) -> AliasReport:
    alias = Alias(source=row.source, name=row.name, model_id=row.model_id, why=row.why)
    return AliasReport(alias_id=row.pk, alias=alias, by=row.by, at=row.at)


def _override(row: OverrideRow) -> OverrideReport:
    override = Override(model_id=row.model_id, field=row.field, value=row.value, by=row.by, why=row.why, at=row.at)
    return OverrideReport(override_id=row.pk, override=override)
