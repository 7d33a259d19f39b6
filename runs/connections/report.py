"""Connections as they are shown: to admins with address and the end of the key, to others without."""

from __future__ import annotations

from collections.abc import Mapping

from runs.connections.checks import tail_of
from runs.connections.held import current
from runs.connections.shapes import ConnectionReport, ConnectionSource, Place
from runs.models import Connection
from smartspawn.access.shapes import Actor, Scope
from smartspawn.lib.errors import NotFound


def list_connections(*, actor: Actor) -> tuple[ConnectionReport, ...]:
    """Every connection, in the order in which they are asked; addresses and ends of keys for admins alone."""
    held = current()
    rows = {row.key: row for row in Connection.objects.all()}
    reports = [_report(place, rows, held.secrets, is_admin=Scope.RUNS_ADMIN in actor.scopes) for place in held.places]
    return tuple(sorted(reports, key=lambda report: (-report.priority, report.title.lower(), report.key)))


def get_connection(*, actor: Actor, key: str) -> ConnectionReport:
    """One connection. Raises NotFound."""
    found = next((report for report in list_connections(actor=actor) if report.key == key), None)
    if found is None:
        raise NotFound(f"There is no connection '{key[:60]}'.")
    return found


def unreadable_keys() -> tuple[str, ...]:
    """The connections whose stored key cannot be opened any more."""
    held = current()
    sealed = Connection.objects.exclude(sealed_secret="").order_by("key").values_list("key", flat=True)
    return tuple(key for key in sealed if key not in held.secrets)


def _report(
    place: Place, rows: Mapping[str, Connection], secrets: Mapping[str, str], *, is_admin: bool
) -> ConnectionReport:
    row = rows.get(place.key)
    is_stored = place.source is ConnectionSource.STORED
    tail = (row.secret_tail if row else "") if is_stored else tail_of(secrets.get(place.key, ""))
    return ConnectionReport(
        key=place.key,
        provider=place.provider.name,
        provider_title=place.provider.title,
        title=place.title,
        protocol=place.protocol,
        source=place.source,
        base_url=place.base_url if is_admin else "",
        has_secret=bool(row and row.sealed_secret) if is_stored else True,
        secret_tail=tail if is_admin else "",
        env_var="" if is_stored else place.provider.env_var,
        is_enabled=row.is_enabled if row and is_stored else True,
        is_simulator=place.is_simulator,
        allows_private=place.allows_private,
        priority=place.priority,
        problem=place.problem,
        models=tuple(place.listed.values()) if place.listed is not None else None,
        listed_at=row.listed_at if row else None,
        tested_at=row.tested_at if row else None,
        test_result=_result(row.test_result if row else "", is_admin=is_admin),
    )


def _result(problem: str, *, is_admin: bool) -> str:
    """That a test failed is for everybody, in which way for admins."""
    return problem if is_admin or not problem else "It failed."
