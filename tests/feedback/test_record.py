"""Ratings: given, changed and taken back, and whom they are counted for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.shapes import Category
from feedback.models import LessonRow, Rating, Spawn
from feedback.record import prefer, rate, rate_many, withdraw
from feedback.shapes import Reason, Said, Subject, Verdict
from feedback.teach import relearn, relearn_everybody, reset_learning, switch_learning
from routing.adjustments import find_mark, read_learned, routing_revision
from routing.shapes import Adjustment, Evidence
from runs.models import Node, Run
from runs.shapes import Mode, NodeStatus, Purpose, RoleRequest, RunRequest, RunStatus
from smartspawn.access.models import AuditEntry, User
from smartspawn.access.shapes import ANONYMOUS, Actor
from smartspawn.lib.errors import InvalidParam, NotAllowed, NotFound
from tests.feedback.work import finished, lessons
from tests.runs.rows import make_node, make_run, make_user

pytestmark = pytest.mark.django_db
CODING = Category.CODING


def known(user: User, model_id: str = "openai/big", tags: tuple[str, ...] = ()) -> dict[Evidence, Adjustment]:
    """What the next choice of this person would find."""
    found = read_learned(find_mark(), user.pk).of(model_id, CODING, tags)
    return {item.evidence: item for item in found}


def test_a_rating_is_known_to_the_very_next_choice(ann: User, actor: Actor) -> None:
    rate(subject=Subject(finished(ann).pk), said=Said(3), actor=actor)

    personal = known(ann)[Evidence.PERSONAL]

    assert (personal.success_share, personal.sample_count) == (0.5, 1.0)


def test_a_changed_rating_takes_the_place_of_the_former(ann: User, actor: Actor) -> None:
    subject = Subject(finished(ann).pk)
    rate(subject=subject, said=Said(5, reasons=(Reason.GREAT,)), actor=actor)
    rate(subject=subject, said=Said(1, Verdict.REDONE, (Reason.WRONG,)), actor=actor)

    assert Rating.objects.count() == 1
    assert known(ann)[Evidence.PERSONAL].success_share == 0.0
    last = AuditEntry.objects.filter(action="rating.set").order_by("-pk")[0]
    assert (last.before["score"], last.after["score"], last.after["reasons"]) == (5, 1, ["wrong"])


def test_a_rating_taken_back_leaves_nothing_behind_but_the_audit(ann: User, actor: Actor) -> None:
    rating = rate(subject=Subject(finished(ann).pk), said=Said(5), actor=actor)

    withdraw(rating_id=rating.pk, actor=actor)

    assert known(ann) == {}
    assert not LessonRow.objects.exists()
    assert AuditEntry.objects.filter(action="rating.withdraw").exists()
    with pytest.raises(NotFound):
        withdraw(rating_id=rating.pk, actor=actor)


def test_nobody_takes_back_what_somebody_else_said(ann: User, actor: Actor) -> None:
    rating = rate(subject=Subject(finished(ann).pk), said=Said(5), actor=actor)

    with pytest.raises(NotFound):
        withdraw(rating_id=rating.pk, actor=make_user("bob").as_actor())
    assert Rating.objects.exists()


def test_ratings_of_one_person_move_nobody_else(ann: User, actor: Actor) -> None:
    rate(subject=Subject(finished(ann).pk), said=Said(1), actor=actor)

    assert known(make_user("bob")) == {}


# --- who gets the credit --------------------------------------------------------------------------


def test_a_run_of_several_models_shares_its_rating(ann: User, actor: Actor) -> None:
    run = finished(ann, models=("openai/big", "openai/big", "anthropic/middle", "google/quick"), mode=Mode.PLAN)
    rate(subject=Subject(run.pk), said=Said(5), actor=actor)

    assert lessons() == {"openai/big": (1.0, 0.5), "anthropic/middle": (1.0, 0.25), "google/quick": (1.0, 0.25)}


@pytest.mark.parametrize("is_node_first", [True, False])
def test_a_nodes_own_rating_takes_it_out_of_the_runs(ann: User, actor: Actor, is_node_first: bool) -> None:
    run = finished(ann, models=("openai/big", "anthropic/middle"), mode=Mode.PLAN)
    judged = [(Subject(run.pk, "task-1"), Said(1)), (Subject(run.pk), Said(5))]
    for subject, said in judged if is_node_first else judged[::-1]:
        rate(subject=subject, said=said, actor=actor)

    assert lessons() == {"openai/big": (0.0, 1.0), "anthropic/middle": (1.0, 0.5)}

    withdraw(rating_id=Rating.objects.get(node_key="task-1").pk, actor=actor)
    assert lessons() == {"openai/big": (1.0, 0.5), "anthropic/middle": (1.0, 0.5)}


def test_of_a_cascade_the_one_is_rated_whose_answer_was_taken(ann: User, actor: Actor) -> None:
    run = finished(ann, models=("openai/small",), mode=Mode.CASCADE)
    judge = {"model_id": "google/quick", "purpose": Purpose.JUDGE}
    make_node(run, "judge", NodeStatus.COMPLETED, **judge)
    make_node(run, "escalation", NodeStatus.COMPLETED, model_id="anthropic/grand", purpose=Purpose.ESCALATION)
    rate(subject=Subject(run.pk), said=Said(4), actor=actor)

    assert lessons() == {"anthropic/grand": (0.85, 1.0)}


def test_a_judge_that_is_rated_learns_nothing_about_coding(ann: User, actor: Actor) -> None:
    run = finished(ann)
    make_node(run, "judge", NodeStatus.COMPLETED, model_id="google/quick", purpose=Purpose.JUDGE)
    rate(subject=Subject(run.pk, "judge"), said=Said(1), actor=actor)

    assert (Rating.objects.count(), lessons()) == (1, {})


def test_a_stand_in_gets_the_rating_for_what_it_did(ann: User, actor: Actor) -> None:
    run = finished(ann)
    Node.objects.filter(run=run).update(model_id="openai/small")  # the chosen one failed
    rate(subject=Subject(run.pk), said=Said(2), actor=actor)

    assert set(lessons()) == {"openai/small"}


def test_simulated_work_can_be_rated_and_teaches_nothing(ann: User, actor: Actor) -> None:
    rate(subject=Subject(finished(ann, is_simulated=True).pk), said=Said(1), actor=actor)

    assert (Rating.objects.count(), known(ann)) == (1, {})


def test_a_rating_counts_on_the_stack_of_its_run(ann: User, actor: Actor) -> None:
    request = RunRequest(Mode.SINGLE, task="Fix it", context_tags=("react",), role=RoleRequest(stack=("typescript",)))
    rate(subject=Subject(finished(ann, request=request).pk), said=Said(5), actor=actor)

    assert known(ann, tags=("typescript",))[Evidence.CONTEXT].sample_count == 1.0
    assert Evidence.CONTEXT not in known(ann, tags=("rust",))


def test_work_of_a_model_named_by_hand_gets_the_category_of_its_task(ann: User, actor: Actor) -> None:
    run = finished(ann, category="", task="Fix the failing unit test in the Python parser and refactor the function")
    rate(subject=Subject(run.pk), said=Said(5), actor=actor)

    assert LessonRow.objects.get().category == "coding"


def test_a_comparison_weighs_half_and_leaves_scores_alone(ann: User, actor: Actor) -> None:
    run = finished(ann, models=("openai/big", "anthropic/middle", "google/quick"), mode=Mode.COLLECTIVE)
    rate(subject=Subject(run.pk, "task-3"), said=Said(5), actor=actor)
    prefer(run_id=run.pk, node_key="task-1", actor=actor)

    assert lessons() == {"openai/big": (0.85, 0.5), "anthropic/middle": (0.4, 0.5), "google/quick": (1.0, 1.0)}
    with pytest.raises(NotFound):
        prefer(run_id=run.pk, node_key="merge", actor=actor)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [Said(), Said(0), Said(6), Said(5, Verdict.PREFERRED), Said(3, Verdict.SET_ASIDE)])
def test_what_says_nothing_or_too_much_is_no_rating(ann: User, actor: Actor, said: Said) -> None:
    with pytest.raises(InvalidParam):
        rate(subject=Subject(finished(ann).pk), said=said, actor=actor)
    assert not Rating.objects.exists()


def test_what_has_not_ended_cannot_be_rated(ann: User, actor: Actor) -> None:
    run = make_run(ann, status=RunStatus.RUNNING)
    failed = finished(ann)
    make_node(failed, "task-9", NodeStatus.FAILED, model_id="openai/small")

    for subject in (Subject(run.pk), Subject(failed.pk, "task-9"), Subject(failed.pk, "nowhere"), Subject(spawn_id=7)):
        with pytest.raises(NotFound):
            rate(subject=subject, said=Said(5), actor=actor)


def test_nobody_in_particular_cannot_rate(ann: User) -> None:
    with pytest.raises(NotAllowed):
        rate(subject=Subject(finished(ann).pk), said=Said(5), actor=ANONYMOUS)


def test_of_many_ratings_all_are_kept_or_none(ann: User, actor: Actor) -> None:
    good, before = finished(ann), routing_revision()

    with pytest.raises(NotFound):
        rate_many(judged=[(Subject(good.pk), Said(1)), (Subject(make_run(ann).pk), Said(1))], actor=actor)
    assert (Rating.objects.count(), routing_revision()) == (0, before)


# --- off, anew, old -------------------------------------------------------------------------------


def test_a_category_that_is_off_moves_nothing_until_it_is_on_again(ann: User, actor: Actor) -> None:
    rate(subject=Subject(finished(ann).pk), said=Said(5), actor=actor)
    switch_learning(category=CODING, is_on=False, actor=actor)
    rate(subject=Subject(finished(ann).pk), said=Said(5), actor=actor)
    assert known(ann) == {}

    switch_learning(category=CODING, is_on=True, actor=actor)
    assert known(ann)[Evidence.PERSONAL].sample_count == 2.0


def test_a_reset_counts_from_then_on_and_keeps_what_was_said(ann: User, actor: Actor) -> None:
    rate(subject=Subject(finished(ann).pk), said=Said(1), actor=actor)
    reset_learning(category=CODING, actor=actor)
    assert (known(ann), Rating.objects.count()) == ({}, 1)

    rate(subject=Subject(finished(ann).pk), said=Said(5), actor=actor)
    assert known(ann)[Evidence.PERSONAL].success_share == 1.0


def test_ratings_grow_old_when_scores_are_worked_out_anew(ann: User, actor: Actor) -> None:
    rate(subject=Subject(finished(ann).pk), said=Said(5), actor=actor)
    relearn(ann.pk, timezone.now() + timedelta(days=240))

    assert known(ann)[Evidence.PERSONAL].sample_count == pytest.approx(0.25, abs=0.02)


def test_working_scores_out_again_changes_nothing_by_itself(ann: User, actor: Actor) -> None:
    rate(subject=Subject(finished(ann).pk), said=Said(4), actor=actor)
    before = routing_revision()

    assert relearn_everybody() == 1
    assert routing_revision() == before


def test_a_rated_run_stands_in_the_log_with_what_it_took(ann: User, actor: Actor) -> None:
    run = finished(ann)
    Node.objects.filter(run=run).update(
        cost_nano_usd=1234, fresh_input_tokens=100, cache_read_tokens=20, output_tokens=30, reasoning_tokens=5
    )
    rate(subject=Subject(run.pk), said=Said(4), actor=actor)

    spawn = Spawn.objects.get()
    assert (spawn.cost_nano_usd, spawn.prompt_tokens, spawn.completion_tokens) == (1234, 120, 35)
    assert (spawn.is_estimate, spawn.user_id, Run.objects.get().pk) == (False, ann.pk, spawn.run_id)
    assert rate(subject=Subject(spawn_id=spawn.pk), said=Said(2), actor=actor).node_key == "task-1"


def test_saying_it_again_makes_a_rating_no_fresher(ann: User, actor: Actor) -> None:
    subject = Subject(finished(ann).pk)
    long_ago = timezone.now() - timedelta(days=120)
    first = rate(subject=subject, said=Said(4), actor=actor)
    Rating.objects.filter(pk=first.pk).update(first_at=long_ago)

    rate(subject=subject, said=Said(5), actor=actor)

    assert LessonRow.objects.get().at == long_ago
