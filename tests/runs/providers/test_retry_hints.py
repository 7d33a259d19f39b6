"""When one may come again, in every way that providers say it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from runs.providers.retry_hints import read_retry_after_s

NOW = datetime(2026, 7, 22, 12, tzinfo=UTC)
IN_90_S = int((NOW + timedelta(seconds=90)).timestamp())
RETRY_INFO = {
    "error": {
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}, {"@type": "other"}]
    }
}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "Wed, 22 Jul 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Wed, 22 Jul 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        # OpenRouter: a moment in milliseconds
        ({"x-ratelimit-limit": "20", "x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{IN_90_S}000"}, 90.0),
        ({"x-ratelimit-reset": str(IN_90_S)}, 90.0),
        ({"x-ratelimit-reset": "12"}, 12.0),
        # OpenAI and Groq: of what is used up, the latest
        (
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "6m0s",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "7.66s",
            },
            360.0,
        ),
        (
            {
                "x-ratelimit-remaining-requests": "59",
                "x-ratelimit-reset-requests": "6m0s",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "120ms",
            },
            0.12,
        ),
        ({"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "6m0s"}, None),
        # Anthropic
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-07-22T12:00:45Z",
            },
            45.0,
        ),
        ({"retry-after": "3", "x-ratelimit-reset": "99"}, 3.0),
    ],
)
def test_headers_are_understood(headers: dict[str, str], seconds: float | None) -> None:
    told = read_retry_after_s(headers, None, now=NOW)
    assert told == (None if seconds is None else pytest.approx(seconds))


def test_googles_retry_info_is_understood() -> None:
    assert read_retry_after_s({}, RETRY_INFO, now=NOW) == 34.5
    assert read_retry_after_s({"retry-after": "2"}, RETRY_INFO, now=NOW) == 2.0


def test_what_openrouter_was_told_itself_counts() -> None:
    body = {"error": {"metadata": {"headers": {"X-RateLimit-Reset": str(IN_90_S * 1000)}}}}
    assert read_retry_after_s({}, body, now=NOW) == 90.0


@pytest.mark.parametrize("body", [None, [], "x", {"error": []}, {"error": {"details": [None, 3]}}])
def test_a_body_without_a_word_of_it_says_nothing(body: object) -> None:
    assert read_retry_after_s({}, body, now=NOW) is None
