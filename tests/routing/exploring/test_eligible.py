"""Which picks may try another model, and which models they may try: each condition by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from catalog.shapes import Category, Entry
from routing.decide import pick, recommend, route
from routing.desk import Desk
from routing.exploring.eligible import LEAST_LOW_RISK_PROB, extra_nano_usd, is_low_risk, list_eligible
from routing.exploring.shapes import Terms
from routing.learned import NOTHING_LEARNED
from routing.models import ExplorationAccount, StoredDecision
from routing.shapes import Classification, Features, Limits, RouteRequest, TaskRequest
from routing.thresholds import CURRENT_POLICY
from smartspawn.access.shapes import ANONYMOUS, Actor
from tests.factories import make_snapshot
from tests.routing.conftest import BLIND, entry
from tests.routing.exploring.conftest import TASK, WIDE, classification

LEADER = entry("lead/er", 90, "1")
NEAR = entry("near/by", 88, "1.1")
DEAR = replace(WIDE, most_extra_pick_nano_usd=10**12)


def features(**changes: object) -> Features:
    return replace(Features(TASK, classification(), Category.CODING, is_category_given=False), **changes)


def eligible(
    *others: Entry, leader: Entry = LEADER, terms: Terms = DEAR, limits: Limits | None = None, **asked: object
) -> list[str]:
    """Who may be tried in the leader's place."""
    what = features(**asked)
    ranking = Desk(make_snapshot(leader, *others)).rank(
        what, limits or Limits(), learned=NOTHING_LEARNED, policy=CURRENT_POLICY
    )
    assert ranking.ranked[0].model_id == leader.facts.model_id
    return [item.model_id for item in list_eligible(ranking.ranked, what, terms, CURRENT_POLICY)]


# --- models ----------------------------------------------------------------------------------------


def test_a_model_near_the_leader_may_be_tried() -> None:
    assert eligible(NEAR) == ["near/by"]


@pytest.mark.parametrize(("score", "is_near"), [(85.0, True), (84.9, False)])
def test_a_model_farther_off_than_anybody_would_notice_may_not(score: float, is_near: bool) -> None:
    assert bool(eligible(entry("far/off", score, "1"))) is is_near


@pytest.mark.parametrize(
    "limits",
    [
        Limits(deny_models=frozenset({"near/by"})),
        Limits(allow_models=frozenset({"lead/er"})),
        Limits(deny_providers=frozenset({"near"})),
        Limits(allow_providers=frozenset({"lead"})),
        Limits(exclude=frozenset({"near/by"})),
        Limits(max_prompt_usd_per_mtok=Decimal("1.05")),
        Limits(max_completion_usd_per_mtok=Decimal("4.1")),
    ],
)
def test_a_model_that_a_limit_takes_out_may_not(limits: Limits) -> None:
    assert eligible(NEAR, limits=limits) == []


def test_a_model_outside_the_budget_may_not() -> None:
    assert eligible(entry("dear/one", 89, "5.5")) == []


def test_a_model_that_cannot_do_what_is_needed_may_not() -> None:
    assert eligible(entry("near/by", 88, "1", capabilities=BLIND), required_capabilities=("vision",)) == []


def test_a_model_without_room_for_the_context_may_not() -> None:
    assert eligible(entry("near/by", 88, "1", context_length_tokens=8_000), min_context_tokens=100_000) == []


def test_a_router_that_is_no_candidate_may_not() -> None:
    assert eligible(entry("near/by", 88, "1", is_candidate=False, not_candidate_reason="a router")) == []


def test_another_offer_of_the_same_model_teaches_nothing() -> None:
    assert eligible(entry("lead/er:nitro", 90, "1.2", provider="lead")) == []


def test_a_free_offer_never_stands_in_for_a_paid_one() -> None:
    assert eligible(entry("near/by", 88, "0")) == []
    assert eligible(entry("near/by", 88, "0"), leader=entry("lead/er", 90, "0")) == ["near/by"]


