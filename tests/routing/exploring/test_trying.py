"""Picks that try another model than the leader: what they answer, what is kept, and making them again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from catalog.shapes import Category
from routing.adjustments import publish, scope_of_user
from routing.decide import pick, recommend
from routing.decisions import get_stored, trial_of
from routing.exploring.accounts import find_account
from routing.exploring.allowance import DAY_USED
from routing.exploring.settings import set_terms
from routing.models import ChosenModel, ExplorationAccount, ExploredPick
from routing.presenters import pick_payload, replay_payload
from routing.replays import replay
from routing.shapes import Adjustment, Decision, Evidence, Limits, TaskRequest
from smartspawn.access.keys import create_key
from smartspawn.access.models import User
from smartspawn.access.shapes import Actor, Scope
from tests.factories import make_snapshot, publish_snapshot
from tests.routing.conftest import entry
from tests.routing.exploring.conftest import TASK, WIDE, allow_site, usual_of

Ready = Callable[[], None]
LEADER = "openai/big"


def ask(actor: Actor) -> Decision:
    return pick(request=TaskRequest(TASK), actor=actor)


def tried(actor: Actor, ready: Ready) -> Decision:
    """A pick of this person that took another model."""
    for _ in range(60):
        ready()
        decision = ask(actor)
        if decision.trial and decision.trial.is_tried:
            return decision
    raise AssertionError("sixty seeds all drew for the leader")


def test_the_best_draw_is_picked_and_the_answer_says_so(ann: Actor, ready: Ready) -> None:
    decision = tried(ann, ready)
    data = pick_payload(decision)
    best = max(data["exploration"]["draws"], key=lambda draw: draw["drawn"])
    assert data["id"] == data["exploration"]["tried"] == best["model"] != LEADER
    assert data["exploration"]["leader"] == data["runnersUp"][0]["id"] == LEADER
    assert decision.chosen == (data["id"],)
    assert data["reason"].startswith("Tried ")
    assert "to learn: at most 1 of 10 low-risk picks does. The leader was Big with 84.0, " in data["reason"]
    assert data["exploration"]["sharePercent"] == 10.0


def test_a_tried_model_is_told_by_its_place(ann: Actor, ready: Ready) -> None:
    reasons = {tried(ann, ready).choice.reason.split(", to learn")[0] for _ in range(12)}
    assert "Tried the runner-up Near" in reasons
    assert reasons <= {
        "Tried the runner-up Near",
        "Tried Middle, number 3 of the ranking",
        "Tried Blind, number 4 of the ranking",
    }


def test_a_tried_pick_is_kept_with_all_that_it_takes_to_draw_again(ann: Actor, ready: Ready) -> None:
    decision = tried(ann, ready)
    row = get_stored(decision.decision_id, actor=ann)
    assert trial_of(row) == decision.trial
    assert row.chosen == list(decision.chosen)
    explored = ExploredPick.objects.get()
    assert (str(explored.pk), explored.user_id, explored.category) == (decision.decision_id, ann.user_id, "coding")
    assert (explored.model_id, explored.leader_id) == (decision.chosen[0], LEADER)
    assert explored.extra_nano_usd == decision.trial.extra_nano_usd  # type: ignore[union-attr]  # it was tried
    assert ChosenModel.objects.get(decision_id=explored.pk).model_id == decision.chosen[0]


def test_a_replay_gives_the_same_answer_bit_for_bit(ann: Actor, ready: Ready) -> None:
    for _ in range(5):
        decision = tried(ann, ready)
        again = replay(decision.decision_id, actor=ann)
        assert again.is_same
        assert again.trial == decision.trial
        assert again.choice == decision.choice
        assert replay_payload(again)["exploration"] == pick_payload(decision)["exploration"]


def test_a_replay_stands_on_what_was_known_and_set_then(ann: Actor, ready: Ready) -> None:
    decision = tried(ann, ready)
    publish(
        [Adjustment(Evidence.PERSONAL, decision.chosen[0], Category.CODING, 0.0, 200.0)],
        scope=scope_of_user(ann.user_id or 0),
    )
    usual_of(ann)
    assert ask(ann).chosen == (LEADER,)
    assert replay(decision.decision_id, actor=ann).is_same


def test_a_pick_that_kept_its_leader_is_made_again_with_it(ann: Actor, ready: Ready) -> None:
    """Where the day's money is used up the leader is kept, whoever draws best, then and in a replay."""
    publish_snapshot(make_snapshot(entry("lead/er", 90, "1"), entry("near/by", 89.5, "2")))
    set_terms(replace(WIDE, most_extra_day_nano_usd=21_000_000), scope=f"user:{ann.user_id}", actor=ann)
    assert tried(ann, ready).chosen == ("near/by",)
    assert find_account(ann.user_id or 0).day_extra_nano_usd == 21_000_000
    held = []
    for _ in range(40):
        ready()
        decision = ask(ann)
        assert decision.chosen == ("lead/er",)
        assert replay(decision.decision_id, actor=ann).is_same
        held += [decision.trial.held_back] if decision.trial and decision.trial.held_back else []
    assert set(held) == {DAY_USED}
    assert find_account(ann.user_id or 0).day_extra_nano_usd == 21_000_000


