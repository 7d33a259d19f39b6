"""The audit log as a page and as a file, for admins."""

from __future__ import annotations

import json
from datetime import datetime
from urllib.parse import urlencode

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from smartspawn.access.audit import iterate_entries, list_entries
from smartspawn.access.gates import requires_role
from smartspawn.access.inputs import AuditQuery, format_cursor
from smartspawn.access.models import AuditEntry
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import AuditCursor, Role
from smartspawn.lib.csvtext import csv_lines

_PAGE_ROWS = 50
_CSV_COLUMNS = (
    "at", "actor", "user_id", "key_id", "address", "action", "subject", "before", "after", "why",
)  # fmt: skip


@requires_role(Role.ADMIN)
@require_safe
def audit_log(request: ActorRequest) -> HttpResponse:
    """Who changed what, when and why; newest first."""
    asked = AuditQuery(data=request.GET)
    if not asked.is_valid():
        refused: dict[str, object] = {"errors": asked.errors, "asked": request.GET, "entries": []}
        return render(request, "access/audit.html", refused, status=422)
    entries = list_entries(asked.to_filter(), after=asked.cursor(), count=_PAGE_ROWS + 1)
    shown = entries[:_PAGE_ROWS]
    kept = {name: str(value) for name, value in request.GET.items() if value and name != "after"}
    context: dict[str, object] = {
        "entries": [(entry, _words(entry.before), _words(entry.after)) for entry in shown],
        "asked": request.GET,
        "query": urlencode(kept),
        "older": _older_query(kept, shown[-1]) if len(entries) > _PAGE_ROWS else "",
        "is_filtered": bool(kept),
    }
    return render(request, "access/audit.html", context)


def _words(values: dict[str, object] | None) -> list[tuple[str, str]]:
    """Recorded values as a person reads them."""
    return [(name, _word(value)) for name, value in (values or {}).items()]


def _word(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "none" if value is None else _cell_text(value)


def _older_query(kept: dict[str, str], last: AuditEntry) -> str:
    return urlencode({**kept, "after": format_cursor(AuditCursor(at=last.at, entry_id=last.pk))})


@requires_role(Role.ADMIN)
@require_safe
def audit_csv(request: ActorRequest) -> StreamingHttpResponse:
    """Every entry that the filter lets through, as it is read."""
    asked = AuditQuery(data=request.GET)
    asked.is_valid(raise_exception=True)
    rows = ([_cell(getattr(entry, column)) for column in _CSV_COLUMNS] for entry in iterate_entries(asked.to_filter()))
    response = StreamingHttpResponse(csv_lines(_CSV_COLUMNS, rows), content_type="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return response


def _cell_text(value: object) -> str:
    is_nested = isinstance(value, dict | list)
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False) if is_nested else str(value)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else _cell_text(value)
