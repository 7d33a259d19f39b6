"""Who answers a chat: among what can be reached and is allowed, and the same as long as a conversation lasts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from routing.limits import set_limits
from routing.models import StoredDecision
from routing.shapes import Limits
from runs.breakers import shared as breakers
from runs.chat.choosing import Route, choose
from runs.chat.conversations import prune_conversations
from runs.chat.listing import find_model, list_models
from runs.chat.names import ModelUnknown, read_name
from runs.chat.prepare import output_limit, prepare_chat
from runs.chat.shapes import ChatAsk
from runs.connections.held import forget
from runs.models import Connection, Conversation
from runs.shapes import ModelChoice
from smartspawn.access.shapes import COMMAND_LINE, Actor, Role, scopes_within
from smartspawn.lib.errors import NoModel, NotAllowed
from tests.factories import make_snapshot, publish_snapshot
from tests.routing.conftest import entry, models
from tests.runs.connections.builders import make_connection

pytestmark = pytest.mark.django_db

PRICES = {"prompt_usd_per_mtok": "1", "completion_usd_per_mtok": "1"}
SERVED = ("openai/big", "openai/small", "x-ai/wide", "deepseek/blind")
TASK = "Write a Python function that reverses a linked list in place, with tests"
PERSON = Actor("ann", Role.MEMBER, scopes_within(Role.MEMBER), user_id=5)


@pytest.fixture(autouse=True)
def _world(db: None, settings: Any) -> Iterator[None]:
    """Nine models, of which a connection serves four; and the simulator."""
    settings.PROVIDER_KEYS = {}
    forget()
    breakers.forget()
    publish_snapshot(make_snapshot(*models()))
    serve(*SERVED)
    yield
    forget()


def serve(*names: str) -> None:
    Connection.objects.filter(key="served").delete()
    make_connection("custom", key="served", models=[{"id": name, **PRICES} for name in (*names, "llama-at-home")])


def ask(*said: str, model: str = "auto:any", **fields: Any) -> ChatAsk:
    roles = ("user", "assistant")
    messages = tuple({"role": roles[place % 2], "content": words} for place, words in enumerate(said or (TASK,)))
    return ChatAsk(**{"model": model, "wish": read_name(model), "messages": messages, **fields})


def route(*said: str, actor: Actor = PERSON, prompt_tokens: int = 100, **fields: Any) -> Route:
    made = choose(ask(*said, **fields), actor, prompt_tokens)
    for write in made.writes:
        write()
    return made


def chosen(*said: str, **fields: Any) -> str:
    return route(*said, **fields).choices[0].model_id


def test_auto_takes_the_best_of_what_can_be_reached_and_keeps_the_decision() -> None:
    made = route()
    assert made.choices[0].model_id == "openai/big"  # the better ones of Anthropic are served by nobody
    row = StoredDecision.objects.get()
    assert (str(row.pk), row.kind, row.user_id, row.chosen) == (made.decision_id, "chat", 5, ["openai/big"])
    assert made.category == row.category


def test_nobody_waits_for_the_choice_to_be_written_and_who_begins_at_the_same_time_gets_the_same() -> None:
    begun = choose(ask("Begun twice"), PERSON, 100)
    assert not StoredDecision.objects.exists()
    serve("deepseek/blind", "openai/big")
    second = choose(ask("Begun twice"), PERSON, 100)
    assert second.decision_id == begun.decision_id
    assert "keeps its model" in second.reason
    for write in (*begun.writes, *second.writes):
        write()
    assert str(StoredDecision.objects.get().pk) == begun.decision_id
    assert Conversation.objects.get().decision_id == begun.decision_id


def test_stand_ins_are_of_other_providers() -> None:
    assert [choice.model_id.split("/")[0] for choice in route().choices] == ["openai", "deepseek", "x-ai"]


@pytest.mark.parametrize(
    ("fields", "model_id"),
    [
        ({"model": "auto:low"}, "deepseek/blind"),
        ({"model": "auto:coding:low"}, "deepseek/blind"),
        ({"model": "policy:fast"}, "deepseek/blind"),
        ({"prompt_tokens": 500_000}, "x-ai/wide"),
    ],
)
def test_what_is_asked_for_narrows_the_choice(fields: dict[str, Any], model_id: str) -> None:
    assert chosen(**fields) == model_id


def test_pictures_need_a_model_that_sees() -> None:
    picture = [{"type": "image_url", "image_url": {"url": "https://x"}}, {"type": "text", "text": TASK}]
    assert chosen(model="auto:low", messages=({"role": "user", "content": picture},)) == "openai/small"


def test_where_nothing_is_left_at_the_usual_price_auto_says_so_and_takes_a_dearer_one() -> None:
    serve("anthropic/grand")
    made = route(model="auto")
    assert made.choices[0].model_id == "anthropic/grand"
    assert made.reason.startswith("nothing is left in the medium price range")
    with pytest.raises(NoModel, match="medium"):
        route(model="auto:medium")


def test_a_conversation_keeps_its_model_though_a_better_one_comes() -> None:
    first = route()
    serve(*SERVED, "anthropic/grand")
    later = route(TASK, "def ...", "yes")
    assert later.choices[0].model_id == "openai/big"
    assert (later.decision_id, later.session, later.category) == (first.decision_id, first.session, first.category)
    assert later.reason.startswith("the conversation keeps its model")
    assert chosen("Another matter altogether, which nobody has spoken of before") == "anthropic/grand"
    assert StoredDecision.objects.count() == 2


def test_the_name_that_was_told_finds_the_conversation_whatever_is_said() -> None:
    session = route().session
    serve(*SERVED, "anthropic/grand")
    assert chosen("Nothing that was said before in this conversation, by anybody", session=session) == "openai/big"


def test_conversations_are_their_owners_own() -> None:
    route(session="s")
    serve(*SERVED, "anthropic/grand")
    assert chosen(session="s", actor=replace(PERSON, user_id=6)) == "anthropic/grand"
    assert chosen(session="s") == "openai/big"


def test_a_kept_model_that_is_gone_is_replaced_and_the_change_told() -> None:
    first = route()
    serve("openai/small", "x-ai/wide")
    later = route(TASK, "def ...", "yes")
    assert later.choices[0].model_id == "x-ai/wide"
    assert later.reason.startswith("Chosen anew: openai/big cannot be reached now.")
    assert later.category == first.category
    assert Conversation.objects.get().model_id == "x-ai/wide"


def test_a_kept_model_that_was_denied_meanwhile_is_replaced() -> None:
    route()
    set_limits(Limits(deny_models=frozenset({"openai/big"})), scope="user:5", actor=COMMAND_LINE)
    later = route(TASK, "def ...", "yes")
    assert later.choices[0].model_id == "deepseek/blind"
    assert "not allowed here" in later.reason


def test_a_kept_model_that_cannot_see_is_replaced_when_pictures_come() -> None:
    assert chosen(model="auto:low") == "deepseek/blind"
    said = ask(TASK, "def ...", model="auto:low").messages
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x"}}]}
    assert "cannot do vision" in route(model="auto:low", messages=(*said, picture)).reason


def test_who_stands_in_for_a_kept_model_is_of_another_provider() -> None:
    route()
    spares = route(TASK, "def ...", "yes").find_spares()
    assert spares
    assert not any(choice.model_id.startswith("openai/") for choice in spares)
    assert StoredDecision.objects.count() == 1


def test_a_conversation_that_was_left_is_forgotten() -> None:
    route()
    Conversation.objects.update(used_at=timezone.now() - timedelta(hours=25))
    serve(*SERVED, "anthropic/grand")
    assert chosen() == "anthropic/grand"
    Conversation.objects.update(used_at=timezone.now() - timedelta(hours=25))
    assert (prune_conversations(), Conversation.objects.count()) == (1, 0)


@pytest.mark.parametrize("name", ["openai/small", "openrouter/openai/small"])
def test_a_model_is_had_by_its_name(name: str) -> None:
    assert chosen(model=name) == "openai/small"
    assert StoredDecision.objects.count() == 0


@pytest.mark.parametrize(
    ("name", "model_id"),
    [
        ("claude-haiku-4-5", "anthropic/claude-haiku-4.5"),
        ("claude-haiku-4-5-20251001", "anthropic/claude-haiku-4.5"),
        ("gpt-4o", "openai/gpt-4o"),
        ("gpt-4o-2024-11-20", "openai/gpt-4o-2024-11-20"),  # which the catalogue has beside the other
        ("gpt-4o-2025-01-01", "openai/gpt-4o"),
    ],
)
def test_a_model_is_had_by_the_name_that_its_maker_gave_it(name: str, model_id: str) -> None:
    """Programs made for one maker know no other: Claude Code's helpers ask for claude-haiku-4-5-20251001."""
    known = ("anthropic/claude-haiku-4.5", "openai/gpt-4o", "openai/gpt-4o-2024-11-20")
    publish_snapshot(make_snapshot(*(entry(item, 80, "1") for item in known)))
    serve(*known)
    assert chosen(model=name) == model_id
    assert find_model(name, PERSON)["id"] == model_id


