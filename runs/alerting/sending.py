"""One attempt to bring one message to its receiver: over HTTP through the product's one door, or by mail."""

from __future__ import annotations

import asyncio
import smtplib
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from runs.alerting.claiming import Claim, Outcome
from runs.alerting.signing import signed_headers
from runs.shapes.alerts import ReceiverKind
from smartspawn.lib.addresses import AddressRule
from smartspawn.lib.errors import UpstreamFault
from smartspawn.lib.http import Door, Patience, seconds_until_retry

# Receivers note a message and answer; who takes longer is asked again later.
ATTEMPT_S: Final = 15.0
_PATIENCE: Final = Patience(connect_s=5.0, read_s=10.0, body_bytes=64 * 1024)
_MAIL_S: Final = 10


async def send(door: Door, claim: Claim) -> Outcome:
    """Send it, once, and tell how that ended; what goes wrong is an outcome, not an error."""
    if claim.kind is ReceiverKind.EMAIL:
        return await asyncio.to_thread(send_mail, claim)
    return await _post(door, claim)


async def _post(door: Door, claim: Claim) -> Outcome:
    body, now = claim.body.encode(), datetime.now(UTC)
    headers = signed_headers(message_id=claim.message_id, at=now, body=body, secrets=claim.secrets)
    rule = AddressRule.PRIVATE_TOO if claim.allows_private else AddressRule.PUBLIC
    try:
        async with (
            asyncio.timeout(ATTEMPT_S),
            door.stream_json(claim.address, body, headers=headers, patience=_PATIENCE, rule=rule) as reply,
        ):
            # The head says it all: what the receiver writes besides is neither read nor kept.
            asked_s = seconds_until_retry(reply.headers.get("retry-after", ""), now=now)
            return _answered(reply.status, asked_s)
    except TimeoutError:
        return Outcome(is_sent=False, error=f"It gave no answer within {ATTEMPT_S:g} s.")
    except UpstreamFault as fault:
        return Outcome(is_sent=False, error=f"{fault.message}.")


def _answered(status: int, retry_after_s: float | None) -> Outcome:
    if 200 <= status < 300:
        return Outcome(is_sent=True, status=status)
    words = "It redirects, and messages are not sent elsewhere." if 300 <= status < 400 else f"It answered {status}."
    return Outcome(is_sent=False, status=status, error=words, retry_after_s=retry_after_s)


def send_mail(claim: Claim) -> Outcome:
    """Hand the mail to the server of EMAIL_URL."""
    if not settings.EMAIL_URL:
        return Outcome(is_sent=False, error="E-mail is not set up on this site: set EMAIL_URL.")
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">") or "localhost"
    headers = {
        # The same in every attempt: mailboxes show a mail that came twice once.
        "Message-ID": f"<{claim.message_id}.{claim.delivery_id}@{host}>",
        "Auto-Submitted": "auto-generated",
    }
    try:
        connection = get_connection(timeout=_MAIL_S)
        mail = EmailMessage(claim.subject, claim.body, to=[claim.address], headers=headers, connection=connection)
        mail.send()
    except smtplib.SMTPRecipientsRefused:
        return Outcome(is_sent=False, error="The mail server refuses this address.")
    except smtplib.SMTPAuthenticationError:
        return Outcome(is_sent=False, error="The mail server does not take the name and password of EMAIL_URL.")
    except smtplib.SMTPResponseException as error:
        return Outcome(is_sent=False, status=error.smtp_code, error=f"The mail server answered {error.smtp_code}.")
    except (smtplib.SMTPException, OSError):
        return Outcome(is_sent=False, error="The mail server cannot be reached or broke off.")
    return Outcome(is_sent=True)
