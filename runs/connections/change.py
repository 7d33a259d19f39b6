"""Setting up, changing and taking away connections: for admins, and in the audit log."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from runs.breakers.shared import clear_breakers
from runs.connections.checks import check_base_url, check_key, check_secret, is_same_origin, tail_of
from runs.connections.environment import SUFFIX
from runs.connections.held import forget, purpose_of
from runs.connections.listed import MOST_LISTED, merge_listing, read_rows, write_rows
from runs.connections.shapes import ConnectionDraft
from runs.models import Connection
from runs.providers.known import KNOWN_PROVIDERS, SIMULATOR, KnownProvider, find_known_provider
from smartspawn.access import audit
from smartspawn.access.shapes import Actor, Scope
from smartspawn.lib.errors import Conflict, InvalidParam, NotAllowed, NotFound
from smartspawn.vault import seal

_NAMES: Final = frozenset(provider.name for provider in KNOWN_PROVIDERS)
_AUDITED: Final = ("provider", "title", "protocol", "base_url", "is_enabled", "allows_private", "priority")
_PRIORITIES: Final = range(-100, 101)


def create_connection(*, actor: Actor, draft: ConnectionDraft) -> str:
    """A new connection; its key. Raises NotAllowed, InvalidParam, and Conflict where the key is taken."""
    _require_admin(actor)
    provider = _provider_of(draft)
    key = draft.key.strip() or _free_key(provider.name)
    check_key(key, reserved_suffix=SUFFIX)
    secret = check_secret(draft.secret)
    if provider.needs_key and not secret:
        raise InvalidParam(f"Enter the API key; one is made at {provider.key_page}")
    fields = _fields(draft, provider, has_secret=bool(secret)) | _sealed(key, secret)
    fields |= {"served_models": write_rows(draft.models or ()), "is_simulator": provider.name == SIMULATOR}
    try:
        with transaction.atomic():
            row = Connection.objects.create(key=key, created_by=actor.label[:200], **fields)
            after = _facts(row) | {"has_key": bool(secret)}
            audit.record(actor=actor, action="connection.create", subject=f"connection {key}", after=after)
    except IntegrityError as error:
        raise Conflict(f"There is a connection '{key}' already.") from error
    clear_breakers(key)
    forget()
    return key


def change_connection(*, actor: Actor, key: str, draft: ConnectionDraft) -> None:
    """The connection as the draft has it. Raises NotAllowed, NotFound and InvalidParam.

    A key that was entered for one server is not sent to another: with a new address it must be entered again.
    """
    _require_admin(actor)
    secret = check_secret(draft.secret)
    with transaction.atomic():
        row = _hold(key)
        provider = find_known_provider(row.provider)
        fields = _fields(replace(draft, provider=row.provider), provider, has_secret=bool(secret or row.sealed_secret))
        if row.sealed_secret and not secret and not is_same_origin(row.base_url, fields["base_url"]):
            raise InvalidParam("The key was entered for another server. Enter it again for the new address.")
        before = _facts(row)
        if draft.models is not None:
            fields["served_models"] = write_rows(_with_set(row, draft))
        for name, value in (fields | (_sealed(key, secret) if secret else {})).items():
            setattr(row, name, value)
        row.save()
        after = _facts(row) | ({"has_new_key": True} if secret else {})
        audit.record(actor=actor, action="connection.change", subject=f"connection {key}", before=before, after=after)
    clear_breakers(key)
    forget()


def switch_connection(*, actor: Actor, key: str, is_enabled: bool) -> None:
    """Use a connection or leave it alone. Raises NotAllowed and NotFound."""
    _require_admin(actor)
    with transaction.atomic():
        row = _hold(key)
        if row.is_enabled != is_enabled:
            before = {"is_enabled": row.is_enabled}
            row.is_enabled, row.updated_at = is_enabled, timezone.now()
            row.save(update_fields=["is_enabled", "updated_at"])
            after = {"is_enabled": is_enabled}
            audit.record(
                actor=actor, action="connection.switch", subject=f"connection {key}", before=before, after=after
            )
    forget()


def delete_connection(*, actor: Actor, key: str) -> None:
    """Take a connection away, its key with it. Raises NotAllowed and NotFound."""
    _require_admin(actor)
    with transaction.atomic():
        row = _hold(key)
        audit.record(actor=actor, action="connection.delete", subject=f"connection {key}", before=_facts(row))
        row.delete()
    clear_breakers(key)
    forget()


def _require_admin(actor: Actor) -> None:
    if Scope.RUNS_ADMIN not in actor.scopes:
        raise NotAllowed("Only an admin may change connections: they say where keys and texts are sent.")


def _provider_of(draft: ConnectionDraft) -> KnownProvider:
    if draft.provider not in _NAMES:
        raise InvalidParam(f"There is no provider '{draft.provider[:40]}'; for a server of your own take 'custom'.")
    return find_known_provider(draft.provider)


def _free_key(name: str) -> str:
    taken = set(Connection.objects.filter(key__startswith=name).values_list("key", flat=True))
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return next(key for key in (name, *numbered) if key not in taken)


def _hold(key: str) -> Connection:
    if key.endswith(SUFFIX):
        raise InvalidParam("This connection comes from the environment: change it there, and start the site again.")
    row = Connection.objects.select_for_update().filter(key=key).first()
    if row is None:
        raise NotFound(f"There is no connection '{key[:60]}'.")
    return row


def _fields(draft: ConnectionDraft, provider: KnownProvider, *, has_secret: bool) -> dict[str, Any]:
    base_url = draft.base_url.strip() or provider.base_url
    if not base_url:
        raise InvalidParam("Enter the address of the server, up to its version: https://models.example.org/v1")
    if draft.priority not in _PRIORITIES:
        raise InvalidParam(f"A priority lies between {_PRIORITIES[0]} and {_PRIORITIES[-1]}.")
    if draft.models is not None and len(draft.models) > MOST_LISTED:
        raise InvalidParam(f"A connection lists at most {MOST_LISTED} models.")
    return {
        "provider": provider.name,
        "title": draft.title.strip()[:100] or provider.title,
        "protocol": draft.protocol or provider.protocol,
        "base_url": check_base_url(base_url, allows_private=draft.allows_private, has_secret=has_secret),
        "is_enabled": draft.is_enabled,
        "allows_private": draft.allows_private,
        "priority": draft.priority,
        "updated_at": timezone.now(),
    }


def _sealed(key: str, secret: str) -> dict[str, str]:
    sealed = seal(secret, purpose=purpose_of(key)) if secret else ""
    return {"sealed_secret": sealed, "secret_tail": tail_of(secret)}


def _with_set(row: Connection, draft: ConnectionDraft) -> list[Any]:
    """What was set by hand replaces what was set by hand before; what the place lists stays."""
    listed = [model for model in read_rows(row.served_models).values() if not model.is_set]
    by_hand = {model.name: replace(model, is_set=True) for model in draft.models or ()}
    return list(merge_listing(by_hand, listed))


def _facts(row: Connection) -> dict[str, object]:
    return {name: getattr(row, name) for name in _AUDITED}