def test_a_makers_own_name_opens_no_model_that_is_denied_and_says_what_is_missing() -> None:
    publish_snapshot(make_snapshot(entry("anthropic/claude-haiku-4.5", 80, "1")))
    with pytest.raises(ModelUnknown, match=r"anthropic/claude-haiku-4\.5.*GET /v1/models"):
        route(model="claude-haiku-4-5-20251001")
    serve("anthropic/claude-haiku-4.5")
    set_limits(Limits(deny_providers=frozenset({"anthropic"})), scope="site", actor=COMMAND_LINE)
    with pytest.raises(NotAllowed, match="not allowed here"):
        route(model="claude-haiku-4-5-20251001")


def test_a_local_servers_own_name_is_understood() -> None:
    assert chosen(model="llama-at-home") == "llama-at-home"


@pytest.mark.parametrize("name", ["acme/none", "anthropic/grand", "policy:none", "llama"])
def test_a_model_that_cannot_be_had_is_refused_with_advice(name: str) -> None:
    with pytest.raises(ModelUnknown, match=r"GET /v1/models|policy:top"):
        route(model=name)


@pytest.mark.parametrize(
    ("limits", "scope"),
    [
        (Limits(deny_models=frozenset({"openai/small"})), "site"),
        (Limits(deny_providers=frozenset({"openai"})), "user:5"),
        (Limits(allow_models=frozenset({"openai/big"})), "user:5"),
        (Limits(max_prompt_usd_per_mtok=Decimal(0)), "key:9"),
    ],
)
def test_a_denied_model_is_refused_also_by_name_and_not_listed(limits: Limits, scope: str) -> None:
    actor = replace(PERSON, key_id=9)
    set_limits(limits, scope=scope, actor=COMMAND_LINE)
    with pytest.raises(NotAllowed, match="not allowed here"):
        route(model="openai/small", actor=actor)
    assert "openai/small" not in {item["id"] for item in list_models(actor)}


