"""Which rules hold: the shipped ones, or the newest that this site saved."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from routing.adjustments import Mark, next_revision
from routing.models import RouteRulesRow
from routing.route_policy import RouteRules
from routing.rule_differences import differences
from routing.rule_documents import DRAFT_VERSION, document_of, read_rules, rules_from
from smartspawn.access.audit import record
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import Conflict, NotFound

_SITE_MARK: Final = "site-"
_DRIVER_ORDER: Final = "driver_order"
_TOLD_DIFFERENCES: Final = 40  # of a change, in the audit log


@cache
def shipped_rules() -> RouteRules:
    """The rules that come with the product."""
    return read_rules(resources.files("routing").joinpath("data/route_rules.yaml").read_text("utf-8"))


def current_rules(mark: Mark) -> RouteRules:
    """The rules that hold now; kept in memory until something in routing changes."""
    return _read_current(mark)


def get_rules(version: str) -> RouteRules:
    """The rules of an earlier decision. Raises NotFound for a version that is not kept."""
    if version == shipped_rules().version:
        return shipped_rules()
    number = version.removeprefix(_SITE_MARK)
    row = RouteRulesRow.objects.filter(pk=int(number)).first() if number.isdecimal() and number.isascii() else None
    if row is None:
        raise NotFound(f"No rules of version '{version[:40]}' are kept.")
    return _of_row(row)


def save_rules(document: Any, *, actor: Actor, why: str = "", base_version: str = "") -> RouteRules:
    """Let these rules hold from the next decision on, as a new version.

    Raises InvalidParam, naming what cannot be used, and Conflict where ``base_version`` is given and others
    hold by now; then nothing changes.
    """
    rules = rules_from({**document, "version": DRAFT_VERSION} if isinstance(document, dict) else document)
    with transaction.atomic():
        revision = next_revision()  # locks: of two at once the second sees what the first saved
        before = _check_base(base_version)
        RouteRulesRow.objects.current().update(valid_until=revision)
        row = RouteRulesRow.objects.create(
            document=_stored(rules), by=actor.label, why=why, at=timezone.now(), valid_from=revision
        )
        saved = _of_row(row)
        _record("rules.save", before, saved, actor=actor, why=why)
    return saved


def restore_shipped_rules(*, actor: Actor, why: str = "", base_version: str = "") -> RouteRules:
    """Let the shipped rules hold again; the site's own versions stay readable.

    Raises Conflict where ``base_version`` is given and others hold by now.
    """
    with transaction.atomic():
        revision = next_revision()
        before = _check_base(base_version)
        RouteRulesRow.objects.current().update(valid_until=revision)
        _record("rules.restore", before, shipped_rules(), actor=actor, why=why)
    return shipped_rules()


def _check_base(base_version: str) -> RouteRules:
    """The rules that hold now. Raises Conflict unless they are those that the change was made to."""
    row = RouteRulesRow.objects.current().first()
    current = _of_row(row) if row else shipped_rules()
    if base_version and base_version != current.version:
        who = f" {row.by} saved them." if row else ""
        raise Conflict(f"The rules are {current.version} by now, not {base_version[:40]}.{who}")
    return current


def _record(action: str, before: RouteRules, after: RouteRules, *, actor: Actor, why: str) -> None:
    told = [words[:200] for words in differences(before, after)[:_TOLD_DIFFERENCES]]
    record(
        actor=actor,
        action=action,
        subject=f"rules {after.version}",
        before={"version": before.version},
        after={"version": after.version, "differences": told},
        why=why,
    )


@lru_cache(maxsize=4)
def _read_current(mark: Mark) -> RouteRules:
    del mark  # the key alone
    row = RouteRulesRow.objects.current().first()
    return _of_row(row) if row else shipped_rules()


def version_of(row: RouteRulesRow) -> str:
    """The version's name."""
    return f"{_SITE_MARK}{row.pk}"


def _stored(rules: RouteRules) -> dict[str, Any]:
    """The document as its column keeps it: PostgreSQL forgets the order of names, and that of drivers counts."""
    return {**document_of(rules), _DRIVER_ORDER: list(rules.drivers)}


def _of_row(row: RouteRulesRow) -> RouteRules:
    document = {name: value for name, value in row.document.items() if name != _DRIVER_ORDER}
    drivers = document["drivers"]
    order = row.document.get(_DRIVER_ORDER, list(drivers))
    return rules_from({**document, "drivers": {name: drivers[name] for name in order}, "version": version_of(row)})
