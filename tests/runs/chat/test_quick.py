"""The short way takes what is of the usual form, and hands everything else to Django just as it came."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from runs.chat import quick
from runs.chat.names import ModelUnknown
from runs.chat.prepared import Chat
from runs.chat.quick import QuickChats
from runs.chat.shapes import ByName, ChatAsk
from smartspawn.access.shapes import Actor, Scope
from smartspawn.bridge import Headers, Message
from smartspawn.tickets import Exchange

KEY = "ss_12345678_good"
PATH = "/v1/chat/completions"
BODY = json.dumps({"model": "acme/one", "messages": [{"role": "user", "content": "Hello"}]}).encode()
HEADERS: Headers = [(b"host", b"localhost:8000"), (b"authorization", b"Bearer " + KEY.encode())]
ACTOR = Actor(label="key", scopes=frozenset({Scope.RUNS_WRITE}), user_id=1, key_id=2)


class Desk:
    """Both ways, and what came to each."""

    def __init__(self) -> None:
        self.answered: list[Exchange] = []
        self.to_django: list[bytes] = []
        self.prepared: list[tuple[ChatAsk, Actor]] = []
        self.is_within_limit = True
        self.actor: Actor | None = ACTOR
        self.is_database_gone = False

    def find(self, token: str) -> Actor | None:
        if self.is_database_gone:
            raise OperationalError("gone")
        return self.actor if token == KEY else None

    async def django(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.to_django.append((await receive())["body"])

    async def answer(self, exchange: Exchange, work: object) -> None:
        self.answered.append(exchange)

    def ask(self, *, path: str = PATH, method: str = "POST", headers: Headers | None = None, body: bytes = BODY) -> Any:
        """The messages that a client got here, without Django."""
        sent: list[Message] = []
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "scheme": "http",
            "client": ("192.0.2.7", 5),
            "headers": HEADERS if headers is None else headers,
        }
        parts = [body[:7], body[7:]]

        async def receive() -> Message:
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

        async def send(message: Message) -> None:
            sent.append(message)

        async def is_within_limit(_scope: object) -> bool:
            return self.is_within_limit

        async def do() -> None:
            with ThreadPoolExecutor(1) as threads:
                chats = QuickChats(self.django, self, is_within_limit=is_within_limit, threads=threads)  # type: ignore[arg-type]
                chats._keys._find = self.find
                await chats(scope, receive, send)

        asyncio.run(do())
        return sent


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk()

    def prepare(ask: ChatAsk, actor: Actor) -> Chat:
        desk.prepared.append((ask, actor))
        if isinstance(ask.wish, ByName) and ask.wish.model_id == "acme/none":
            raise ModelUnknown("No such model.", param="model")
        if isinstance(ask.wish, ByName) and ask.wish.model_id == "acme/broken":
            raise RuntimeError("a fault of ours")
        return None  # type: ignore[return-value]  # nobody looks at it

    monkeypatch.setattr(quick, "_prepare", prepare)
    return desk


def with_model(name: str) -> bytes:
    return json.dumps({"model": name, "messages": [{"role": "user", "content": "Hello"}]}).encode()


def replaced(name: bytes, value: bytes) -> Headers:
    return [*(pair for pair in HEADERS if pair[0] != name), (name, value)]


def test_a_chat_of_the_usual_form_goes_the_short_way(desk: Desk) -> None:
    desk.ask()
    assert desk.to_django == []
    ((ask, actor),) = desk.prepared
    assert ask.wish == ByName("acme/one")
    assert actor == ACTOR.at("192.0.2.7")
    assert len(desk.answered) == 1


def test_anthropics_clients_show_their_key_in_a_header_of_their_own(desk: Desk) -> None:
    headers: Headers = [(b"host", b"localhost"), (b"x-api-key", KEY.encode())]
    desk.ask(path="/v1/messages", headers=headers, body=BODY[:-1] + b', "max_tokens": 5}')
    assert [ask.max_output_tokens for ask, _ in desk.prepared] == [5]


def test_what_responses_are_asked_for_is_read_in_their_own_words(desk: Desk) -> None:
    desk.ask(path="/v1/responses", body=b'{"model": "acme/one", "input": "Hello"}')
    desk.ask(path="/v1/responses", body=b'{"model": "acme/one", "input": "Hello", "previous_response_id": "r"}')
    assert [ask.messages for ask, _ in desk.prepared] == [({"role": "user", "content": "Hello"},)]
    assert len(desk.to_django) == 1  # which refuses it in words


@pytest.mark.parametrize(
    "given",
    [
        {"path": "/v1/models", "method": "GET"},
        {"method": "GET"},
        {"headers": [(b"host", b"localhost")]},
        {"headers": replaced(b"authorization", b"Bearer sk-somebody-elses")},
        {"headers": replaced(b"authorization", b"Bearer ss_unknown")},
        {"headers": replaced(b"authorization", b"Basic " + KEY.encode())},
        {"headers": [*HEADERS, (b"cookie", b"smartspawn_session=x")]},
        {"headers": replaced(b"host", b"evil.example")},
        {"headers": [*HEADERS, (b"content-length", b"x")]},
        {"body": b"{"},
        {"body": b"[]"},
        {"body": b'{"model": "\xff"}'},
        {"body": with_model("")},
        {"body": with_model("collective")},  # a run answers it
        {"body": b"[" * 100_000},
        {"body": BODY[:-1] + b', "n": 0}'},
    ],
)
def test_everything_else_goes_to_django_as_it_came(desk: Desk, given: dict[str, Any]) -> None:
    assert desk.ask(**given) == []
    assert desk.answered == desk.prepared == []
    whole = given.get("body", BODY)
    assert desk.to_django in ([whole], [whole[:7]])  # unread, or read and given once more


def test_a_key_without_the_scope_and_a_client_past_its_limit_hear_it_from_django(desk: Desk) -> None:
    desk.is_within_limit = False
    desk.ask()
    desk.is_within_limit = True
    desk.actor = Actor(label="key", scopes=frozenset({Scope.RUNS_READ}), user_id=1, key_id=2)
    desk.ask()
    assert desk.to_django == [BODY, BODY]
    assert desk.prepared == []


def test_a_body_beyond_the_limit_is_left_to_django(desk: Desk, settings: Any) -> None:
    settings.CHAT_REQUEST_MAX_BYTES = 50
    desk.ask(headers=[*HEADERS, (b"content-length", str(len(BODY)).encode())])
    assert len(desk.to_django) == 1
    assert desk.prepared == []


def test_a_long_body_is_read_as_well(desk: Desk) -> None:
    long = json.dumps({"model": "acme/one", "messages": [{"role": "user", "content": "x" * 200_000}]}).encode()
    desk.ask(body=long)
    assert len(desk.answered) == 1


def test_what_choosing_refuses_is_told_in_the_words_of_the_protocol(desk: Desk) -> None:
    start, end = desk.ask(body=with_model("acme/none"))
    assert start["status"] == 404
    assert json.loads(end["body"])["error"] == {
        "message": "No such model.",
        "type": "invalid_request_error",
        "param": "model",
        "code": "MODEL_NOT_FOUND",
    }
    assert dict(start["headers"])[b"content-length"] == str(len(end["body"])).encode()


def test_a_fault_of_ours_is_left_to_django_to_log_and_to_word(desk: Desk) -> None:
    desk.ask(body=with_model("acme/broken"))
    assert desk.to_django == [with_model("acme/broken")]


def test_a_database_that_is_gone_is_left_to_django_to_word(desk: Desk) -> None:
    desk.is_database_gone = True
    desk.ask()
    assert desk.to_django == [BODY]


def test_the_address_is_the_proxys_word_where_it_adds_a_line_below_the_clients(desk: Desk, settings: Any) -> None:
    settings.TRUSTED_PROXIES = [ip_network("192.0.2.0/24")]
    told: Headers = [(b"x-forwarded-for", b"10.9.9.9"), (b"x-forwarded-for", b"198.51.100.4")]
    desk.ask(headers=[*HEADERS, *told])
    assert [actor.address for _, actor in desk.prepared] == ["198.51.100.4"]


def test_the_headers_are_those_that_django_sends(desk: Desk, client: Client, db: None) -> None:
    desk.ask()
    own = {name.decode(): value.decode() for name, value in desk.answered[0].headers}
    theirs = {name.lower(): value for name, value in client.post(PATH, headers={"host": "localhost"}).items()}
    assert own.items() <= theirs.items()
    assert theirs.keys() - own.keys() <= {"content-type", "content-length", "allow", "vary", "www-authenticate"}
