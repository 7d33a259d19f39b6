"""From ratings to a judge that judges no more, and back."""

from __future__ import annotations

import pytest
from django.test import Client

from feedback.judges.review import list_pairs
from feedback.record import rate, rate_many, withdraw
from feedback.shapes import Said, Subject
from runs.judges import TRUSTED_FOR_PAIRS, judges_aside, list_judges, restore_judge
from runs.models import JudgeRecord, Run
from runs.plans.desk import family_of
from runs.plans.make import make_plan
from runs.plans.nodes import Bench
from runs.shapes import Mode, NodeStatus, Purpose, RunRequest
from smartspawn.access.models import AuditEntry, User
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import NotFound
from tests.feedback.work import finished
from tests.runs.plans.desks import make_desk
from tests.runs.rows import make_node, make_user

pytestmark = pytest.mark.django_db
JUDGE = "google/quick"


def judged(user: User, score: float, *, escalated: bool = False, **fields: object) -> Run:
    """A cascade whose first answer a judge gave this score."""
    run = finished(user, models=("openai/small",), **{"mode": Mode.CASCADE, **fields})
    make_node(
        run, "judge", NodeStatus.COMPLETED, model_id=JUDGE, purpose=Purpose.JUDGE, score=score,
        depends_on=("task-1",), spec={"params": {"verdict": "score"}},
    )  # fmt: skip
    if escalated:
        make_node(run, "premium", NodeStatus.COMPLETED, model_id="openai/big", purpose=Purpose.ESCALATION)
    return run


def disagree(user: User, actor: Actor, times: int = 5) -> None:
    """The judge says the contrary of what the person says, as often as not."""
    said = [(10, 1), (1, 5), (1, 1), (10, 5), (5, 3)] * times
    work = [(Subject(judged(user, score).pk, "task-1"), Said(rating)) for score, rating in said]
    rate_many(judged=work, actor=actor)


def test_ratings_set_a_judge_aside_and_the_next_cascade_takes_another_family_and_says_why(
    ann: User, actor: Actor
) -> None:
    request = RunRequest(mode=Mode.CASCADE, task="Name the moons of Mars")
    before = {node.key: node for node in make_plan(request, make_desk()).nodes}["judge"].model
    assert before is not None
    JudgeRecord.objects.all().delete()
    disagree(ann, actor)
    assert judges_aside(ann.pk).keys() == {JUDGE}
    aside = {before.model_id: judges_aside(ann.pk)[JUDGE]}
    plan = make_plan(request, make_desk(judges_aside=aside))
    after = {node.key: node for node in plan.nodes}["judge"].model
    assert after is not None
    assert family_of(after.model_id) != family_of(before.model_id)
    assert any(before.model_id in note and "kappa" in note for note in plan.notes)
    assert AuditEntry.objects.filter(action="judge.set_aside", subject=f"judge {JUDGE}").count() == 1


def test_without_another_family_the_judge_stays_and_the_plan_says_so() -> None:
    desk = make_desk()
    families = dict.fromkeys(("anthropic/x", "openai/x", "x-ai/x", "google/x", "deepseek/x", "meta/x"), "kappa 0.10")
    plan = make_plan(RunRequest(mode=Mode.CASCADE, task="Name the moons of Mars"), make_desk(judges_aside=families))
    assert {node.key for node in plan.nodes} >= {"judge"}
    assert any("although set aside" in note for note in plan.notes)
    assert Bench.of(RunRequest(mode=Mode.SINGLE, task="x"), desk).desk.judges_aside == {}


def test_what_one_person_says_sets_no_judge_aside_for_others(ann: User, actor: Actor) -> None:
    disagree(ann, actor)
    assert judges_aside(make_user("bob").pk) == {}
    assert judges_aside(None) == {}


def test_a_judge_put_back_judges_until_more_ratings_are_there(ann: User, actor: Actor) -> None:
    disagree(ann, actor)
    restore_judge(model_id=JUDGE, actor=actor)
    assert judges_aside(ann.pk) == {}
    rate(subject=Subject(judged(ann, 10).pk, "task-1"), said=Said(1), actor=actor)
    assert judges_aside(ann.pk) == {}
    disagree(ann, actor, TRUSTED_FOR_PAIRS // 5)
    assert judges_aside(ann.pk).keys() == {JUDGE}
    with pytest.raises(NotFound):
        restore_judge(model_id="openai/big", actor=actor)


def test_ratings_that_are_taken_back_bring_the_judge_back(ann: User, actor: Actor) -> None:
    rows = []
    for score, rating in [(10, 1), (1, 5), (10, 1), (1, 5)] * 5:
        rows.append(rate(subject=Subject(judged(ann, score).pk, "task-1"), said=Said(rating), actor=actor))
    assert judges_aside(ann.pk).keys() == {JUDGE}
    withdraw(rating_id=rows[0].pk, actor=actor)
    assert judges_aside(ann.pk) == {}
    assert AuditEntry.objects.filter(action="judge.back").count() == 1


def test_a_rating_of_the_run_is_about_the_judged_answer_unless_it_was_escalated(ann: User, actor: Actor) -> None:
    rate(subject=Subject(judged(ann, 8).pk), said=Said(4), actor=actor)
    rate(subject=Subject(judged(ann, 2, escalated=True).pk), said=Said(5), actor=actor)
    (pair,) = list_pairs(ann.pk)
    assert (pair.judge_id, pair.judge_rating, pair.rating, pair.category) == (JUDGE, 4, 4, "coding")


def test_simulated_verdicts_say_nothing(ann: User, actor: Actor) -> None:
    rate(subject=Subject(judged(ann, 8, is_simulated=True).pk, "task-1"), said=Said(4), actor=actor)
    assert list_judges(ann.pk) == ()


def test_the_page_the_api_and_the_button(ann: User, actor: Actor, client: Client) -> None:
    client.force_login(ann)
    assert "No judge can be judged yet" in client.get("/judges/").content.decode()
    disagree(ann, actor)
    page = client.get("/judges/").content.decode()
    assert "set aside" in page
    assert "Let it judge again" in page
    (told,) = client.get("/api/judges").json()["data"]
    assert (told["model"], told["ratings"]) == (JUDGE, 25)
    assert told["setAsideAt"]
    client.post("/judges/restore/", {"model": JUDGE})
    assert client.get("/api/judges").json()["data"][0]["setAsideAt"] is None
