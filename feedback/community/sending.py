"""Bringing what people share to the community server: at least once, each under a key that makes it count once.

An attempt is counted before it begins, in one conditional update. A sender that dies leaves its message to whoever
looks after the lease has ended; it goes out again under the same key, which the server knows.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from feedback.community.models import CommunityPost
from feedback.community.shapes import PostKind, PostState
from feedback.community.sharing import FORGOTTEN_BODY, why_not
from feedback.models import Rating
from smartspawn.lib.addresses import AddressRule
from smartspawn.lib.errors import UpstreamFault
from smartspawn.lib.http import Answer, Door, Patience, open_door, seconds_until_retry

LEASE: Final = timedelta(seconds=60)
# Nobody waits for these: a server that is down for days gets them all the same.
WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (5, 30, 120, 360, 720, 1440, 2880))
MOST_ATTEMPTS: Final = len(WAITS) + 1
LONGEST_WAIT: Final = WAITS[-1]
MOST_AT_ONCE: Final = 50  # half of what a server of the ancestor's kind takes in an hour
_TURN_S: Final = 60.0
_PATIENCE: Final = Patience(connect_s=5.0, read_s=10.0, body_bytes=64 * 1024)
_ATTEMPT_S: Final = 15.0
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_PATHS: Final = {PostKind.REPORT: "/community/report", PostKind.WITHDRAW: "/community/withdraw"}


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that is this process's to send, until the lease ends."""

    post_id: int
    token: uuid.UUID
    attempt: int
    kind: PostKind
    key: uuid.UUID
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended."""

    state: PostState
    status: int | None = None
    error: str = ""
    wait_s: float | None = None  # as the server asks


def address_rule() -> AddressRule:
    """How far the community server may be reached."""
    return AddressRule.PRIVATE_TOO if settings.COMMUNITY_ALLOW_PRIVATE else AddressRule.PUBLIC


async def send_due() -> int:
    """Send what is due, one after another; how many attempts were made."""
    attempts, until_s = 0, time.monotonic() + _TURN_S
    if await sync_to_async(why_not)():
        return 0
    async with open_door(most_connections=1) as door:
        while attempts < MOST_AT_ONCE and time.monotonic() < until_s:
            claim = await sync_to_async(claim_next)()
            if claim is None:
                break
            attempts += 1
            outcome = await _send(door, claim)
            await sync_to_async(note_outcome)(claim, outcome)
            if outcome.status == 429:
                break  # the server has had enough for now, of all of us
    return attempts


def claim_next(now: datetime | None = None) -> Claim | None:
    """The message that has been due for longest and that nobody is sending, taken by the caller."""
    now = now or timezone.now()
    _drop_taken_back()
    is_free = Q(lease_until=None) | Q(lease_until__lte=now)
    due = CommunityPost.objects.filter(is_free, state=PostState.WAITING, next_at__lte=now)
    for row in due.order_by("next_at", "pk")[:MOST_AT_ONCE]:
        token = uuid.uuid4()
        untouched = CommunityPost.objects.filter(
            pk=row.pk, state=PostState.WAITING, attempt_count=row.attempt_count, lease_token=row.lease_token
        )
        attempt = row.attempt_count + 1
        if untouched.update(attempt_count=attempt, lease_token=token, lease_until=now + LEASE):
            return Claim(row.pk, token, attempt, PostKind(row.kind), row.key, row.body)
    return None


def note_outcome(claim: Claim, outcome: Outcome, now: datetime | None = None) -> None:
    """Write how the attempt ended, unless somebody else has the message by now."""
    now = now or timezone.now()
    is_out_of_tries = outcome.state is PostState.WAITING and claim.attempt >= MOST_ATTEMPTS
    state = PostState.DEAD if is_out_of_tries else outcome.state
    is_over = state is not PostState.WAITING
    fields: dict[str, object] = {
        "state": state,
        "closed_at": now if is_over else None,
        "next_at": now if is_over else now + wait_after(claim.attempt, outcome.wait_s),
        "lease_token": None,
        "lease_until": None,
        "answer_status": outcome.status,
        "error": outcome.error[:300],
    }
    if state is PostState.SENT and claim.kind is PostKind.WITHDRAW:
        fields["body"] = FORGOTTEN_BODY  # given up, it stays: the person may ask again
    CommunityPost.objects.filter(pk=claim.post_id, lease_token=claim.token).update(**fields)


def wait_after(attempt: int, asked_s: float | None) -> timedelta:
    """How long to leave the server alone after so many attempts; longer if it asks for that, within reason."""
    wait = WAITS[min(attempt, len(WAITS)) - 1]
    return max(wait, min(timedelta(seconds=asked_s), LONGEST_WAIT)) if asked_s is not None else wait


def _drop_taken_back() -> None:
    """What a person took back before it went out does not go out."""
    waiting = CommunityPost.objects.filter(state=PostState.WAITING, kind=PostKind.REPORT, lease_token=None)
    waiting.exclude(rating_id__in=Rating.objects.values("pk")).delete()


async def _send(door: Door, claim: Claim) -> Outcome:
    url = settings.COMMUNITY_URL + _PATHS[claim.kind]
    headers = {"Idempotency-Key": str(claim.key)}
    try:
        async with asyncio.timeout(_ATTEMPT_S):
            answer = await door.send_json(
                url, claim.body.encode(), headers=headers, patience=_PATIENCE, rule=address_rule()
            )
    except TimeoutError:
        return Outcome(PostState.WAITING, error=f"The server gave no answer within {_ATTEMPT_S:g} s.")
    except UpstreamFault as fault:
        return Outcome(PostState.WAITING, error=f"{fault.message}.")
    return read_answer(answer, claim.kind)


def read_answer(answer: Answer, kind: PostKind) -> Outcome:
    """What the server's answer means for the message."""
    if answer.status in _PASSING:
        wait_s = seconds_until_retry(answer.headers.get("retry-after", ""), now=datetime.now(UTC))
        return Outcome(PostState.WAITING, answer.status, f"The server answered {answer.status}.", wait_s)
    if not 200 <= answer.status < 300:
        return Outcome(PostState.DEAD, answer.status, f"The server refused it with status {answer.status}.")
    told = _told(answer.body)
    if kind is PostKind.WITHDRAW and not isinstance(told.get("withdrawn"), int):
        return Outcome(PostState.WAITING, answer.status, "The server did not say that it has forgotten anything.")
    if told.get("recorded") is False:
        return Outcome(PostState.DEAD, answer.status, "The server collects no ratings.")
    return Outcome(PostState.SENT, answer.status)


def _told(body: bytes) -> dict[str, object]:
    """What the server says; nothing where it speaks another language."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    found = told.get("data") if isinstance(told, dict) else None
    return found if isinstance(found, dict) else {}
