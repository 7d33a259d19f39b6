"""Chats and runs of somebody who lets others be tried: which of them may, and which never do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from routing import decide
from routing.decisions import get_stored
from routing.exploring.settings import set_terms
from routing.models import ExplorationAccount, ExploredPick
from runs.breakers import shared as breakers
from runs.chat.choosing import Route, choose
from runs.chat.names import read_name
from runs.chat.shapes import ChatAsk
from runs.connections.held import forget
from runs.planning import plan_run
from runs.shapes import Mode, RunRequest
from smartspawn.access.models import User
from smartspawn.access.shapes import Actor
from tests.factories import make_snapshot, publish_snapshot
from tests.routing.conftest import entry, models
from tests.routing.exploring.conftest import WIDE, classification
from tests.runs.connections.builders import make_connection

PRICES = {"prompt_usd_per_mtok": "1", "completion_usd_per_mtok": "1"}
SERVED = ("openai/big", "mistral/near", "anthropic/middle", "openai/small", "x-ai/wide", "deepseek/blind")
LEADER = "openai/big"


@pytest.fixture
def ann(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Actor]:
    """A member who lets others be tried; every task is low-risk coding, and a connection serves six models."""
    settings.PROVIDER_KEYS = {}
    forget()
    breakers.forget()
    monkeypatch.setattr(decide, "classify", lambda _text: classification())
    publish_snapshot(make_snapshot(*models(), entry("mistral/near", 83.5, "4")))
    make_connection("custom", key="served", models=[{"id": name, **PRICES} for name in SERVED])
    actor = User.objects.create_user("ann", role="member").as_actor()
    set_terms(WIDE, scope=f"user:{actor.user_id}", actor=actor)
    yield actor
    forget()


def ready(actor: Actor) -> None:
    ExplorationAccount.objects.update_or_create(pk=actor.user_id, defaults={"credit_permille": 1000})


def chat(actor: Actor, *said: str, model: str = "auto") -> Route:
    roles = ("user", "assistant")
    messages = tuple({"role": roles[place % 2], "content": words} for place, words in enumerate(said))
    made = choose(ChatAsk(model=model, wish=read_name(model), messages=messages), actor, 100)
    for write in made.writes:
        write()
    return made


def tried_chat(actor: Actor) -> tuple[str, Route]:
    """How a conversation began whose first words were given another model than the leader, and with which."""
    for number in range(60):
        ready(actor)
        words = f"Write tests, number {number}"
        made = chat(actor, words)
        if made.choices[0].model_id != LEADER:
            return words, made
    raise AssertionError("sixty conversations began with the leader")


def test_first_words_may_try_another_model_with_the_leader_standing_in(ann: Actor) -> None:
    _, made = tried_chat(ann)
    assert made.reason.startswith("Tried ")
    assert LEADER in [choice.model_id for choice in made.choices[1:]]
    row = get_stored(made.decision_id, actor=ann)
    assert row.chosen == [made.choices[0].model_id]
    assert ExploredPick.objects.get().pk == row.pk


def test_the_conversation_keeps_it_and_is_counted_once(ann: Actor) -> None:
    words, made = tried_chat(ann)
    eligible = ExplorationAccount.objects.get().eligible_count
    ready(ann)
    later = chat(ann, words, "def ...", "yes")
    assert later.choices[0].model_id == made.choices[0].model_id
    assert "the conversation keeps its model: Tried " in later.reason
    assert ExplorationAccount.objects.get().eligible_count == eligible


def test_a_model_asked_for_by_name_is_what_is_given(ann: Actor) -> None:
    ready(ann)
    for number in range(10):
        made = chat(ann, f"Write tests, number {number}", model=LEADER)
        assert [choice.model_id for choice in made.choices] == [LEADER]
    assert ExplorationAccount.objects.get().eligible_count == 0


def test_a_run_of_one_model_may_try_another_and_says_so(ann: Actor) -> None:
    for _ in range(60):
        ready(ann)
        (node,) = plan_run(request=RunRequest(mode=Mode.SINGLE, task="Write tests"), actor=ann).nodes
        if node.model and node.model.model_id != LEADER:
            break
    assert node.model
    assert node.model.reason.startswith("Tried ")
    assert ExploredPick.objects.get().model_id == node.model.model_id


def test_a_plan_that_is_only_shown_tries_nothing(ann: Actor) -> None:
    for _ in range(10):
        ready(ann)
        plan_run(request=RunRequest(mode=Mode.SINGLE, task="Write tests"), actor=ann, is_stored=False)
    assert ExplorationAccount.objects.get().eligible_count == 0


@pytest.mark.parametrize("mode", [Mode.CASCADE, Mode.COLLECTIVE])
def test_no_model_of_a_run_is_tried_its_judges_and_merges_least_of_all(ann: Actor, mode: Mode) -> None:
    plans = []
    for _ in range(6):
        ready(ann)
        plans.append(
            [spec.model for spec in plan_run(request=RunRequest(mode=mode, task="Write tests"), actor=ann).nodes]
        )
    assert ExplorationAccount.objects.get().eligible_count == 0
    models_of = [[model.model_id for model in plan if model] for plan in plans]
    assert models_of == [models_of[0]] * 6
