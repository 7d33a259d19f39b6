"""A catalogue with a leader and models near it, somebody who lets others be tried, and low-risk tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from routing import decide
from routing.exploring.settings import set_terms
from routing.exploring.shapes import OWN_TERMS, Terms
from routing.models import ExplorationAccount
from routing.shapes import Classification, Label
from smartspawn.access.models import User
from smartspawn.access.shapes import COMMAND_LINE, Actor
from tests.factories import make_snapshot, publish_snapshot
from tests.routing.conftest import entry, models

TASK = "Write unit tests for the date parser"
# As often and as dear as anybody may: what a test is about is what it takes away from this.
WIDE = Terms(True, 100, 50_000_000, 1_000_000_000)


def classification(risk: str = "low", prob: float = 0.95, *, is_fallback: bool = False) -> Classification:
    """What a classifier might say of work on code."""
    return Classification(
        category=Label("coding", 0.97, {"coding": 0.97}),
        task_type=Label("test", 0.9),
        complexity=Label("easy", 0.9),
        risk=Label(risk, prob),
        sub_dimensions={},
        engine="tests",
        is_fallback=is_fallback,
    )


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Callable[[Classification], None]:
    """Let the classifier say this of every task."""

    def say(what: Classification) -> None:
        monkeypatch.setattr(decide, "classify", lambda _text: what)

    return say


@pytest.fixture
def near(db: None, says: Callable[[Classification], None]) -> None:
    """The usual models and one that nearly leads; every task is low-risk coding."""
    says(classification())
    publish_snapshot(make_snapshot(*models(), entry("mistral/near", 83.5, "4")))


@pytest.fixture
def ann(near: None) -> Actor:
    """A member who lets others be tried as often as anybody may."""
    actor = User.objects.create_user("ann", role="member").as_actor()
    set_terms(WIDE, scope=f"user:{actor.user_id}", actor=actor)
    return actor


@pytest.fixture
def ready(ann: Actor) -> Callable[[], None]:
    """Let the next pick be one that may try another model."""

    def fill() -> None:
        ExplorationAccount.objects.update_or_create(pk=ann.user_id, defaults={"credit_permille": 1000})

    fill()
    return fill


def allow_site(**changes: object) -> None:
    """What the site allows from now on."""
    set_terms(replace(WIDE, **changes), scope="site", actor=COMMAND_LINE)


def usual_of(actor: Actor) -> None:
    """The person's terms as they are for whoever set nothing."""
    set_terms(OWN_TERMS, scope=f"user:{actor.user_id}", actor=actor)
