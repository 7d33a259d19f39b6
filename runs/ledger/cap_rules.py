"""Who may set or lift which cap: one rule, for pages and API. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from runs.ledger.windows import user_scope
from runs.money import to_usd
from smartspawn.access.shapes import Actor, Role, Scope


@dataclass(frozen=True, slots=True)
class CapStanding:
    """A cap as it is before somebody changes it."""

    scope: str  # "site", "user:5", "key:7"
    cap_nano_usd: int | None = None  # what holds; None: no limit
    admin_cap_nano_usd: int | None = None  # the most that its owner may set; None: no admin set one
    owner_id: int | None = None  # whose key it is; of other scopes None


def is_cap_admin(actor: Actor) -> bool:
    """Whether this actor sets the caps of everybody."""
    return actor.has_role(Role.ADMIN) or Scope.RUNS_ADMIN in actor.scopes


def refusal_of(actor: Actor, standing: CapStanding, wanted_nano_usd: int | None) -> str:
    """Why this actor may not set the cap to this (None: lift it); empty where they may.

    An admin sets any. A person sets and lifts caps of their own and of their keys, below what an admin set.
    A key sets none: what holds a key back must not be in its own hands.
    """
    if is_cap_admin(actor):
        return ""
    if actor.key_id is not None:
        return "A key without the scope runs:admin changes no caps. Sign in to change your own."
    if not actor.has_role(Role.MEMBER) or not _is_own(actor, standing):
        return "You may set caps for yourself and for your own keys alone. Ask an admin for others."
    return _refusal_above(standing, wanted_nano_usd)


def cap_after(actor: Actor, standing: CapStanding, wanted_nano_usd: int | None) -> tuple[int | None, int | None]:
    """The cap that holds then, and the admin's: who lifts their own goes back to the admin's."""
    if is_cap_admin(actor):
        return wanted_nano_usd, wanted_nano_usd
    most = standing.admin_cap_nano_usd
    return (most if wanted_nano_usd is None else wanted_nano_usd), most


def _refusal_above(standing: CapStanding, wanted_nano_usd: int | None) -> str:
    """Why the owner may not go there, for what an admin set."""
    most = standing.admin_cap_nano_usd
    if most is None:
        return ""
    if wanted_nano_usd is None:
        is_admins = standing.cap_nano_usd == most
        return f"An admin set this cap (${to_usd(most):f}): only an admin lifts it." if is_admins else ""
    if wanted_nano_usd > most:
        return f"An admin set ${to_usd(most):f} here: you may set as much or less. Ask an admin for more."
    return ""


def _is_own(actor: Actor, standing: CapStanding) -> bool:
    if actor.user_id is None:
        return False
    return standing.scope == user_scope(actor.user_id) or standing.owner_id == actor.user_id
