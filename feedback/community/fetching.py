"""Fetching the scores of the community server, where an admin wants them; what is held stays if that fails."""

from __future__ import annotations

import json
from typing import Final

from asgiref.sync import async_to_sync
from django.conf import settings
from django.utils import timezone

from feedback.community.inputs import read_aggregate
from feedback.community.models import CommunitySite
from feedback.community.publishing import community_site, keep_aggregate
from feedback.community.sending import address_rule
from feedback.community.shapes import Aggregate
from feedback.community.sharing import why_not
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import Conflict, InvalidBody, SmartSpawnError, UpstreamRefused
from smartspawn.lib.http import Answer, Patience, open_door

MOST_BYTES: Final = 2 * 1024 * 1024
_PATIENCE: Final = Patience(connect_s=5.0, read_s=10.0, total_s=30.0, body_bytes=MOST_BYTES)
_NOT_FOUND: Final = 404
_ITSELF: Final = Actor(label="schedule")


def fetch_if_wanted() -> str:
    """Fetch where that is switched on; in words what came of it."""
    if not community_site().is_fetching:
        return "off"
    try:
        aggregate = fetch_scores()
    except SmartSpawnError as refusal:
        _note(refusal.message)
        return refusal.message
    return f"{len(aggregate.scores)} scores"


def fetch_scores(actor: Actor = _ITSELF) -> Aggregate:
    """The server's scores, which count from now on. Raises what went wrong."""
    if words := why_not():
        raise Conflict(words)
    answer = async_to_sync(_ask)(settings.COMMUNITY_URL + "/community/aggregate")
    aggregate = read_aggregate(parse(answer.body))
    keep_aggregate(aggregate=aggregate, actor=actor, is_imported=False)
    _note("")
    return aggregate


def parse(text: bytes | str) -> object:
    """The JSON in it. Raises InvalidBody for what is none, or too long."""
    if len(text) > MOST_BYTES:
        raise InvalidBody(f"The file has more than {MOST_BYTES // 1024 // 1024} MB.")
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InvalidBody("The file is not JSON.") from error


async def _ask(url: str) -> Answer:
    async with open_door(most_connections=1) as door:
        try:
            return await door.get(url, patience=_PATIENCE, rule=address_rule())
        except UpstreamRefused as refusal:
            if refusal.status == _NOT_FOUND:
                raise Conflict("The community server gives no scores: it has no /community/aggregate.") from refusal
            raise


def _note(error: str) -> None:
    site = community_site()
    fetched_at = site.fetched_at if error else timezone.now()
    CommunitySite.objects.filter(pk=site.pk).update(fetched_at=fetched_at, fetch_error=error[:300])


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")
