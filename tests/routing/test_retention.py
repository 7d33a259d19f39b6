"""What nobody in particular leaves behind stays bounded; what people did stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from routing import decisions, sessions
from routing.decide import pick, route
from routing.models import RouteSession, StoredDecision
from routing.shapes import RouteRequest, TaskRequest
from smartspawn.access.models import User
from smartspawn.access.shapes import ANONYMOUS

pytestmark = pytest.mark.usefixtures("catalogue")


def test_the_newest_open_decisions_stay_and_those_of_people_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "ANONYMOUS_KEPT", 3)
    monkeypatch.setattr(decisions, "_PRUNE_EVERY", 1)
    person = User.objects.create_user("ann", role="member").as_actor()
    for budget in ("low", "medium", "high", "any"):
        pick(request=TaskRequest("coding", budget=budget), actor=person)  # type: ignore[arg-type]  # its word
    for number in range(6):
        pick(request=TaskRequest("coding", count=1, min_context_tokens=number + 1), actor=ANONYMOUS)
    assert StoredDecision.objects.filter(user_id=person.user_id).count() == 4
    kept = StoredDecision.objects.filter(user_id=None).order_by("made_at")
    assert [row.basis["features"]["min_context_tokens"] for row in kept] == [4, 5, 6]


def test_sessions_that_are_over_or_too_many_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "OPEN_KEPT", 2)
    monkeypatch.setattr(sessions, "_PRUNE_EVERY", 1)
    person = User.objects.create_user("ann", role="member").as_actor()
    for number in range(3):
        route(request=RouteRequest("coding", session_id=f"own-{number}"), actor=person)
    RouteSession.objects.filter(session_id="own-0").update(used_at=timezone.now() - timedelta(days=31))
    for number in range(4):
        route(request=RouteRequest("coding", session_id=f"open-{number}"), actor=ANONYMOUS)
    assert set(RouteSession.objects.values_list("session_id", flat=True)) == {"own-1", "own-2", "open-2", "open-3"}


def test_a_session_that_is_long_over_begins_anew() -> None:
    route(request=RouteRequest("coding", session_id="s"), actor=ANONYMOUS)
    RouteSession.objects.update(used_at=timezone.now() - timedelta(days=31), model_id="x-ai/wide", driver="grok")
    answer = route(request=RouteRequest("coding", session_id="s"), actor=ANONYMOUS)
    assert not answer.is_locked
    assert answer.candidate.model_id != "x-ai/wide"