def test_the_simulator_serves_who_asks_for_it_and_nobody_else() -> None:
    make_connection("simulator")
    assert chosen() == "openai/big"
    simulated = route(is_simulated=True)
    assert simulated.choices[0].model_id == "anthropic/grand"  # it serves the whole catalogue
    assert simulated.decision_id == ""
    prepared = prepare_chat(ask(is_simulated=True), PERSON)
    assert all(spot.endpoint.is_simulated for spot in prepared.spots)
    assert not any(spot.endpoint.is_simulated for spot in prepare_chat(ask(), PERSON).spots)


def test_an_answer_is_as_long_as_asked_and_as_the_model_can() -> None:
    small = ModelChoice("m", context_length_tokens=8_000, max_output_tokens=4_000)
    assert output_limit(ask(max_output_tokens=9_000), small, 100) == 4_000
    assert output_limit(ask(max_output_tokens=50), small, 100) == 50
    assert output_limit(ask(), replace(small, max_output_tokens=None), 7_000) == 1_000
    assert output_limit(ask(), ModelChoice("m"), 7_000) == 16_384


@pytest.mark.parametrize("path", ["chat/completions", "messages"])
def test_without_a_key_the_refusal_comes_in_the_protocols_shape(path: str) -> None:
    answer = Client().post(f"/v1/{path}", json.dumps({}), content_type="application/json")
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"
    assert ("type" in answer.json()) is (path == "messages")


def test_who_wants_the_chances_of_tokens_is_answered_by_who_tells_them() -> None:
    wish = ask(model="llama-at-home", extra={"logprobs": True})
    assert prepare_chat(wish, PERSON).spots
    Connection.objects.filter(key="served").update(protocol="anthropic")
    forget()
    with pytest.raises(NoModel, match="logprobs"):
        prepare_chat(wish, PERSON)
    assert prepare_chat(ask(model="llama-at-home"), PERSON).spots
