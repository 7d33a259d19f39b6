"""A connection is tested by asking the place itself; what it lists is what it serves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from runs.breakers.shared import is_open, note_fault
from runs.connections import check_connection, get_connection, probe, refresh_listings
from runs.connections.held import forget
from runs.connections.listed import read_listing
from runs.connections.shapes import ListedModel
from runs.models import Connection
from runs.places.endpoints import find_endpoints
from runs.providers.faults import FaultCode, make_fault
from runs.shapes import Protocol
from smartspawn.access.shapes import ANONYMOUS, COMMAND_LINE
from smartspawn.lib.errors import NotAllowed
from smartspawn.lib.http import Patience
from tests.runs.connections.builders import make_connection
from tests.runs.connections.places import FakePlace, fake_place

pytestmark = pytest.mark.django_db

SECRET = "canary-secret-0123456789"


@pytest.fixture
def place() -> Iterator[FakePlace]:
    with fake_place() as running:
        yield running


def connect(place: FakePlace, provider: str = "custom", **changes: Any) -> Connection:
    return make_connection(
        provider, key="here", base_url=place.url, **{"allows_private": True, "secret": SECRET, **changes}
    )


def check() -> str:
    return check_connection(actor=COMMAND_LINE, key="here")


def test_a_good_place_lists_its_models_and_serves_them_from_then_on(place: FakePlace) -> None:
    connect(place)
    assert find_endpoints("model-a") == ()

    assert check() == ""
    report = get_connection(actor=COMMAND_LINE, key="here")
    assert report.is_tested_well
    assert [model.name for model in report.models or ()] == ["model-a", "model-b"]
    assert find_endpoints("model-a")[0].connection == "here"


@pytest.mark.parametrize(
    ("protocol", "header", "value"),
    [
        (Protocol.OPENAI, "authorization", f"Bearer {SECRET}"),
        (Protocol.ANTHROPIC, "x-api-key", SECRET),
        (Protocol.GEMINI, "x-goog-api-key", SECRET),
    ],
)
def test_the_key_travels_in_the_header_of_its_protocol(
    place: FakePlace, protocol: Protocol, header: str, value: str
) -> None:
    connect(place, protocol=protocol)
    check()

    ((path, headers),) = place.asked
    assert headers[header] == value
    assert SECRET not in path


def test_openrouters_key_is_proved_where_a_key_is_needed(place: FakePlace) -> None:
    connect(place, "openrouter")
    check()

    assert [path for path, _ in place.asked] == ["/v1/key"]


@pytest.mark.parametrize("status", [401, 402, 403, 404, 429, 500])
def test_a_refusal_is_told_in_words_and_kept(place: FakePlace, status: int) -> None:
    place.status, place.body = status, {"error": {"message": f"your key {SECRET} is bad"}}
    connect(place)
    problem = check()

    assert str(status) in problem
    assert SECRET not in problem
    assert get_connection(actor=COMMAND_LINE, key="here").test_result == problem


@pytest.mark.parametrize("body", [b"<html>", {"data": "nothing"}, b"[1", 7])
def test_what_lists_no_models_is_no_provider(place: FakePlace, body: Any) -> None:
    place.body = body
    connect(place)

    assert "What answers at this address" in check()


def test_a_test_ends_in_bounded_time(place: FakePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "PATIENCE", Patience(connect_s=0.2, read_s=0.2, total_s=0.3, attempts=1))
    place.delay_s = 1.0
    connect(place)
    started = time.perf_counter()

    assert check()
    assert time.perf_counter() - started < 0.9


def test_a_private_address_is_not_reached_without_the_switch(place: FakePlace) -> None:
    connect(place, allows_private=False)

    assert check()
    assert place.asked == []


def test_a_redirect_into_metadata_is_not_followed(place: FakePlace) -> None:
    place.status, place.headers = 302, {"Location": "http://169.254.169.254/latest/meta-data"}
    connect(place)

    assert check()


def test_a_redirect_to_another_server_does_not_take_the_key_along(place: FakePlace) -> None:
    with fake_place() as other:
        place.status, place.headers = 302, {"Location": f"{other.url}/models"}
        connect(place)
        check()

        ((_, headers),) = other.asked
        assert SECRET not in str(headers)


def test_a_list_keeps_the_prices_that_were_set_by_hand(place: FakePlace) -> None:
    by_hand = {"id": "model-a", "prompt_usd_per_mtok": "2", "completion_usd_per_mtok": "4", "is_set": True}
    connect(place, models=[by_hand, {"id": "gone"}])
    check()

    models = {
        model.name: model.prompt_usd_per_mtok for model in get_connection(actor=COMMAND_LINE, key="here").models or ()
    }
    assert models == {"model-a": Decimal(2), "model-b": None}


def test_a_test_that_goes_well_closes_the_breaker(place: FakePlace) -> None:
    connect(place)
    check()
    (endpoint,) = find_endpoints("model-a")
    note_fault(endpoint, make_fault(FaultCode.KEY_REFUSED, "Bad key."))
    assert is_open(endpoint)

    check()
    assert not is_open(endpoint)


def test_an_environments_key_is_tested_and_its_list_kept(place: FakePlace, settings: Any, monkeypatch: Any) -> None:
    settings.PROVIDER_KEYS = {"GROQ_API_KEY": SECRET}
    forget()
    asked: list[str] = []

    async def look(place_: Any, secret: str) -> tuple[ListedModel, ...]:
        asked.append(secret)
        return (ListedModel("llama-3.3-70b-versatile"),)

    monkeypatch.setattr(probe, "_look", look)
    assert check_connection(actor=COMMAND_LINE, key="groq-env") == ""
    report = get_connection(actor=COMMAND_LINE, key="groq-env")

    assert asked == [SECRET]
    assert report.is_tested_well
    assert report.models == (ListedModel("llama-3.3-70b-versatile"),)
    assert Connection.objects.get().sealed_secret == ""


def test_only_admins_test(place: FakePlace) -> None:
    connect(place)
    with pytest.raises(NotAllowed):
        check_connection(actor=ANONYMOUS, key="here")


def test_the_daily_round_asks_every_place_that_serves_by_its_list(place: FakePlace) -> None:
    connect(place)
    make_connection("openrouter")
    make_connection("ollama", is_enabled=False)
    refresh_listings()

    assert len(place.asked) == 1
    assert find_endpoints("model-b")


def test_lists_of_all_protocols_are_read() -> None:
    assert read_listing({"models": [{"name": "models/gemini-2.5-pro"}]}) == (ListedModel("gemini-2.5-pro"),)
    together = [{"id": "a", "pricing": {"input": 0.88, "output": 0.9}}]
    assert read_listing(together) == (ListedModel("a", Decimal("0.88"), Decimal("0.9")),)
    per_token = {"data": [{"id": "b", "pricing": {"prompt": "0.000001", "completion": "0.000005"}}]}
    assert read_listing(per_token) == (ListedModel("b", Decimal(1), Decimal(5)),)


def test_rows_of_a_list_that_are_no_models_cost_only_themselves() -> None:
    rows = [{"id": "good"}, {"id": 7}, "text", {"id": ""}, {"id": "x" * 300}, {"id": "p", "pricing": {"input": "NaN"}}]

    assert [model.name for model in read_listing({"data": rows}) or ()] == ["good", "p"]
