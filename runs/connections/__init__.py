"""The places that serve models: who they are, what opens them, what they list."""

from runs.connections.held import ConnectionUnusable, current_places, reveal_secret
from runs.connections.shapes import ConnectionDraft, ConnectionReport, ConnectionSource, ListedModel, Place

__all__ = [
    "ConnectionDraft",
    "ConnectionReport",
    "ConnectionSource",
    "ConnectionUnusable",
    "ListedModel",
    "Place",
    "current_places",
    "reveal_secret",
]
