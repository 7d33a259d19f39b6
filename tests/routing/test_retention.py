"""What is left behind stays bounded: by number for nobody in particular, by age for all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.module_loading import import_string

from catalog.models import StoredSnapshot
from routing import decisions, retention, sessions
from routing.decide import pick, recommend, route
from routing.decompose.decide import swarm
from routing.decompose.shapes import DecomposeRequest
from routing.models import ChosenModel, DecisionOverride, RouteSession, StoredDecision
from routing.replays import replay
from routing.retention import prune_decisions, prune_texts, prune_unneeded_snapshots
from routing.shapes import RouteRequest, TaskRequest
from smartspawn.access.models import User
from smartspawn.access.shapes import ANONYMOUS, Actor
from smartspawn.lib.errors import NotFound
from smartspawn.management.commands.sync_schedules import SCHEDULES

ANN = Actor(label="ann", user_id=1)

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


# --- everybody's decisions, by age and number ------------------------------------------------------


def decided_days_ago(days: int) -> str:
    made_at = timezone.now() - timedelta(days=days)
    decision_id = pick(request=TaskRequest("coding"), actor=ANN).decision_id
    StoredDecision.objects.filter(pk=decision_id).update(made_at=made_at)
    return decision_id


def left() -> set[str]:
    return {str(pk) for pk in StoredDecision.objects.values_list("pk", flat=True)}


def test_decisions_past_their_days_go_in_batches_with_what_hangs_on_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_BATCH", 2)
    old = [decided_days_ago(401 + number) for number in range(5)]
    young = [decided_days_ago(399), decided_days_ago(0)]
    assert prune_decisions(kept_days=400, kept_most=100) == len(old)
    assert left() == set(young)
    assert ChosenModel.objects.count() == len(young)
    assert prune_decisions(kept_days=400, kept_most=100) == 0


def test_of_too_many_decisions_the_oldest_go() -> None:
    made = [decided_days_ago(days) for days in (9, 7, 5, 3, 1)]
    assert prune_decisions(kept_days=400, kept_most=2) == 3
    assert left() == set(made[3:])


def test_a_decision_that_a_person_overrode_stays() -> None:
    old = decided_days_ago(500)
    DecisionOverride.objects.create(decision_id=old, model_id="openai/big", by="ann", at=timezone.now())
    assert prune_decisions(kept_days=400, kept_most=100) == 0
    assert left() == {old}


def test_a_decision_outlives_its_snapshot_s_details_and_is_made_again_from_what_is_left() -> None:
    parts = swarm(request=DecomposeRequest("1. Build an API\n2. Write a poem", context_tags=("python",)), actor=ANN)
    picked = pick(request=TaskRequest("coding", context_tags=("vision",), min_context_tokens=1), actor=ANN)
    first = StoredSnapshot.objects.get()
    body = bytes(first.body_compressed)
    for number in range(130):  # a month's refreshes later
        StoredSnapshot.objects.create(
            published_at=timezone.now(),
            trigger="test",
            policy_version="1",
            content_sha256=str(number),
            entry_count=1,
            body_compressed=body,
        )
    month_s_first = StoredSnapshot.objects.order_by("revision")[0]
    StoredSnapshot.objects.filter(pk=month_s_first.pk).update(published_at=timezone.now() - timedelta(seconds=1))
    StoredDecision.objects.update(catalog_revision=first.revision + 1)

    assert prune_unneeded_snapshots().thinned_count == 1
    assert StoredSnapshot.objects.get(is_thinned=True).revision == first.revision + 1
    for decision_id in (parts.steps.decision_id, picked.decision_id):
        assert replay(decision_id, actor=ANN).is_same

    StoredDecision.objects.update(made_at=timezone.now() - timedelta(days=500))
    assert prune_decisions(kept_days=400, kept_most=100) == 2
    assert prune_unneeded_snapshots().emptied_count == 1
    with pytest.raises(NotFound):
        replay(picked.decision_id, actor=ANN)
    assert not StoredSnapshot.objects.filter(is_thinned=True).exists()


def test_old_texts_go_and_the_decisions_are_made_again_without_them(settings: Any) -> None:
    settings.DECISION_TEXTS_KEPT_DAYS = 30
    parts = swarm(request=DecomposeRequest("1. Build an API\n2. Write a poem", context_tags=("python",)), actor=ANN)
    picked = recommend(request=TaskRequest("Fix the flaky login test", count=2), actor=ANN)
    young = recommend(request=TaskRequest("Write a poem", count=2), actor=ANN)
    old = StoredDecision.objects.exclude(pk=young.decision_id)
    old.update(made_at=timezone.now() - timedelta(days=31))

    assert prune_texts(timezone.now()) == old.count() == 2
    assert prune_texts(timezone.now()) == 0
    assert set(old.values_list("task", flat=True)) == {""}
    assert StoredDecision.objects.get(pk=young.decision_id).task == "Write a poem"
    for decision_id in (parts.steps.decision_id, picked.decision_id):
        assert replay(decision_id, actor=ANN).is_same


def test_the_schedule_calls_what_is_there() -> None:
    for function, _, _ in SCHEDULES.values():
        assert callable(import_string(function))
