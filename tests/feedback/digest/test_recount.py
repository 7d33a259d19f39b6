"""The week's few queries against slow and obvious loops over every row, on seeded random work."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import PriceFact
from catalog.queries import history
from feedback.digest.week import MOST_MODELS, MOST_RUNS, Week, week_of
from feedback.learning import worth_of
from feedback.models import Rating, Spawn
from feedback.record import said_of
from feedback.spend.saved import cascades_in, savings_of
from feedback.spend.shapes import Look
from runs.ledger.windows import day_of
from runs.models import LedgerEntry, Node, Run
from runs.shapes import NodeStatus, RunStatus
from runs.spend.shapes import Period, Slice
from smartspawn.access.keys import create_key
from smartspawn.access.models import User
from smartspawn.access.shapes import Role, Scope
from tests.feedback.spend.books import line, write
from tests.runs.alerting.rows import make_alert
from tests.runs.rows import make_node, make_run, make_user

pytestmark = pytest.mark.django_db
MODELS = ("openai/big", "openai/small", "google/quick", "anthropic/grand")


@pytest.fixture
def people(ann: User, monkeypatch: pytest.MonkeyPatch) -> list[User]:
    """An admin and two others, with random work of three weeks behind them."""
    users = [make_user("root", Role.ADMIN), ann, make_user("ben")]
    chance, now = random.Random(11), timezone.now()
    for _ in range(120):
        _work(chance, chance.choice(users), now - timedelta(days=chance.uniform(0, 40)))
    write(*(_line(chance, chance.choice(users), now) for _ in range(500)))
    # A price that changes in the middle of the week cuts the savings in two.
    monkeypatch.setattr(history, "_held_prices", None)
    facts = {fact.model_id: fact for fact in PriceFact.objects.filter(model_id__in=MODELS)}
    assert facts
    for fact in facts.values():
        PriceFact.objects.create(
            model_id=fact.model_id,
            valid_from=now - timedelta(days=2, minutes=1),
            prompt_usd_per_mtok=fact.prompt_usd_per_mtok * 2,
            completion_usd_per_mtok=fact.completion_usd_per_mtok * 3,
        )
    return users


def _work(chance: random.Random, user: User, at: datetime) -> None:
    """A run, rated or not, or a report of work elsewhere."""
    if chance.random() < 0.3:
        given = {"model_id": "a/b", "category": "coding", "mode": "single", "is_estimate": chance.random() < 0.8}
        spawn = Spawn.objects.create(user=user, at=at, prompt_tokens=1, completion_tokens=1, **given)
        if chance.random() < 0.4:
            for key in range(chance.choice((1, 2))):  # said over the page, and once more by a client
                Rating.objects.create(user=user, spawn=spawn, subject_key=f"{spawn.pk} {key}", score=4, at=at)
        return
    status = chance.choice((RunStatus.COMPLETED, RunStatus.COMPLETED, RunStatus.FAILED))
    run = make_run(user, status=status, created_at=at, is_simulated=chance.random() < 0.1, label=f"run {at}")
    for number in range(chance.choice((1, 3))):
        cost = chance.choice((0, 1, 5)) * chance.randrange(10**9)
        make_node(run, f"task-{number}", NodeStatus.COMPLETED, model_id="openai/big", cost_nano_usd=cost)
    if chance.random() < 0.5:
        score, verdict = chance.choice(((1, ""), (3, ""), (5, ""), (None, "accepted"), (None, "set_aside")))
        said_at = min(at + timedelta(hours=1), timezone.now())
        key = f"run:{run.pk}"
        Rating.objects.create(user=user, run_id=run.pk, subject_key=key, score=score, verdict=verdict, at=said_at)


def _line(chance: random.Random, user: User, now: datetime) -> dict[str, Any]:
    mode = chance.choice(("single", "cascade", "collective"))
    return line(
        day_of(now) - timedelta(days=chance.randrange(20)),
        chance.randrange(10**9),
        user_id=user.pk,
        model_id=chance.choice(MODELS),
        mode=mode,
        category=chance.choice(("coding", "general", "")),
        purpose=chance.choice(("task", "escalation", "judge") if mode == "cascade" else ("task", "merge")),
        status=chance.choice(("ok", "ok", "ok", "failed")),
    )


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("is_everybodys", [True, False])
def test_every_figure_is_that_of_a_plain_recount(people: list[User], place: int, is_everybodys: bool) -> None:
    if is_everybodys and place:
        return  # for admins alone
    actor = people[place].as_actor()
    week = week_of(actor, is_everybodys=is_everybodys)
    ids = [user.pk for user in people] if is_everybodys else [people[place].pk]
    _check_runs(week, ids)
    _check_money(week, ids)
    _check_words(week, ids)
    assert week.waiting_count == _waiting(people[place])


def _is_within(period: Period, at: datetime) -> bool:
    return period.first <= at.astimezone(UTC).date() <= period.last


def _check_runs(week: Week, ids: list[int]) -> None:
    own = [run for run in Run.objects.all() if run.user_id in ids and not run.is_simulated]
    this, former = (
        [run for run in own if _is_within(days, run.created_at)] for days in (week.period, week.period.former)
    )
    assert this
    assert week.runs == Counter(run.status for run in this)
    assert week.former_runs == Counter(run.status for run in former)
    costs = {run.pk: sum(node.cost_nano_usd for node in Node.objects.filter(run=run)) for run in this}
    dearest = sorted((run for run in this if costs[run.pk]), key=lambda run: (-costs[run.pk], run.pk.hex))[:MOST_RUNS]
    assert [(run.run_id, run.title, run.mode, run.cost_nano_usd) for run in week.dearest] == [
        (run.pk, run.title[:120], run.mode, costs[run.pk]) for run in dearest
    ]


def _check_money(week: Week, ids: list[int]) -> None:
    lines = [entry for entry in LedgerEntry.objects.all() if entry.user_id in ids]
    this = [entry for entry in lines if week.period.first <= entry.day <= week.period.last]
    former = [entry for entry in lines if week.period.former.first <= entry.day <= week.period.former.last]
    assert (week.spent.cost_nano_usd, week.spent.call_count) == (sum(item.cost_nano_usd for item in this), len(this))
    assert week.former_spent.cost_nano_usd == sum(item.cost_nano_usd for item in former)
    costs: Counter[str] = Counter()
    for entry in this:
        costs[entry.model_id] += entry.cost_nano_usd
    assert [(row.value, row.spent.cost_nano_usd) for row in week.models] == costs.most_common(MOST_MODELS)
    look = Look(part=Slice(None if len(ids) > 1 else ids[0]), period=week.period, is_everybodys=len(ids) > 1)
    assert week.savings == tuple(item.saving for item in savings_of(look).savings)
    assert week.cascade == cascades_in(look).total
    tried = [item for item in this if (item.mode, item.purpose, item.status) == ("cascade", "task", "ok")]
    assert week.cascade.tried_count == len(tried)


def _check_words(week: Week, ids: list[int]) -> None:
    for days, told in ((week.period, week.accepted), (week.period.former, week.former_accepted)):
        said = [said_of(item) for item in Rating.objects.all() if item.user_id in ids and _is_within(days, item.at)]
        worths = [worth for item in said if (worth := worth_of(item)) is not None]
        assert told.rating_count == len(worths)
        assert told.worth_share == (pytest.approx(sum(worths) / len(worths)) if worths else None)


def _waiting(user: User) -> int:
    since = timezone.now() - timedelta(days=30)
    runs = [run for run in Run.objects.filter(user=user) if run.created_at >= since and not run.is_simulated]
    rated = {rating.run_id for rating in Rating.objects.filter(user=user)}
    spawns = [item for item in Spawn.objects.filter(user=user) if item.at >= since and item.is_estimate]
    done = [run for run in runs if run.status == RunStatus.COMPLETED and run.pk not in rated]
    return len(done) + sum(not item.ratings.exists() for item in spawns)


def test_the_page_asks_eight_times_at_most_whatever_it_shows(people: list[User], client: Client) -> None:
    root, ann, _ = people
    key = create_key(actor=ann.as_actor(), name="ci", scopes=frozenset({Scope.RUNS_READ}), expires_at=None)
    make_alert(scope="site")
    make_alert(scope=f"user:{ann.pk}", user_id=ann.pk)
    make_alert(scope=f"key:{key.key_id}", user_id=ann.pk)
    make_alert(scope="user:4711", user_id=4711)
    client.force_login(root)
    for path in ("/digest/", "/digest/?of=all"):
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            page = client.get(path).content.decode()
        assert len(queries) <= 8, [query["sql"][:80] for query in queries.captured_queries]
    for title in ("<li>ann,", "ci (ss_", "user 4711,"):
        assert title in page.replace("  ", ""), title