def test_a_pick_that_has_not_earned_it_draws_nothing_and_counts(ann: Actor) -> None:
    assert [ask(ann).trial for _ in range(9)] == [None] * 9
    assert find_account(ann.user_id or 0).credit_permille == 900
    assert ask(ann).trial is not None


def test_a_kept_trial_that_was_tampered_with_is_not_the_same(ann: Actor, ready: Ready) -> None:
    row = get_stored(tried(ann, ready).decision_id, actor=ann)
    row.outcome["trial"]["seed"] = "0" * 32
    row.save()
    assert not replay(str(row.pk), actor=ann).is_same


def test_seeds_are_never_the_same_and_the_caller_has_no_say(ann: Actor, ready: Ready) -> None:
    seeds = set()
    for _ in range(20):
        ready()
        seeds.add(ask(ann).trial.seed)  # type: ignore[union-attr]  # each has earned it
    assert len(seeds) == 20
    assert all(len(seed) == 32 for seed in seeds)


def test_no_more_than_the_share_of_real_picks_is_tried(ann: Actor) -> None:
    found = [ask(ann) for _ in range(120)]
    flags = [bool(item.trial and item.trial.is_tried) for item in found]
    for place in range(1, len(flags) + 1):
        assert sum(flags[:place]) * 10 <= place
    assert 6 <= sum(flags) <= 12
    assert find_account(ann.user_id or 0).tried_count == sum(flags) == ExploredPick.objects.count()


def test_the_extra_cost_of_a_day_is_capped_exactly(ann: Actor, ready: Ready) -> None:
    """Nothing near the leader is dearer here: with a cap of nothing, what is cheaper is still tried."""
    set_terms(replace(WIDE, most_extra_pick_nano_usd=0), scope=f"user:{ann.user_id}", actor=ann)
    decision = tried(ann, ready)
    assert decision.trial
    assert decision.trial.extra_nano_usd < 0
    assert find_account(ann.user_id or 0).day_extra_nano_usd == 0


def test_a_tried_pick_is_not_answered_to_anybody_else(ann: Actor, ready: Ready) -> None:
    """Rankings are kept in memory for all: a tried model must not stay in front of them."""
    bob = User.objects.create_user("bob", role="member").as_actor()
    decision = tried(ann, ready)
    assert decision.choice.ranked[0].model_id != LEADER
    assert ask(bob).chosen == (LEADER,)
    ExplorationAccount.objects.update(credit_permille=0)
    assert ask(ann).chosen == (LEADER,)
    assert Client().get("/api/pick", {"task": TASK}).json()["data"]["id"] == LEADER


def test_a_chat_s_choice_may_try_another_model_within_what_can_be_reached(ann: Actor, ready: Ready) -> None:
    within = Limits(allow_models=frozenset({LEADER, "mistral/near"}))
    for _ in range(60):
        ready()
        decision = recommend(request=TaskRequest(TASK), actor=ann, kind="chat", within=within)
        assert set(decision.chosen) <= within.allow_models
        if decision.chosen != (LEADER,):
            break
    assert decision.chosen == ("mistral/near",)
    assert decision.choice.reason.startswith("Tried the runner-up Near, to learn:")


