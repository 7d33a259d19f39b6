"""The reference of the HTTP API, drawn from its own schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import Resolver404, ResolverMatch, resolve
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from catalog import queries
from catalog.api_reference import Schema, Site, read_reference
from smartspawn.access.gates import gate_of, requires_role
from smartspawn.access.shapes import Role
from smartspawn.api import STATUS_BY_CODE


@requires_role(Role.VIEWER)
@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """Every endpoint with its parameters, a call to copy, and its answers."""
    base_url = request.build_absolute_uri("/").rstrip("/")
    site = Site(base_url=base_url, examples=_examples(), needs=_needs)
    context = {"groups": read_reference(_schema(), site), "status_by_code": STATUS_BY_CODE}
    return TemplateResponse(request, "catalog/api_docs.html", context)


@lru_cache(maxsize=1)
def _schema() -> Schema:
    """The schema of the whole API; it changes with the code alone."""
    generator: Any = SchemaGenerator
    schema: Schema = generator().get_schema(request=None, public=True)
    return schema


def _examples() -> dict[str, str]:
    """Values that this very site knows."""
    snapshot = queries.find_current_snapshot()
    ids = [entry.facts.model_id for entry in snapshot.entries if entry.is_candidate] if snapshot else []
    return {"models": ",".join(ids[:2]), "model_id": ids[0]} if ids else {}


def _needs(method: str, path: str) -> str:
    """What the address's gate asks of a program."""
    gate = next((gate_of(match.func) for match in _matches(path)), None)
    if gate is None or gate.scope is None or (gate.is_open and settings.OPEN_API):
        return ""
    scope = gate.scope_for(method.upper())
    return f"a key with the scope {scope}" + (", or a call from this machine" if gate.allows_loopback else "")


def _matches(path: str) -> Iterator[ResolverMatch]:
    """The address behind a path of the schema, whatever kind of value its placeholders stand for."""
    for value in ("x", "1", "00000000-0000-4000-8000-000000000000"):
        with suppress(Resolver404):
            yield resolve(re.sub(r"\{\w+\}", value, path))
