"""What a person wants asked before money goes out."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from runs.models import RunPreference
from runs.money import to_usd
from smartspawn.access.audit import record
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import InvalidParam


@dataclass(frozen=True, slots=True)
class RunWish:
    """From which amount on a run waits for a yes, and what it may spend where it says nothing itself."""

    approve_above_nano_usd: int | None = None  # None: as the site has it
    default_cap_nano_usd: int | None = None  # None: as the site has it


def find_wish(user_id: int | None) -> RunWish:
    """The person's wish; without one, the site's ways."""
    row = RunPreference.objects.filter(user_id=user_id).first() if user_id else None
    return RunWish() if row is None else RunWish(row.approve_above_nano_usd, row.default_cap_nano_usd)


def set_wish(*, actor: Actor, wish: RunWish) -> None:
    """Keep the wish of the person who asks. Raises InvalidParam for a key: people set these."""
    if actor.user_id is None or actor.key_id is not None:
        raise InvalidParam("This is set by people, not by keys. Sign in.")
    with transaction.atomic():
        before = find_wish(actor.user_id)
        RunPreference.objects.update_or_create(
            user_id=actor.user_id,
            defaults={
                "approve_above_nano_usd": wish.approve_above_nano_usd,
                "default_cap_nano_usd": wish.default_cap_nano_usd,
            },
        )
        record(
            actor=actor,
            action="run_preference.set",
            subject=f"runs of {actor.label}",
            before=_as_usd(before),
            after=_as_usd(wish),
        )


def _as_usd(wish: RunWish) -> dict[str, str | None]:
    amounts = {"approve_above_usd": wish.approve_above_nano_usd, "default_cap_usd": wish.default_cap_nano_usd}
    return {name: None if amount is None else f"{to_usd(amount):f}" for name, amount in amounts.items()}
