"""What the Connect page accepts: for what a fresh key is, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from smartspawn.access.inputs import KeyInput
from smartspawn.access.shapes import Actor, Scope

CHOOSE: Final = "choose"
WORK: Final = "work"
PURPOSES: Final[Mapping[str, str]] = {
    WORK: "Choose models, do work and rate it (spends money)",
    CHOOSE: "Choose models only (spends nothing)",
}
# A key for work may rate, too: without feedback:write a rating is kept, and teaches nothing.
# What an agent never needs: what others rely on is changed by people.
_NOT_FOR_AGENTS: Final = frozenset(
    {Scope.CATALOG_REFRESH, Scope.METRICS_READ} | {scope for scope in Scope if scope.endswith(":admin")}
)
_SCOPES: Final[Mapping[str, frozenset[Scope]]] = {
    CHOOSE: frozenset({Scope.CATALOG_READ}),
    WORK: frozenset(Scope) - _NOT_FOR_AGENTS,
}


def scopes_for(purpose: str, actor: Actor) -> frozenset[Scope]:
    """What a key for this purpose may do, as far as the person's own role reaches."""
    return _SCOPES.get(purpose, frozenset()) & actor.scopes


def key_input(given: Mapping[str, str], actor: Actor) -> KeyInput:
    """The same contract as on the page of keys, with the purpose's scopes for ticked boxes."""
    scopes = sorted(scopes_for(given.get("purpose", ""), actor))
    named = {name: given[name] for name in ("name", "lifetime") if name in given}
    return KeyInput(data={**named, "scopes": scopes})
