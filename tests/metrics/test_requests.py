"""Requests are counted by address, whichever process answered, and no address that is made up adds a label."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import DatabaseError

from smartspawn.bridge import Message
from smartspawn.metrics import requests
from smartspawn.metrics.requests import BOUNDS_S, UNMATCHED, Count, Kind, RequestCounter, add_up, request_families
from smartspawn.metrics.text import exposition
from smartspawn.models import RequestSum

KIND = Kind("/api/status", "GET", "2xx")


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def counting(status: int, takes_s: float) -> tuple[RequestCounter, Any]:
    clock = Clock()

    async def application(_scope: object, _receive: object, send: Any) -> None:
        clock.now_s += takes_s
        if status == 0:
            raise ConnectionResetError
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    counter = RequestCounter(application, clock)

    def ask(path: str, method: str = "GET") -> None:
        async def send(_message: Message) -> None: ...

        asyncio.run(counter({"type": "http", "path": path, "method": method}, None, send))  # type: ignore[arg-type]

    return counter, ask


def test_addresses_are_counted_by_their_template_and_methods_by_their_name() -> None:
    counter, ask = counting(404, 0.01)
    for number in range(100):
        ask(f"/made-up/{number}")
        ask(f"/api/runs/00000000-0000-0000-0000-{number:012}")
        ask(f"/static/css/{number}.css")
        ask("/v1/models/acme/one", f"BREW{number}")
    assert {(kind.route, kind.method): count.requests for kind, count in counter._counts.items()} == {
        (UNMATCHED, "GET"): 100,
        ("/api/runs/<uuid:run_id>", "GET"): 100,
        ("/static/", "GET"): 100,
        ("/v1/models/<path:name>", "OTHER"): 100,
    }


def test_a_client_that_got_no_answer_is_not_counted() -> None:
    counter, ask = counting(0, 1.0)
    with pytest.raises(ConnectionResetError):
        ask("/api/status")
    assert counter._counts == {}


@pytest.mark.django_db
def test_what_two_processes_count_is_one_sum_in_the_form_that_monitoring_reads() -> None:
    for takes_s, status in ((0.05, 200), (3.0, 200), (100.0, 500)):
        counter, ask = counting(status, takes_s)
        ask("/api/status")
        ask("/api/status")
        counter.write()
        counter.write()  # nothing is added twice
    told = exposition(request_families())
    good = 'method="GET",status="2xx"'
    assert f'smartspawn_http_requests_total{{route="/api/status",{good}}} 4\n' in told
    assert f'duration_seconds_bucket{{route="/api/status",{good},le="0.025"}} 0\n' in told
    assert f'duration_seconds_bucket{{route="/api/status",{good},le="0.1"}} 2\n' in told
    assert f'duration_seconds_bucket{{route="/api/status",{good},le="+Inf"}} 4\n' in told
    assert f'duration_seconds_sum{{route="/api/status",{good}}} 6.1\n' in told
    assert 'duration_seconds_count{route="/api/status",method="GET",status="5xx"} 2\n' in told
    assert told.count("# TYPE smartspawn_http_request_duration_seconds histogram") == 1


@pytest.mark.django_db
def test_while_the_database_is_away_counts_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    counter, ask = counting(200, 0.0)

    def fail(_counts: object) -> None:
        raise DatabaseError

    ask("/api/status")
    with monkeypatch.context() as away:
        away.setattr(requests, "add_up", fail)
        counter.write()
    ask("/api/status")
    counter.write()
    assert RequestSum.objects.get().request_count == 2


@pytest.mark.django_db
def test_after_a_change_of_the_bounds_old_buckets_are_dropped_and_the_sum_stays() -> None:
    RequestSum.objects.create(**KIND._asdict(), request_count=5, duration_ms=10, bucket_counts=[1, 2])
    add_up({KIND: Count(1, 1, [1] * len(BOUNDS_S))})
    row = RequestSum.objects.get()
    assert (row.request_count, row.bucket_counts) == (6, [1] * len(BOUNDS_S))