def test_the_extra_cost_of_a_pick_is_capped_to_the_nano_dollar() -> None:
    # 9,000 tokens read and 3,000 written at a tenth and four tenths of a dollar more for a million.
    exact = 9_000 * 100 + 3_000 * 400
    assert eligible(NEAR, terms=replace(DEAR, most_extra_pick_nano_usd=exact)) == ["near/by"]
    assert eligible(NEAR, terms=replace(DEAR, most_extra_pick_nano_usd=exact - 1)) == []


def test_a_cheaper_model_may_be_tried_where_nothing_more_may_be_spent() -> None:
    assert eligible(entry("near/by", 88, "0.9"), terms=replace(DEAR, most_extra_pick_nano_usd=0)) == ["near/by"]


def test_a_long_context_that_was_asked_for_counts_in_the_cost() -> None:
    ranking = Desk(make_snapshot(LEADER, NEAR)).rank(
        features(), Limits(), learned=NOTHING_LEARNED, policy=CURRENT_POLICY
    )
    usual = extra_nano_usd(*ranking.ranked, features(), CURRENT_POLICY)
    long = extra_nano_usd(*ranking.ranked, features(min_context_tokens=100_000), CURRENT_POLICY)
    assert (usual, long) == (2_100_000, 100_000 * 100 + 1_200_000)


def test_a_model_of_unknown_price_may_not() -> None:
    ranking = Desk(make_snapshot(LEADER, NEAR)).rank(
        features(), Limits(), learned=NOTHING_LEARNED, policy=CURRENT_POLICY
    )
    unpriced = replace(ranking.ranked[1], completion_usd_per_mtok=None)
    assert list_eligible((ranking.ranked[0], unpriced), features(), DEAR, CURRENT_POLICY) == ()


# --- picks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "is_eligible"),
    [
        (classification(), True),
        (classification(prob=LEAST_LOW_RISK_PROB), True),
        (classification(prob=LEAST_LOW_RISK_PROB - 0.01), False),
        (classification("medium"), False),
        (classification("high"), False),
        (classification(""), False),
        (classification(is_fallback=True), False),
    ],
)
def test_only_a_classifier_that_is_sure_of_low_risk_lets_others_be_tried(
    said: Classification, is_eligible: bool
) -> None:
    assert is_low_risk(features(classification=said)) is is_eligible


def counted() -> int:
    return sum(ExplorationAccount.objects.values_list("eligible_count", flat=True))


def test_a_pick_of_a_low_risk_task_counts(ann: Actor) -> None:
    pick(request=TaskRequest(TASK), actor=ann)
    assert counted() == 1


@pytest.mark.parametrize("risk", ["medium", "high"])
def test_a_pick_of_a_riskier_task_does_not(ann: Actor, says: Callable[[Classification], None], risk: str) -> None:
    says(classification(risk))
    pick(request=TaskRequest(TASK), actor=ann)
    assert counted() == 0


def test_a_category_asked_for_by_name_says_nothing_of_risk(ann: Actor) -> None:
    pick(request=TaskRequest("coding"), actor=ann)
    assert counted() == 0


def test_what_is_not_kept_tries_nothing(ann: Actor) -> None:
    pick(request=TaskRequest(TASK), actor=ann, is_stored=False)
    assert counted() == 0


def test_nobody_in_particular_tries_nothing(ann: Actor) -> None:
    pick(request=TaskRequest(TASK), actor=ANONYMOUS)
    assert counted() == 0


@pytest.mark.parametrize("kind", ["recommend", "run"])
def test_lists_and_what_runs_ask_for_try_nothing(ann: Actor, kind: str) -> None:
    """A run asks for its judges and merges in the same words as for its work."""
    recommend(request=TaskRequest(TASK), actor=ann, kind=kind)
    assert counted() == 0


def test_a_kickoff_that_locks_its_session_tries_nothing(ann: Actor) -> None:
    for session in ("", "s1", "s1"):
        route(request=RouteRequest(TASK, session_id=session), actor=ann)
    assert counted() == 0
    assert not StoredDecision.objects.filter(explored__isnull=False).exists()


def test_a_pick_with_one_model_left_counts_for_nothing(ann: Actor) -> None:
    only = Limits(allow_models=frozenset({"openai/big"}))
    recommend(request=TaskRequest(TASK), actor=ann, kind="chat", within=only)
    assert counted() == 0
