"""The versions of a site's rules: checked and saved, listed, compared and put back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from catalog.queries import find_current_snapshot
from routing.adjustments import find_mark
from routing.models import RouteRulesRow
from routing.route_policy import RouteRules
from routing.route_rules import current_rules, get_rules, restore_shipped_rules, save_rules, shipped_rules, version_of
from routing.rule_documents import document_of
from routing.rule_findings import Finding
from routing.rule_linter import has_errors, lint
from smartspawn.access.audit import list_entries
from smartspawn.access.shapes import Actor, AuditFilter
from smartspawn.lib.errors import InvalidParam

VERSIONS_SHOWN: Final = 100
MAX_NOTE_CHARS: Final = 500


@dataclass(frozen=True, slots=True)
class Version:
    """One version that held, or holds: who let it, when and why."""

    version: str
    by: str
    why: str
    at: datetime | None  # None: the shipped rules, which hold until somebody saves others
    rule_count: int
    is_current: bool
    is_shipped: bool


@dataclass(frozen=True, slots=True)
class CheckedRules:
    """Rules with what the linter says of them."""

    rules: RouteRules
    findings: tuple[Finding, ...]

    @property
    def can_be_saved(self) -> bool:
        """Whether nothing is an error."""
        return not has_errors(self.findings)


def rules_in_force() -> RouteRules:
    """The rules that hold now."""
    return current_rules(find_mark())


def check(rules: RouteRules) -> CheckedRules:
    """The rules with what the linter says of them beside the catalogue in use."""
    snapshot = find_current_snapshot()
    return CheckedRules(rules, lint(rules, snapshot.entries if snapshot else ()))


def save_policy(rules: RouteRules, *, actor: Actor, why: str, base_version: str) -> RouteRules:
    """Let these rules hold from the next decision on.

    Raises InvalidParam for the first error of the linter, and Conflict where others than ``base_version``
    hold by now; then nothing changes.
    """
    _check_note(why)
    for finding in check(rules).findings:
        if finding.is_error:
            raise InvalidParam(f"The rules cannot be used: {finding.subject}: {finding.message}")
    return save_rules(document_of(rules), actor=actor, why=why, base_version=base_version)


def restore_version(version: str, *, actor: Actor, why: str, base_version: str) -> RouteRules:
    """Let an earlier version hold again, as a new one; the shipped rules as those of this release.

    Raises NotFound for a version that is not kept, InvalidParam where it has become unusable, and Conflict
    where others than ``base_version`` hold by now.
    """
    _check_note(why)
    rules = get_rules(version)
    if version == shipped_rules().version:
        return restore_shipped_rules(actor=actor, why=why, base_version=base_version)
    return save_policy(rules, actor=actor, why=why or f"{version} restored", base_version=base_version)


def list_versions() -> tuple[Version, ...]:
    """Every version that held, newest first, the shipped rules wherever they held; two queries."""
    rows = list(RouteRulesRow.objects.order_by("-pk")[:VERSIONS_SHOWN])
    shipped = shipped_rules()
    is_shipped_current = not any(row.valid_until is None for row in rows)
    restored = list_entries(AuditFilter(action="rules.restore"), after=None, count=VERSIONS_SHOWN)
    back = [
        Version(shipped.version, entry.actor, entry.why, entry.at, len(shipped.rules), False, is_shipped=True)
        for entry in restored
    ]
    own = [_version(row) for row in rows]
    dated = sorted((*own, *back), key=lambda item: item.at.timestamp() if item.at else 0.0, reverse=True)
    first = Version(shipped.version, "", "", None, len(shipped.rules), False, is_shipped=True)
    return _mark_current((*dated, first), is_shipped_current=is_shipped_current)


def _mark_current(versions: tuple[Version, ...], *, is_shipped_current: bool) -> tuple[Version, ...]:
    """Where the shipped rules hold, their newest mention is the current one."""
    place = next((place for place, item in enumerate(versions) if item.is_shipped), 0) if is_shipped_current else None
    return tuple(
        item if place_of != place else Version(item.version, item.by, item.why, item.at, item.rule_count, True, True)
        for place_of, item in enumerate(versions)
    )


def _version(row: RouteRulesRow) -> Version:
    return Version(
        version=version_of(row),
        by=row.by,
        why=row.why,
        at=row.at,
        rule_count=len(row.document.get("rules", ())),
        is_current=row.valid_until is None,
        is_shipped=False,
    )


def _check_note(why: str) -> None:
    if len(why) > MAX_NOTE_CHARS:
        raise InvalidParam(f"The note is longer than {MAX_NOTE_CHARS} characters.")
    if any(ord(character) < 32 for character in why):
        raise InvalidParam("The note contains control characters.")
