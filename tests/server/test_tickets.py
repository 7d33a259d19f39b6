"""Tickets: Django's word that a stream may begin, redeemed on the event loop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from smartspawn.bridge import Headers, Message, Receive, Scope, Send
from smartspawn.tickets import TICKET_HEADER, Exchange, TicketOffice, stream_ticket


def answer(response_headers: Headers, body: bytes = b"{}") -> Any:
    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": response_headers})
        await send({"type": "http.response.body", "body": body})

    return application


async def count(exchange: Exchange) -> None:
    await exchange.send({"type": "http.response.start", "status": 200, "headers": exchange.headers})
    for number in range(exchange.params["to"]):
        await exchange.send({"type": "http.response.body", "body": str(number).encode(), "more_body": True})
    await exchange.send({"type": "http.response.body", "body": b""})


async def echo(exchange: Exchange) -> None:
    body = (await exchange.receive())["body"] + (await exchange.receive())["body"]
    await exchange.send({"type": "http.response.start", "status": 200, "headers": []})
    await exchange.send({"type": "http.response.body", "body": exchange.scope["path"].encode() + body})


def ask(application: Any) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    parts = [b"ab", b"cd"]

    async def receive() -> Message:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    asyncio.run(
        TicketOffice(application, {"count": count, "echo": echo})({"type": "http", "path": "/x"}, receive, send)
    )
    return sent


def headers_of_ticket(**params: Any) -> Headers:
    response = stream_ticket("count", params)
    response["X-Run-Id"] = "r1"
    return [(name.lower().encode(), value.encode()) for name, value in response.items()]


def test_an_answer_without_a_ticket_passes_as_it_is() -> None:
    sent = ask(answer([(b"content-type", b"application/json")], b'{"a":1}'))
    assert sent[0]["headers"] == [(b"content-type", b"application/json")]
    assert sent[1]["body"] == b'{"a":1}'


def test_a_ticket_is_replaced_by_its_stream() -> None:
    sent = ask(answer(headers_of_ticket(to=3)))
    assert [message.get("body") for message in sent[1:]] == [b"0", b"1", b"2", b""]


def test_the_ticket_itself_never_leaves_and_other_headers_do() -> None:
    sent = ask(answer(headers_of_ticket(to=0)))
    names = {name for name, _ in sent[0]["headers"]}
    assert TICKET_HEADER.encode() not in names
    assert (b"x-run-id", b"r1") in sent[0]["headers"]
    assert not names & {b"content-length", b"content-type"}


def test_a_ticket_for_a_stream_that_nobody_serves_is_an_error_of_ours() -> None:
    response = stream_ticket("unknown", {})
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    with pytest.raises(KeyError):
        ask(answer(headers))


def test_a_stream_may_read_the_body_that_django_has_read() -> None:
    response = stream_ticket("echo", {})
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]

    async def application(_scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["body"] + (await receive())["body"] == b"abcd"
        await answer(headers)(_scope, receive, send)

    assert ask(application)[1]["body"] == b"/xabcd"
