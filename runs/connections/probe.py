"""Asking a place who it is: whether its key is good, and which models it lists."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import msgspec
from django.utils import timezone

from runs.breakers.shared import clear_breakers
from runs.connections.environment import SUFFIX
from runs.connections.held import ConnectionUnusable, current, forget
from runs.connections.listed import merge_listing, read_listing, read_rows, write_rows
from runs.connections.shapes import ListedModel, Place
from runs.models import Connection
from runs.providers.known import Reach
from runs.shapes import Protocol
from smartspawn.access import audit
from smartspawn.access.shapes import Actor, Scope
from smartspawn.lib.addresses import AddressRule
from smartspawn.lib.errors import NotAllowed, NotFound, UpstreamFault, UpstreamRefused
from smartspawn.lib.http import Door, Patience, open_door

# Somebody waits for the answer; a place that takes longer to list its models is not well.
PATIENCE: Final = Patience(connect_s=5, read_s=8, total_s=12, body_bytes=8 * 1024 * 1024, attempts=1)
_ANTHROPIC_VERSION: Final = "2023-06-01"
_WHOLE_LIST: Final[Mapping[Protocol, str]] = {
    Protocol.OPENAI: "",
    Protocol.ANTHROPIC: "?limit=1000",
    Protocol.GEMINI: "?pageSize=1000",
}
_MEANINGS: Final[Mapping[int, str]] = {
    401: "The key is refused (401). Enter it again, or make a new one.",
    402: "The key is good, but the account has no credit (402).",
    403: "The key may not do this (403): look at its rights at the provider.",
    404: "There is nothing at this address (404). It ends with the version as a rule: /v1",
    429: "Too many requests (429): the key is known, but its limit is used up for now.",
}


class PlaceRefuses(ConnectionUnusable):
    """The place answered, but not as a provider of models would."""


def check_connection(*, actor: Actor, key: str) -> str:
    """What is wrong with the connection, nothing where all is well; the result is kept, with the models it lists.

    Takes twelve seconds at most. Raises NotAllowed and NotFound.
    """
    if Scope.RUNS_ADMIN not in actor.scopes:
        raise NotAllowed("Only an admin may test connections.")
    held = current()
    place = next((place for place in held.places if place.key == key), None)
    if place is None:
        raise NotFound(f"There is no connection '{key[:60]}'.")
    problem, listing = _ask(place, held.secrets.get(key))
    _write(actor, place, problem, listing)
    return problem


def refresh_listings(_argument: str = "") -> None:
    """Ask every usable connection that serves by its list for it again; the queue does this every day."""
    held = current()
    for place in held.places:
        if place.is_usable and place.provider.reach is not Reach.CATALOGUE:
            problem, listing = _ask(place, held.secrets.get(place.key))
            _write(None, place, problem, listing)


def _ask(place: Place, secret: str | None) -> tuple[str, tuple[ListedModel, ...] | None]:
    if secret is None:
        return place.problem, None
    try:
        return "", asyncio.run(_look(place, secret))
    except UpstreamRefused as fault:
        return _MEANINGS.get(fault.status, fault.message + "."), None
    except (UpstreamFault, PlaceRefuses) as fault:
        return f"{fault.message}.".replace("..", "."), None


async def _look(place: Place, secret: str) -> tuple[ListedModel, ...] | None:
    async with open_door(most_connections=2) as door:
        if place.provider.check_path != "/models":
            await _get(door, place, secret, place.provider.check_path)
            return None  # it serves the catalogue; its list would say nothing new
        return read_listing(await _get(door, place, secret, f"/models{_WHOLE_LIST[place.protocol]}"))


async def _get(door: Door, place: Place, secret: str, path: str) -> object:
    rule = AddressRule.PRIVATE_TOO if place.allows_private else AddressRule.PUBLIC
    headers = _headers(place.protocol, secret)
    answer = await door.get(place.base_url + path, headers=headers, patience=PATIENCE, rule=rule)
    try:
        body: object = msgspec.json.decode(answer.body)
    except msgspec.DecodeError as error:
        raise PlaceRefuses("What answers at this address is no provider of models: it sends no JSON") from error
    if path.startswith("/models") and read_listing(body) is None:
        raise PlaceRefuses("What answers at this address lists no models")
    return body


def _headers(protocol: Protocol, secret: str) -> dict[str, str]:
    headers = {"Accept": "application/json"}
    if protocol is Protocol.ANTHROPIC:
        headers["anthropic-version"] = _ANTHROPIC_VERSION
    if not secret:
        return headers
    name, value = {
        Protocol.OPENAI: ("Authorization", f"Bearer {secret}"),
        Protocol.ANTHROPIC: ("x-api-key", secret),
        Protocol.GEMINI: ("x-goog-api-key", secret),
    }[protocol]
    return headers | {name: value}


def _write(actor: Actor | None, place: Place, problem: str, listing: tuple[ListedModel, ...] | None) -> None:
    row = _find_row(place)
    if row is None:
        return  # deleted while it was asked
    now = timezone.now()
    changes: dict[str, object] = {"tested_at": now, "test_result": problem[:300], "updated_at": now}
    if listing is not None:
        merged = merge_listing(read_rows(row.served_models), listing)
        changes |= {"served_models": write_rows(merged), "listed_at": now}
    Connection.objects.filter(pk=row.pk).update(**changes)
    if actor is not None:
        after = {"is_well": not problem, "model_count": None if listing is None else len(listing)}
        audit.record(actor=actor, action="connection.test", subject=f"connection {place.key}", after=after)
        if not problem:
            clear_breakers(place.key)
    forget()


def _find_row(place: Place) -> Connection | None:
    """The connection's row; the environment's get one when there is something to keep."""
    if not place.key.endswith(SUFFIX):
        return Connection.objects.filter(key=place.key).first()
    facts = {
        "provider": place.provider.name,
        "title": place.title,
        "protocol": place.protocol,
        "base_url": place.base_url,
        "created_by": "environment",
    }
    return Connection.objects.get_or_create(key=place.key, defaults=facts)[0]
