"""What the queue runs for alerts. Rung when there is something to tell, and each minute for what was left."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from asgiref.sync import async_to_sync, sync_to_async
from django_q.tasks import async_task

from runs.alerting.claiming import Claim, claim_due, is_under_way, note_outcome
from runs.alerting.sending import send
from runs.alerting.spreading import spread_alerts
from runs.ledger.alerts import DELIVER
from smartspawn.lib.http import Door, open_door

MOST_AT_ONCE: Final = 16
# Then the next task goes on: other work waits for this worker.
_TURN_S: Final = 60.0
# While something is under way: what is new must not wait for it.
_LOOK_EVERY_S: Final = 1.0


def deliver_alerts() -> str:
    """Make the messages of new alerts and send all that is due; doing it twice, or twice at once, does no harm."""
    spread_alerts()
    if is_under_way():
        return "another is at it, and looks for what is new"  # two workers shall not wait for one receiver
    return f"{async_to_sync(_deliver)()} attempts"


async def _deliver() -> int:
    """Send side by side, so that a receiver that hangs delays no other; how many attempts were made."""
    attempts, until_s = 0, time.monotonic() + _TURN_S
    async with open_door(most_connections=MOST_AT_ONCE) as door:
        sending: set[asyncio.Task[None]] = set()
        while True:
            claims = await _claim(MOST_AT_ONCE - len(sending)) if time.monotonic() < until_s else []
            attempts += len(claims)
            sending |= {asyncio.create_task(_attempt(door, claim)) for claim in claims}
            if not sending:
                break
            ended, sending = await asyncio.wait(sending, timeout=_LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
    if time.monotonic() >= until_s:
        await sync_to_async(async_task)(DELIVER, group="alerts")
    return attempts


async def _claim(most: int) -> list[Claim]:
    await sync_to_async(spread_alerts)()
    return await sync_to_async(claim_due)(most) if most > 0 else []


async def _attempt(door: Door, claim: Claim) -> None:
    outcome = await send(door, claim)
    await sync_to_async(note_outcome)(claim, outcome)
