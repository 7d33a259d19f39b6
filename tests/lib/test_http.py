"""The door against a real server on loopback that misbehaves in every way it can."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from smartspawn.lib.addresses import AddressRule
from smartspawn.lib.errors import UpstreamRefused, UpstreamTooLarge, UpstreamUnreachable
from smartspawn.lib.http import Answer, Patience, _redirect_target, open_door, seconds_until_retry, user_agent
from tests.upstreams import Upstreams

HOST = "livebench.ai"
PATH = "/table_2026_06_25.csv"
FAST = Patience(connect_s=1, read_s=0.2, total_s=2, attempts=3, backoff_s=0.01)


@pytest.fixture
def upstreams() -> Iterator[Upstreams]:
    with Upstreams() as running:
        yield running


def get(upstreams: Upstreams, path: str = PATH, *, patience: Patience = FAST, **asked: Any) -> Answer:
    return get_url(f"{upstreams.base_urls[HOST]}{path}", patience=patience, **asked)


def get_url(url: str, **asked: Any) -> Answer:
    async def fetch() -> Answer:
        async with open_door() as door:
            return await door.get(url, **{"rule": AddressRule.PRIVATE_TOO, **asked})

    return asyncio.run(fetch())


def test_an_answer_comes_whole_with_its_validators(upstreams: Upstreams) -> None:
    answer = get(upstreams)
    assert answer.body == upstreams.livebench["2026_06_25"].encode()
    assert answer.status == 200
    assert answer.etag
    assert not answer.is_not_modified


def test_we_say_who_we_are(upstreams: Upstreams) -> None:
    get(upstreams, headers={"X-Api-Key": "k"})
    (asked,) = upstreams.asked
    assert asked.headers["user-agent"] == user_agent()
    assert user_agent().startswith("smart-spawn")
    assert asked.headers["x-api-key"] == "k"


def test_what_the_caller_holds_is_not_sent_again(upstreams: Upstreams) -> None:
    first = get(upstreams)
    second = get(upstreams, etag=first.etag, last_modified="Wed, 22 Jul 2026 12:00:00 GMT")
    assert second.is_not_modified
    assert second.body == b""
    assert upstreams.asked[1].headers["if-modified-since"] == "Wed, 22 Jul 2026 12:00:00 GMT"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_fault_is_tried_again(upstreams: Upstreams, status: int) -> None:
    upstreams.fail(HOST, status=status, times=2)
    assert get(upstreams).status == 200
    assert len(upstreams.asked) == 3


def test_a_lasting_fault_ends_after_the_last_attempt(upstreams: Upstreams) -> None:
    upstreams.fail(HOST, status=503)
    with pytest.raises(UpstreamRefused) as refused:
        get(upstreams)
    assert refused.value.status == 503
    assert len(upstreams.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_that_will_not_pass_is_not_tried_again(upstreams: Upstreams, status: int) -> None:
    upstreams.fail(HOST, status=status)
    with pytest.raises(UpstreamRefused) as refused:
        get(upstreams)
    assert refused.value.status == status
    assert len(upstreams.asked) == 1


def test_retry_after_is_waited_for(upstreams: Upstreams) -> None:
    upstreams.fail(HOST, status=429, headers={"Retry-After": "1"}, times=1)
    started = time.monotonic()
    assert get(upstreams).status == 200
    assert time.monotonic() - started >= 1.0


def test_a_retry_after_beyond_our_patience_is_not_waited_for(upstreams: Upstreams) -> None:
    upstreams.fail(HOST, status=429, headers={"Retry-After": "3600"})
    with pytest.raises(UpstreamRefused) as refused:
        get(upstreams)
    assert refused.value.retry_after_s == 3600
    assert len(upstreams.asked) == 1


def test_a_cut_connection_is_tried_again(upstreams: Upstreams) -> None:
    upstreams.fail(HOST, is_cut=True, times=1)
    assert get(upstreams).body == upstreams.livebench["2026_06_25"].encode()


def test_a_connection_that_is_always_cut_is_unreachable(upstreams: Upstreams) -> None:
    upstreams.fail(HOST, is_cut=True)
    with pytest.raises(UpstreamUnreachable):
        get(upstreams)
    assert len(upstreams.asked) == 3


def test_a_silent_server_is_given_up(upstreams: Upstreams) -> None:
    upstreams.fail(HOST, delay_s=1)
    started = time.monotonic()
    with pytest.raises(UpstreamUnreachable, match="ReadTimeout"):
        get(upstreams, patience=Patience(read_s=0.05, attempts=1))
    assert time.monotonic() - started < 0.8


def test_all_attempts_together_have_one_deadline(upstreams: Upstreams) -> None:
    upstreams.fail(HOST, status=503)
    started = time.monotonic()
    with pytest.raises(UpstreamUnreachable, match=r"within 0\.2 s"):
        get(upstreams, patience=Patience(total_s=0.2, attempts=50, backoff_s=0.05))
    assert time.monotonic() - started < 1


def test_a_closed_port_is_unreachable() -> None:
    with pytest.raises(UpstreamUnreachable, match="ConnectError"):
        get_url("http://127.0.0.1:9/", patience=FAST)


@pytest.mark.parametrize(
    "url", ["ftp://host.test/x", "http://[broken", "no address", "http://", "http://a.test:port/", "https:///x"]
)
def test_an_address_that_is_none_is_unreachable(url: str) -> None:
    with pytest.raises(UpstreamUnreachable):
        get_url(url, patience=FAST)


def test_an_answer_may_be_as_large_as_the_limit_and_not_a_byte_larger(upstreams: Upstreams) -> None:
    upstreams.fail(HOST, body=b"x" * 5000)
    assert len(get(upstreams, patience=Patience(body_bytes=5000)).body) == 5000
    with pytest.raises(UpstreamTooLarge):
        get(upstreams, patience=Patience(body_bytes=4999))


def test_the_limit_counts_what_is_unpacked(upstreams: Upstreams) -> None:
    bomb = gzip.compress(b"\x00" * 50_000_000)
    assert len(bomb) < 60_000
    upstreams.fail(HOST, body=bomb, headers={"Content-Encoding": "gzip"})
    tracemalloc.start()
    try:
        with pytest.raises(UpstreamTooLarge):
            get(upstreams, patience=Patience(body_bytes=1_000_000))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 10_000_000  # given up at the limit, not unpacked first
    assert len(upstreams.asked) == 1  # it would not be smaller the next time


@pytest.mark.parametrize("damage", [lambda body: body[: len(body) // 2], lambda body: b"\x1f\x8b" + body[5:]])
def test_a_damaged_compressed_answer_is_not_taken_for_a_whole_one(upstreams: Upstreams, damage: Any) -> None:
    body = damage(gzip.compress(b"model,python\n" * 1000))
    upstreams.fail(HOST, body=body, headers={"Content-Encoding": "gzip"})
    with pytest.raises(UpstreamUnreachable):
        get(upstreams)


def test_an_encoding_that_was_not_asked_for_is_refused(upstreams: Upstreams) -> None:
    upstreams.fail(HOST, body=b"??", headers={"Content-Encoding": "br"})
    with pytest.raises(UpstreamUnreachable, match="encoding"):
        get(upstreams)


def test_a_redirect_is_followed(upstreams: Upstreams) -> None:
    upstreams.fail(HOST, status=302, headers={"Location": "table_2026_01_08.csv"}, only="2026_06_25")
    answer = get(upstreams)
    assert answer.body == upstreams.livebench["2026_01_08"].encode()
    assert answer.url.endswith("table_2026_01_08.csv")


def test_a_key_does_not_follow_a_redirect_to_another_host(upstreams: Upstreams) -> None:
    with Upstreams() as other:
        upstreams.fail(HOST, status=307, headers={"Location": f"{other.base_urls[HOST]}{PATH}"})
        get(upstreams, headers={"x-api-key": "secret", "Accept": "text/csv"}, etag='"old"')
        (asked,) = other.asked
    assert "x-api-key" not in asked.headers
    assert asked.headers["accept"] == "text/csv"
    assert asked.headers["if-none-match"] == '"old"'


def test_redirects_without_end_are_refused(upstreams: Upstreams) -> None:
    upstreams.fail(HOST, status=302, headers={"Location": f"/{HOST}{PATH}"})
    with pytest.raises(UpstreamRefused, match="without end"):
        get(upstreams)
    assert len(upstreams.asked) == 6


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://host.test/", "http://[broken", "http://a.test:port/"])
def test_a_redirect_out_of_the_web_is_refused(upstreams: Upstreams, target: str) -> None:
    upstreams.fail(HOST, status=302, headers={"Location": target})
    with pytest.raises(UpstreamRefused, match="not safe"):
        get(upstreams)


def test_many_at_once_share_one_door(upstreams: Upstreams) -> None:
    async def fetch() -> list[Answer]:
        async with open_door() as door:
            url = f"{upstreams.base_urls[HOST]}{PATH}"
            asks = (door.get(url, patience=Patience(), rule=AddressRule.PRIVATE_TOO) for _ in range(150))
            return await asyncio.gather(*asks)

    answers = asyncio.run(fetch())
    assert {answer.status for answer in answers} == {200}


NOW = datetime(2026, 7, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Wed, 22 Jul 2026 12:00:30 GMT", 30.0),
        ("Wed, 22 Jul 2026 11:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert seconds_until_retry(header, now=NOW) == seconds


def test_backoff_doubles_up_to_the_longest_wait() -> None:
    patience = Patience(attempts=9, backoff_s=1, longest_wait_s=5)
    fault = UpstreamUnreachable("x")
    for attempt, most in ((1, 1), (2, 2), (3, 4), (4, 5), (8, 5)):
        wait_s = patience.wait_s(attempt, fault)
        assert wait_s is not None
        assert most / 2 <= wait_s <= most
    assert patience.wait_s(9, fault) is None


@pytest.mark.parametrize(("scheme", "is_safe"), [("http", False), ("https", True)])
def test_a_redirect_never_leads_from_https_to_http(scheme: str, is_safe: bool) -> None:
    answer = Answer(url="https://a.test/x", status=302, headers={"location": f"{scheme}://a.test/y"}, body=b"")
    if is_safe:
        assert _redirect_target("https://a.test/x", answer) == "https://a.test/y"
    else:
        with pytest.raises(UpstreamRefused, match="not safe"):
            _redirect_target("https://a.test/x", answer)


def test_proxies_named_in_the_environment_are_used(upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", upstreams.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(UpstreamRefused) as refused:  # the proxy is asked, and knows no such host
        get_url("http://somewhere.test/list", patience=FAST)
    assert refused.value.status == 404
    assert len(upstreams.asked) == 1
