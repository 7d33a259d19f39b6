"""What the queue runs for storage, by schedule."""

from __future__ import annotations

from smartspawn.storage.pruning import prune


def prune_all() -> str:
    """Let go all that is too old; rung once a day."""
    return ", ".join(f"{pruned.count} {pruned.key}" for pruned in prune() if pruned.count) or "nothing was too old"
