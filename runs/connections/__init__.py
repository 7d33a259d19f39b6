"""The places that serve models: who they are, what opens them, what they list."""

from runs.connections.change import change_connection, create_connection, delete_connection, switch_connection
from runs.connections.held import ConnectionUnusable, current_places, reveal_secret
from runs.connections.probe import check_connection, refresh_listings
from runs.connections.report import get_connection, list_connections, unreadable_keys
from runs.connections.reseal import reseal_connections
from runs.connections.shapes import ConnectionDraft, ConnectionReport, ConnectionSource, ListedModel, Place

__all__ = [
    "ConnectionDraft",
    "ConnectionReport",
    "ConnectionSource",
    "ConnectionUnusable",
    "ListedModel",
    "Place",
    "change_connection",
    "check_connection",
    "create_connection",
    "current_places",
    "delete_connection",
    "get_connection",
    "list_connections",
    "refresh_listings",
    "reseal_connections",
    "reveal_secret",
    "switch_connection",
    "unreadable_keys",
]
