"""Asks providers for the bills of calls that were broken off, and books what they say."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.utils import timezone

from runs.connections.held import Held, current
from runs.connections.shapes import Place
from runs.correcting.book import book_provider_bill
from runs.ledger.questions import Question, take_questions
from runs.money import to_nano
from runs.providers.bills import bill_address, read_bill
from smartspawn.lib.addresses import AddressRule
from smartspawn.lib.errors import Conflict, NotFound, UpstreamFault
from smartspawn.lib.http import Door, Patience, open_door

LOG = logging.getLogger(__name__)
_PATIENCE: Final = Patience(connect_s=5, read_s=8, total_s=12, body_bytes=256 * 1024, attempts=1)


def ask_for_bills(now: datetime | None = None) -> int:
    """Ask for the bills whose time has come, and give how many were booked; what is not there yet is asked later."""
    questions = take_questions(now or timezone.now())
    if not questions:
        return 0
    held, booked = current(), 0
    for question, billed_usd in zip(questions, asyncio.run(_ask_all(questions, held)), strict=True):
        if billed_usd is None:
            continue
        try:
            book_provider_bill(call_id=question.call_id, billed_nano_usd=to_nano(billed_usd))
        except NotFound:
            LOG.warning("the ledger has no line of call %s, whose bill came", question.call_id)
        except Conflict as later:
            LOG.info("the bill of call %s waits: %s", question.call_id, later.message)
        else:
            booked += 1
    return booked


async def _ask_all(questions: Sequence[Question], held: Held) -> list[Decimal | None]:
    places = {place.key: (place, held.secrets.get(place.key)) for place in held.places}
    async with open_door() as door:
        return await asyncio.gather(
            *(_ask(door, question, *places.get(question.connection, (None, None))) for question in questions)
        )


async def _ask(door: Door, question: Question, place: Place | None, secret: str | None) -> Decimal | None:
    """The bill, or None while there is none, or nobody to ask."""
    if place is None or secret is None:
        return None
    address = bill_address(place.base_url, secret, question.bill_name)
    rule = AddressRule.PRIVATE_TOO if place.allows_private else AddressRule.PUBLIC
    try:
        answer = await door.get(address.url, headers=address.headers, patience=_PATIENCE, rule=rule)
    except UpstreamFault as fault:
        LOG.info("no bill for call %s yet: %s", question.call_id, fault.message)
        return None
    return read_bill(answer.body)
