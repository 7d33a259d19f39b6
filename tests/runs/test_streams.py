"""A run followed while it happens, in three dialects, until it ends or the client leaves."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from runs import streams
from runs.keeping.events import EventKind, NewEvent, add_events
from runs.models import Run
from runs.shapes import RunStatus
from smartspawn.bridge import Message
from smartspawn.tickets import Exchange
from tests.runs.rows import make_run

pytestmark = pytest.mark.django_db(transaction=True)


class Client:
    """The other end of a connection; leaves after so many pieces."""

    def __init__(self, *, leaves_after: int | None = None) -> None:
        self.sent: list[Message] = []
        self._leaves_after = leaves_after
        self._gone = asyncio.Event()

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        if self._leaves_after is not None and len(self.sent) > self._leaves_after:
            self._gone.set()

    async def receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    def exchange(self, params: dict[str, Any]) -> Exchange:
        return Exchange(params, [], {"type": "http"}, self.receive, self.send)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])

    @property
    def is_whole(self) -> bool:
        return self.sent[-1] == {"type": "http.response.body", "body": b""}

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.body.decode().splitlines() if line]


def follow(run: Run, client: Client, *, after: int = 0, form: str = "ndjson") -> None:
    params = {"run": str(run.pk), "after": after, "format": form}
    asyncio.run(asyncio.wait_for(streams.stream_events(client.exchange(params)), 10))


def finish(run: Run, *kinds: EventKind) -> None:
    """Tell these events, the last of which ends the run."""
    add_events(run.pk, [NewEvent(kind, message=kind.value) for kind in kinds])
    Run.objects.filter(pk=run.pk).update(status=RunStatus.COMPLETED)


def in_a_while(work: Callable[[], None], delay_s: float = 0.15) -> threading.Timer:
    def done() -> None:
        try:
            work()
        finally:
            connection.close()

    timer = threading.Timer(delay_s, done)
    timer.start()
    return timer


def test_a_run_that_is_over_is_told_whole_and_the_stream_ends() -> None:
    run, client = make_run(), Client()
    finish(run, EventKind.RUN_STARTED, EventKind.RUN_COMPLETED)
    follow(run, client)
    assert [line["event"] for line in client.lines()] == ["run.started", "run.completed"]
    assert client.is_whole


def test_what_happens_later_is_told_when_it_happens() -> None:
    run, client = make_run(), Client()
    add_events(run.pk, [NewEvent(EventKind.RUN_STARTED)])
    timer = in_a_while(lambda: finish(run, EventKind.NODE_STARTED, EventKind.RUN_COMPLETED))
    follow(run, client)
    timer.join()
    assert [line["seq"] for line in client.lines()] == [1, 2, 3]


def test_a_client_goes_on_after_the_number_it_has() -> None:
    run, client = make_run(), Client()
    finish(run, EventKind.RUN_STARTED, EventKind.NODE_STARTED, EventKind.RUN_COMPLETED)
    follow(run, client, after=2)
    assert [line["seq"] for line in client.lines()] == [3]


def test_server_sent_events_carry_number_name_and_data() -> None:
    run, client = make_run(), Client()
    finish(run, EventKind.RUN_COMPLETED)
    follow(run, client, form="sse")
    first = client.body.decode().split("\n\n")[0].splitlines()
    assert first[:2] == ["id: 1", "event: run.completed"]
    assert json.loads(first[2].removeprefix("data: "))["seq"] == 1
    headers = dict(client.sent[0]["headers"])
    assert headers[b"content-type"] == b"text/event-stream"
    assert headers[b"x-accel-buffering"] == b"no"


@pytest.mark.parametrize(("form", "sign"), [("sse", b": keep-alive\n\n"), ("ndjson", b"\n")])
def test_silence_is_filled_so_that_nothing_between_closes_the_line(
    monkeypatch: pytest.MonkeyPatch, form: str, sign: bytes
) -> None:
    monkeypatch.setattr(streams, "KEEP_ALIVE_S", 0.05)
    run, client = make_run(), Client()
    timer = in_a_while(lambda: finish(run, EventKind.RUN_COMPLETED), 0.4)
    follow(run, client, form=form)
    timer.join()
    assert client.sent[1]["body"] == sign


def test_more_events_than_fit_into_one_look_are_all_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_PAGE", 3)
    run, client = make_run(), Client()
    finish(run, *[EventKind.NODE_STARTED] * 10, EventKind.RUN_COMPLETED)
    follow(run, client)
    assert [line["seq"] for line in client.lines()] == list(range(1, 12))


def test_a_client_that_leaves_ends_its_stream_and_nothing_else() -> None:
    run, client = make_run(status=RunStatus.RUNNING), Client(leaves_after=1)
    add_events(run.pk, [NewEvent(EventKind.RUN_STARTED)])
    follow(run, client)
    run.refresh_from_db()
    assert not client.is_whole
    assert (run.status, run.cancel_requested_at) == (RunStatus.RUNNING, None)


# --- streams that drive --------------------------------------------------------------------


def drive(
    run: Run, client: Client, monkeypatch: pytest.MonkeyPatch, *, lasts_s: float, is_detached: bool
) -> list[UUID]:
    """Follow a run that a made-up driver ends after a while, unless it is canceled before."""
    canceled: list[UUID] = []

    async def drive_inline(run_id: UUID) -> bool:
        for _ in range(int(lasts_s / 0.02)):
            await asyncio.sleep(0.02)
            if canceled:
                return True
        await asyncio.to_thread(_closing(lambda: finish(run, EventKind.RUN_COMPLETED)))
        return True

    monkeypatch.setattr(streams, "drive_inline", drive_inline)
    monkeypatch.setattr(streams, "cancel_inline", canceled.append)
    params = {"run": str(run.pk), "shape": "parallel", "isDetached": is_detached}
    asyncio.run(asyncio.wait_for(streams.stream_swarm(client.exchange(params)), 10))
    return canceled


def _closing(work: Callable[[], None]) -> Callable[[], None]:
    def done() -> None:
        try:
            work()
        finally:
            connection.close()

    return done


def test_a_stream_that_drives_its_run_tells_start_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    run, client = make_run(), Client()
    canceled = drive(run, client, monkeypatch, lasts_s=0.1, is_detached=False)
    assert [line["event"] for line in client.lines()] == ["start", "complete"]
    assert client.lines()[0]["runId"] == str(run.pk)
    assert client.is_whole
    assert canceled == []


def test_a_client_that_hangs_up_stops_the_spending(monkeypatch: pytest.MonkeyPatch) -> None:
    run, client = make_run(), Client(leaves_after=1)
    canceled = drive(run, client, monkeypatch, lasts_s=5, is_detached=False)
    run.refresh_from_db()
    assert canceled == [run.pk]
    assert run.cancel_requested_at is not None


def test_a_detached_run_goes_on_without_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    run, client = make_run(), Client(leaves_after=1)
    canceled = drive(run, client, monkeypatch, lasts_s=0.3, is_detached=True)
    run.refresh_from_db()
    assert (canceled, run.status) == ([], RunStatus.COMPLETED)
