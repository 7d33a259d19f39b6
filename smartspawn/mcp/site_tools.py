"""Tools about the site itself: whether it can work, and what was spent."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.utils import timezone

from catalog.queries import find_current_snapshot
from runs.caps.presenters import usage_payload
from runs.caps.usage import usage_of
from runs.connections import current_places
from runs.ledger.wishes import find_wish
from smartspawn.access.shapes import Actor, Scope
from smartspawn.health import check_database, check_queue
from smartspawn.mcp.schemas import object_schema
from smartspawn.mcp.shapes import Arguments, McpTool


def _health(_actor: Actor, _given: Arguments) -> dict[str, Any]:
    now = timezone.now()
    places = current_places()
    return {
        "openrouter_configured": any(place.provider.name == "openrouter" and place.is_usable for place in places),
        "smart_spawn_api_reachable": find_current_snapshot() is not None,
        "db_writable": check_database(now).is_ok,
        "artifact_storage_writable": settings.ARTIFACTS != "disk" or os.access(settings.HOME_DIR, os.W_OK),
        "worker_alive": check_queue(now).is_ok,
        "connections": [place.key for place in places if place.is_usable],
    }


def _spend(actor: Actor, _given: Arguments) -> dict[str, Any]:
    return dict(usage_payload(usage_of(actor), find_wish(actor.user_id)))


SITE_TOOLS = (
    McpTool(
        "smartspawn_health",
        "Is the site able to work?",
        "Whether providers are connected, the catalogue is there, the database writes and a worker lives.",
        object_schema({}),
        Scope.RUNS_READ,
        _health,
    ),
    McpTool(
        "smartspawn_spend",
        "What was spent",
        "What you and your keys have spent this day and month, by model, and what the caps leave.",
        object_schema({}),
        Scope.RUNS_READ,
        _spend,
    ),
)
