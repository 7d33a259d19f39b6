"""The models that a person may name, for the lists that a field offers while it is filled in."""

from __future__ import annotations

from catalog.queries import find_current_snapshot
from runs.places.endpoints import reachable_models


def model_ids() -> list[str]:
    """The ids of the models that the connections serve; the whole catalogue while none is known to be served."""
    served = reachable_models()
    snapshot = find_current_snapshot()
    return sorted(served or (entry.facts.model_id for entry in (snapshot.entries if snapshot else ())))
