"""Signatures of webhooks, as the Standard Webhooks specification has them: any of its libraries can check ours. Pure.

Signed is ``id.timestamp.body`` with HMAC-SHA256. The secret is ``whsec_`` and the key in base64; the header holds
``v1,`` and the signature in base64, once for each secret that is good at the moment.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

PREFIX: Final = "whsec_"
KEY_BYTES: Final = 32  # as many as the digest has


def secret_of(key: bytes) -> str:
    """The secret as it is handed out."""
    return PREFIX + base64.b64encode(key).decode()


def signed_headers(*, message_id: UUID, at: datetime, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The headers that prove where a message comes from and when it was sent."""
    timestamp = str(int(at.timestamp()))
    signatures = [signature(secret, str(message_id), timestamp, body) for secret in secrets]
    return {
        "webhook-id": str(message_id),
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """One signature, with the word for its kind."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
