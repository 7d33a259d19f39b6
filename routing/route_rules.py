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
from routing.rule_documents import read_rules, rules_from
from smartspawn.access.audit import record
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import NotFound

_SITE_MARK: Final = "site-"


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


def save_rules(document: Any, *, actor: Actor, why: str = "") -> RouteRules:
    """Let these rules hold from the next decision on, as a new version.

    Raises InvalidParam, naming what cannot be used; then nothing changes.
    """
    rules_from(document)
    with transaction.atomic():
        revision = next_revision()
        RouteRulesRow.objects.current().update(valid_until=revision)
        row = RouteRulesRow.objects.create(
            document=document, by=actor.label, why=why, at=timezone.now(), valid_from=revision
        )
        record(actor=actor, action="rules.save", subject=f"rules {_SITE_MARK}{row.pk}", why=why)
    return _of_row(row)


def restore_shipped_rules(*, actor: Actor, why: str = "") -> RouteRules:
    """Let the shipped rules hold again; the site's own versions stay readable."""
    with transaction.atomic():
        RouteRulesRow.objects.current().update(valid_until=next_revision())
        record(actor=actor, action="rules.restore", subject=f"rules {shipped_rules().version}", why=why)
    return shipped_rules()


@lru_cache(maxsize=4)
def _read_current(mark: Mark) -> RouteRules:
    del mark  # the key alone
    row = RouteRulesRow.objects.current().first()
    return _of_row(row) if row else shipped_rules()


def _of_row(row: RouteRulesRow) -> RouteRules:
    return rules_from({**row.document, "version": f"{_SITE_MARK}{row.pk}"})