# --- who lets others be tried ----------------------------------------------------------------------


def answers(actor: Actor, ready: Ready, times: int = 25) -> set[str]:
    found = set()
    for _ in range(times):
        ready()
        found.add(ask(actor).chosen[0])
    return found


def test_nobody_s_picks_try_anything_before_they_say_so(ann: Actor, ready: Ready) -> None:
    assert len(answers(ann, ready)) > 1
    usual_of(ann)
    assert answers(ann, ready) == {LEADER}


def test_the_site_may_switch_it_off_for_everybody(ann: Actor, ready: Ready) -> None:
    allow_site(is_on=False)
    assert answers(ann, ready) == {LEADER}
    allow_site()
    assert len(answers(ann, ready)) > 1


def test_the_site_s_share_and_caps_hold_beside_one_s_own(ann: Actor, ready: Ready) -> None:
    allow_site(share_permille=20)
    assert tried(ann, ready).trial.terms.share_permille == 20  # type: ignore[union-attr]  # it was tried
    allow_site(share_permille=0)
    ExplorationAccount.objects.update(credit_permille=0)
    assert {ask(ann).chosen[0] for _ in range(60)} == {LEADER}


def test_a_key_that_refuses_keeps_the_leader_while_its_owner_goes_on(ann: Actor, ready: Ready) -> None:
    user = User.objects.get(pk=ann.user_id)
    key = create_key(actor=ann, name="k", scopes=frozenset({Scope.CATALOG_READ}), expires_at=None)
    by_key = Actor("key", scopes=frozenset({Scope.CATALOG_READ}), user_id=user.pk, key_id=key.key_id)
    assert len(answers(by_key, ready)) > 1
    set_terms(replace(WIDE, is_on=False), scope=f"key:{key.key_id}", actor=ann)
    assert answers(by_key, ready) == {LEADER}
    assert len(answers(ann, ready)) > 1


# --- off -------------------------------------------------------------------------------------------


def test_while_it_is_off_answers_are_the_same_byte_for_byte(ann: Actor, near: None) -> None:
    """One person never switched it on, the other switched it on and off again."""
    usual_of(ann)
    never = User.objects.create_user("never", role="member")
    replies = []
    for user in (never, User.objects.get(pk=ann.user_id)):
        client = Client()
        client.force_login(user)
        reply = client.get("/api/pick", {"task": TASK})
        replies.append(reply.content.replace(reply.json()["data"]["decisionId"].encode(), b"id"))
        outcome = get_stored(reply.json()["data"]["decisionId"], actor=user.as_actor()).outcome
        assert set(outcome) == {"candidate_count", "ranked", "removals"}
    assert replies[0] == replies[1]
    assert b"exploration" not in replies[0]
    assert not ExplorationAccount.objects.exists()


def test_an_answer_that_kept_its_leader_is_that_of_a_site_without_exploration(ann: Actor, ready: Ready) -> None:
    never = User.objects.create_user("never", role="member").as_actor()
    drawn = []
    for _ in range(40):
        ready()
        drawn.append(ask(ann))
    confirmed = next(item for item in drawn if item.trial and item.trial.drawn_id == item.trial.leader_id)
    assert replay(confirmed.decision_id, actor=ann).is_same
    assert confirmed.choice.reason == ask(never).choice.reason
    mine, theirs = pick_payload(confirmed), pick_payload(ask(never))
    assert json.dumps({**mine, "decisionId": ""}, default=str) == json.dumps({**theirs, "decisionId": ""}, default=str)


def test_a_decision_that_goes_takes_its_mark_with_it(ann: Actor, ready: Ready) -> None:
    row = get_stored(tried(ann, ready).decision_id, actor=ann)
    assert row.made_at > timezone.now() - timedelta(minutes=1)
    row.delete()
    assert not ExploredPick.objects.exists()
