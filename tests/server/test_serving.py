"""The running site over HTTP: repeated answers are Django's own, limits are exact, bad bodies lose nothing."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.site import Site, running_site

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("serving"), is_first_start=True, SMARTSPAWN_RATE_LIMIT="off") as running:
        yield running


def ask(
    site: Site, path: str, method: str = "GET", body: Any = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """The status, the headers (lower case) and the body of one request on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(site.address).netloc, timeout=20)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(
            method, path, body=body, headers=named, encode_chunked=body is not None and not isinstance(body, bytes)
        )
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


OPEN_READS = ["/api", "/api/models?limit=5", "/api/status", "/api/compare?models=openai/gpt-4o,openai/gpt-4o-mini"]


@pytest.mark.parametrize("path", OPEN_READS)
def test_a_repeated_answer_is_what_django_says(site: Site, path: str) -> None:
    separator = "&" if "?" in path else "?"
    from_django = ask(site, path, Cookie="unrelated=1")
    first, second = ask(site, f"{path}{separator}fresh=1"), ask(site, f"{path}{separator}fresh=1")
    assert first[0] == second[0] == from_django[0]
    for own in ("date", "etag", "vary", "content-length"):
        for headers in (from_django[1], first[1], second[1]):
            headers.pop(own, None)
    assert first[1] == second[1] == from_django[1]
    assert first[2] == second[2]


def test_protective_headers_come_with_a_repeated_answer(site: Site) -> None:
    ask(site, "/api/models?limit=5")
    _, headers, _ = ask(site, "/api/models?limit=5")
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["access-control-allow-origin"] == "*"


def test_who_has_an_answer_gets_304(site: Site) -> None:
    _, headers, _ = ask(site, "/api/models?limit=6")
    assert ask(site, "/api/models?limit=6", If_None_Match=headers["etag"])[0] == 304


def test_a_repeated_answer_is_compressed_on_the_wire(site: Site) -> None:
    _, _, plain = ask(site, "/api/models?limit=50")
    _, headers, body = ask(site, "/api/models?limit=50", Accept_Encoding="gzip")
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == plain
    assert len(body) * 3 < len(plain)


def test_a_new_revision_shows_within_a_second(site: Site) -> None:
    _, _, before = ask(site, "/api/models?limit=1")
    site.run_python(
        "from catalog.models import StoredSnapshot\n"
        "row = StoredSnapshot.objects.order_by('-revision').first()\n"
        "row.pk = None\n"
        "row.revision = None\n"
        "row.content_sha256 = '0' * 64\n"
        "row.save(force_insert=True)"
    )
    threading.Event().wait(0.6)
    _, _, after = ask(site, "/api/models?limit=1")
    assert json.loads(after)["meta"]["revision"] == json.loads(before)["meta"]["revision"] + 1


def test_a_foreign_host_is_refused_even_for_a_known_answer(site: Site) -> None:
    ask(site, "/api/models?limit=5")
    assert ask(site, "/api/models?limit=5", Host="attacker.example")[0] == 400


def test_health_is_answered_without_a_session(site: Site) -> None:
    status, headers, body = ask(site, "/healthz")
    assert (status, json.loads(body)) == (200, {"status": "ok"})
    assert "set-cookie" not in headers


# --- bodies ---------------------------------------------------------------------------------------------------


def test_a_body_that_is_too_long_gets_the_envelope(site: Site) -> None:
    status, _, body = ask(site, "/api/refresh", "POST", b"x" * (1024 * 1024 + 1), Content_Type="application/json")
    assert status == 413
    assert json.loads(body)["error"]["code"] == "PAYLOAD_TOO_LARGE"


def test_a_chunked_body_that_is_too_long_gets_the_envelope(site: Site) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    status, _, body = ask(site, "/api/refresh", "POST", chunks(), Transfer_Encoding="chunked")
    assert status == 413
    assert json.loads(body)["error"]["code"] == "PAYLOAD_TOO_LARGE"


def test_many_half_sent_requests_do_not_stop_the_site(site: Site) -> None:
    host, port = urlsplit(site.address).netloc.split(":")
    senders = [socket.create_connection((host, int(port))) for _ in range(40)]
    try:
        for sender in senders:
            sender.sendall(b"POST /api/refresh HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
        assert ask(site, "/healthz")[0] == 200
        assert ask(site, "/api/models?limit=7")[0] == 200
    finally:
        for sender in senders:
            sender.close()
    assert ask(site, "/healthz")[0] == 200


def test_clients_that_leave_early_do_not_stop_the_site(site: Site) -> None:
    host, port = urlsplit(site.address).netloc.split(":")
    for number in range(60):
        with socket.create_connection((host, int(port))) as client:
            client.sendall(f"GET /api/models?limit=50&gone={number} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert ask(site, "/api/models?limit=8")[0] == 200


@pytest.mark.parametrize(
    "junk", [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"]
)
def test_junk_on_the_wire_does_not_stop_the_site(site: Site, junk: bytes) -> None:
    host, port = urlsplit(site.address).netloc.split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(junk)
        client.settimeout(5)
        assert b" 500 " not in client.recv(1000)
    assert ask(site, "/healthz")[0] == 200


# --- limits -----------------------------------------------------------------------------------------------------


def test_the_limit_is_exact_across_kept_and_fresh_answers(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_site(tmp_path_factory.mktemp("limited"), SMARTSPAWN_RATE_LIMIT="40/min") as limited:
        statuses: Counter[int] = Counter()
        paths = ["/api/models?limit=5", "/api/models?limit=5", "/api/status", "/api", "/api/nothing-here"]

        def ask_some(number: int) -> None:
            for turn in range(8):
                statuses[ask(limited, paths[(number + turn) % len(paths)])[0]] += 1

        threads = [threading.Thread(target=ask_some, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses[429] == 40
        assert sum(statuses.values()) == 80
        status, headers, body = ask(limited, "/api/models?limit=5")
        assert status == 429
        assert 1 <= int(headers["retry-after"]) <= 60
        assert json.loads(body)["error"]["code"] == "RATE_LIMITED"
        assert ask(limited, "/healthz")[0] == 200
