"""What the playground compares, and which decisions a person gets to see."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from catalog.shapes import Budget
from routing import page_queries
from routing.decide import recommend
from routing.decisions import store
from routing.models import StoredDecision
from routing.page_queries import (
    DecisionCursor,
    DecisionFilter,
    cheapest_above,
    explore,
    list_decisions,
    mixed_usd_per_mtok,
    read_basis,
    read_details,
    read_outcome,
)
from routing.shapes import RankedCandidate, TaskRequest
from smartspawn.access.shapes import ANONYMOUS, Actor, Role, Scope
from tests.factories import publish_snapshot

ANN = Actor(label="ann", role=Role.VIEWER, user_id=1)
BEN = Actor(label="ben", role=Role.VIEWER, user_id=2)
ADMIN = Actor(label="root", role=Role.ADMIN, user_id=3, scopes=frozenset(Scope))


def candidate(model_id: str, score: float, prompt: str | None, completion: str | None = "1") -> RankedCandidate:
    return RankedCandidate(
        model_id=model_id,
        name=model_id,
        provider="acme",
        score=score,
        benchmark_score=score,
        lower=score,
        upper=score,
        coverage_share=1.0,
        parts=(),
        context_boost=0.0,
        personal_share=None,
        prompt_usd_per_mtok=None if prompt is None else Decimal(prompt),
        completion_usd_per_mtok=None if completion is None else Decimal(completion),
        context_length_tokens=None,
    )


def test_a_mixed_price_counts_three_tokens_in_for_each_one_out() -> None:
    assert mixed_usd_per_mtok(candidate("a/a", 50, "2", "10")) == Decimal(4)
    assert mixed_usd_per_mtok(candidate("a/a", 50, "2", None)) is None


def test_the_cheapest_above_the_floor_is_what_looking_at_each_one_finds() -> None:
    rng = random.Random(7)
    for _ in range(50):
        ranked = [
            candidate(f"a/m{number}", rng.randint(20, 90), rng.choice(["0", "0.5", "2", None])) for number in range(12)
        ]
        floor = rng.randint(10, 100)

        best, count = cheapest_above(ranked, floor)

        fitting = [item for item in ranked if item.score >= floor and item.prompt_usd_per_mtok is not None]
        assert count == len(fitting)
        if not fitting:
            assert best is None
            continue
        assert best in fitting
        for other in fitting:
            assert (best.prompt_usd_per_mtok, -best.score) <= (other.prompt_usd_per_mtok, -other.score)  # type: ignore[operator,union-attr]


@pytest.mark.django_db
def test_every_budget_of_the_strip_picks_what_asking_for_it_picks() -> None:
    publish_snapshot()

    found = explore(request=TaskRequest("coding", budget=Budget.LOW), actor=ANN)

    for budget, alternative in zip(Budget, found.alternatives, strict=False):
        asked = recommend(request=TaskRequest("coding", budget=budget), actor=ANN)
        assert alternative.best is not None
        assert alternative.best.model_id == asked.chosen[0]
        assert alternative.is_current == (budget is Budget.LOW)
        assert alternative.candidate_count == len(asked.choice.ranked)
    low, _, high, *_ = found.alternatives
    assert low.is_same
    assert high.score_difference == pytest.approx(high.best.score - low.best.score)  # type: ignore[union-attr]
    assert high.price_difference_usd_per_mtok > 0  # type: ignore[operator]


@pytest.mark.django_db
def test_without_a_wish_the_floor_lies_where_nobody_notices() -> None:
    publish_snapshot()

    unasked = explore(request=TaskRequest("coding"), actor=ANN)
    asked = explore(request=TaskRequest("coding"), actor=ANN, floor_score=20.0)

    assert unasked.best is not None
    assert unasked.floor_score == pytest.approx(unasked.best.score - 5)
    assert asked.floor_score == 20.0
    assert asked.alternatives[-1].best.model_id == "acme/free-1:free"  # type: ignore[union-attr]
    assert unasked.alternatives[-1].best.score >= unasked.floor_score  # type: ignore[union-attr,operator]


@pytest.mark.django_db
def test_looking_at_a_task_stores_nothing() -> None:
    publish_snapshot()

    explore(request=TaskRequest("Fix the flaky test"), actor=ANN)

    assert not StoredDecision.objects.exists()


@pytest.mark.django_db
def test_a_site_without_a_snapshot_is_explored_without_a_pick() -> None:
    found = explore(request=TaskRequest("coding"), actor=ANN)

    assert found.best is None
    assert all(item.best is None for item in found.alternatives)


# --- decisions -------------------------------------------------------------------------------------


@pytest.fixture
def decisions(db: None) -> list[StoredDecision]:
    """Seven decisions of two people, a day apart, two of them at the same moment; newest first."""
    publish_snapshot()
    start = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    for number in range(7):
        category = ("coding", "creative")[number % 2]
        decision = recommend(request=TaskRequest(category, count=2), actor=ANN if number else BEN)
        made_at = start + timedelta(days=min(number, 5))
        StoredDecision.objects.filter(pk=decision.decision_id).update(made_at=made_at)
    return list(StoredDecision.objects.order_by("-made_at", "-id"))


def ids(wanted: DecisionFilter, actor: Actor = ADMIN, **place: Any) -> list[Any]:
    return [row.pk for row in list_decisions(wanted, actor=actor, **{"after": None, "count": 50, **place})]


def test_a_person_sees_their_own_and_an_admin_all(decisions: list[StoredDecision]) -> None:
    assert ids(DecisionFilter()) == [row.pk for row in decisions]
    assert ids(DecisionFilter(), ANN) == [row.pk for row in decisions if row.user_id == 1]
    assert ids(DecisionFilter(), BEN) == [decisions[-1].pk]
    assert ids(DecisionFilter(), Actor(label="cy", role=Role.MEMBER, user_id=9)) == []


def test_pages_follow_each_other_without_gap_or_repetition(decisions: list[StoredDecision]) -> None:
    seen: list[Any] = []
    after = None
    for _ in decisions:  # at most: a page that repeats itself must not go on for ever
        page = list_decisions(DecisionFilter(), actor=ADMIN, after=after, count=2)
        if not page:
            break
        seen += [row.pk for row in page]
        after = DecisionCursor(page[-1].made_at, page[-1].pk)

    assert seen == [row.pk for row in decisions]


def test_filters_leave_what_fits(decisions: list[StoredDecision]) -> None:
    coding = {row.pk for row in decisions if row.category == "coding"}
    model = decisions[0].chosen[1]

    assert set(ids(DecisionFilter(category="coding"))) == coding
    assert ids(DecisionFilter(kind="pick")) == []
    assert set(ids(DecisionFilter(model=model))) == {row.pk for row in decisions if model in row.chosen}
    assert ids(DecisionFilter(model="no/such")) == []
    assert len(ids(DecisionFilter(since=date(2026, 7, 2), until=date(2026, 7, 3)))) == 2


@pytest.mark.parametrize("few", [3, 500])
def test_the_list_is_what_looking_at_every_decision_finds(db: None, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_queries, "FEW", few)
    rng = random.Random(5)
    start = datetime(2026, 7, 1, tzinfo=UTC)
    for _ in range(60):
        store_made_up(rng, start + timedelta(hours=rng.randint(0, 30)))
    rows = sorted(StoredDecision.objects.all(), key=lambda row: (row.made_at, row.pk), reverse=True)
    for _ in range(80):
        wanted = DecisionFilter(
            kind=rng.choice(["", "pick", "swarm"]),
            category=rng.choice(["", "coding", "vision"]),
            model=rng.choice(["", "ACME/a", "acme", "/", "globex/b", "none"]),
            since=rng.choice([None, date(2026, 7, 2)]),
        )
        actor = rng.choice([ANN, ADMIN])
        place = rng.choice([None, rng.choice(rows)])
        after = DecisionCursor(place.made_at, place.pk) if place else None

        found = ids(wanted, actor, after=after, count=7)

        assert found == [row.pk for row in rows if fits(row, wanted, actor, after)][:7], wanted


def store_made_up(rng: random.Random, made_at: datetime) -> None:
    models = rng.sample(["acme/a", "acme/b", "globex/b", "initech/c"], rng.randint(0, 3))
    row = StoredDecision(
        made_at=made_at,
        kind=rng.choice(["pick", "swarm"]),
        category=rng.choice(["coding", "vision"]),
        budget="low",
        chosen=models,
        catalog_revision=1,
        policy_version="1",
        adjustment_revision=0,
        basis={},
        outcome={},
    )
    store(row, task="a task", actor=rng.choice([ANN, BEN, ANONYMOUS]))


def fits(row: StoredDecision, wanted: DecisionFilter, actor: Actor, after: DecisionCursor | None) -> bool:
    """The slow, obvious reading of the filters."""
    return (
        (actor is ADMIN or row.user_id == actor.user_id)
        and wanted.kind in ("", row.kind)
        and wanted.category in ("", row.category)
        and (not wanted.model or any(wanted.model.lower() in model_id for model_id in row.chosen))
        and (wanted.since is None or row.made_at.date() >= wanted.since)
        and (after is None or (row.made_at, row.pk) < (after.made_at, after.decision_id))
    )


def test_what_was_kept_is_read_back_as_it_was_chosen(decisions: list[StoredDecision]) -> None:
    asked = recommend(request=TaskRequest("Fix it", count=2, context_tags=("vision",)), actor=ANN)
    row = StoredDecision.objects.get(pk=asked.decision_id)

    basis, outcome = read_basis(row), read_outcome(row)

    assert basis is not None
    assert basis.features == asked.choice.features
    assert outcome.ranked == asked.choice.ranked[:6]
    assert outcome.removals == asked.choice.removals
    assert outcome.candidate_count == len(asked.choice.ranked)
    assert read_details(row) == {}


def test_a_row_of_another_shape_is_read_as_far_as_it_goes(decisions: list[StoredDecision]) -> None:
    row = decisions[0]
    row.basis = {"features": "none"}
    row.outcome = {"ranked": 3, "driver": "codex", "is_confirmation_required": True, "rules": ["a", "b"]}

    assert read_basis(row) is None
    assert read_outcome(row).ranked == ()
    assert read_details(row) == {"driver": "codex", "confirmation required": "yes"}
