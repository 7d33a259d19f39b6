"""Payloads for the parsers' tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from catalog.shapes import Payload, Source
from catalog.sources.captures import make_payload

FETCHED_AT = datetime(2026, 7, 22, 12, tzinfo=UTC)


def payload(source: Source, body: bytes | str | Any, *, part: str) -> Payload:
    """A payload with this body; what is neither bytes nor text goes as JSON."""
    if isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return make_payload(source=source, part=part, url=f"https://upstream.test/{part}", body=body, fetched_at=FETCHED_AT)
