"""When a provider says that one may come again; each says it in its own way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from runs.providers.json_reading import dig, rows_at, text_at

_UNITS_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", re.ASCII)
_PLAIN_NUMBER: Final = re.compile(r"\d{1,15}(?:\.\d{1,9})?", re.ASCII)
# Moments after 2001 in seconds and milliseconds; smaller numbers are spans.
_EPOCH_S: Final = 1_000_000_000
_EPOCH_MS: Final = 1_000_000_000_000
_RETRY_INFO: Final = "type.googleapis.com/google.rpc.RetryInfo"


def read_retry_after_s(headers: Mapping[str, str], body: object, *, now: datetime) -> float | None:
    """How long the provider wants us to wait; None if it does not say."""
    if (wait_ms := _number(headers.get("retry-after-ms", ""))) is not None:
        return wait_ms / 1000
    told = _moment_or_span_s(headers.get("retry-after", ""), now)
    if told is not None:
        return told
    told = _span_s(_retry_info(body))
    if told is not None:
        return told
    metadata = dig(body, "error", "metadata", "headers")  # OpenRouter hands on what it was told
    return _reset_s({**_lower(metadata), **headers}, now)


def _reset_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """The latest reset among the limits that are used up, or the one reset where nothing tells them apart."""
    plain = _moment_or_span_s(headers.get("x-ratelimit-reset", ""), now)
    if plain is not None:
        return plain
    waits = [
        _moment_or_span_s(headers.get(f"{stem}-reset-{kind}") or headers.get(f"{stem}-{kind}-reset", ""), now)
        for stem in ("x-ratelimit", "anthropic-ratelimit")
        for kind in ("requests", "tokens", "input-tokens", "output-tokens")
        if "0" in (headers.get(f"{stem}-remaining-{kind}"), headers.get(f"{stem}-{kind}-remaining"))
    ]
    return max((wait for wait in waits if wait is not None), default=None)


def _moment_or_span_s(text: str, now: datetime) -> float | None:
    number = _number(text)
    if number is None:
        span = _span_s(text)
        return span if span is not None else _date_s(text, now)
    if number >= _EPOCH_MS:
        number /= 1000
    return max(0.0, number - now.timestamp()) if number >= _EPOCH_S else number


def _number(text: str) -> float | None:
    return float(text) if _PLAIN_NUMBER.fullmatch(text) else None


def _span_s(text: str) -> float | None:
    """Seconds of "6m0s", "7.66s", "120ms"."""
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)


def _date_s(text: str, now: datetime) -> float | None:
    """Seconds until an HTTP date or an RFC 3339 moment."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text)
        except (ValueError, TypeError):
            continue
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (aware - now).total_seconds())
    return None


def _retry_info(body: object) -> str:
    details: Iterable[Mapping[str, object]] = rows_at(body, "error", "details")
    return next((text_at(row, "retryDelay") for row in details if row.get("@type") == _RETRY_INFO), "")


def _lower(headers: object) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        return {}
    return {str(name).lower(): str(value) for name, value in headers.items()}
