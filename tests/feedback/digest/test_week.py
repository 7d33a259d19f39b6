"""The week over all faces: the page, the API, the command and the tool say the same."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from feedback.digest.said import MOST_WAITING, what_was_said
from feedback.digest.text import write_week
from feedback.digest.week import week_of
from feedback.models import Spawn
from feedback.record import rate
from feedback.shapes import Said, Subject
from runs.ledger.windows import day_of
from runs.models import Node
from smartspawn.access.models import User
from smartspawn.access.shapes import Role
from smartspawn.mcp.feedback_tools import FEEDBACK_TOOLS
from tests.feedback.spend.books import line, write
from tests.feedback.work import finished
from tests.runs.rows import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def work(ann: User) -> None:
    """Three runs of this week, one of them rated and two dear, one of the week before, one of somebody else."""
    cheap, dear = finished(ann, label="a cheap one"), finished(ann, label="a dear\none")
    Node.objects.filter(run=cheap).update(cost_nano_usd=1_000_000)
    Node.objects.filter(run=dear).update(cost_nano_usd=2_500_000_000)
    finished(ann, is_simulated=True)
    finished(ann, created_at=timezone.now() - timedelta(days=9))
    finished(make_user("ben"))
    rate(subject=Subject(cheap.pk), said=Said(4), actor=ann.as_actor())


@pytest.mark.usefixtures("work")
def test_the_week_counts_ones_own_work(ann: User) -> None:
    week = week_of(ann.as_actor())
    assert (week.run_count, week.completed_count, week.former_run_count) == (2, 2, 1)
    assert [(run.title, run.cost_nano_usd) for run in week.dearest] == [
        ("a dear\none", 2_500_000_000),
        ("a cheap one", 1_000_000),
    ]
    assert (week.accepted.rating_count, week.accepted.worth_share) == (1, 0.85)
    assert week.former_accepted.worth_share is None
    assert week.waiting_count == 2


@pytest.mark.usefixtures("work")
def test_every_face_says_the_same(client: Client, ann: User) -> None:
    client.force_login(ann)
    told = client.get("/api/digest").json()["data"]
    out = StringIO()
    call_command("weekly_digest", "--user", "ann", stdout=out)
    tool = next(item for item in FEEDBACK_TOOLS if item.name == "smartspawn_digest")
    page = client.get("/digest/").content.decode()
    assert told["runs"] == {"count": 2, "former": 1, "byStatus": {"completed": 2}}
    assert out.getvalue().rstrip("\n") == told["text"]
    assert tool.call(ann.as_actor(), {}) == told
    assert "Waiting for your rating: 2" in page
    assert "- $2.50 a dear one" in told["text"]  # one line, whatever the title holds


def test_everybodys_week_is_for_admins(client: Client, ann: User) -> None:
    client.force_login(ann)
    assert client.get("/api/digest?of=all").status_code == 403
    assert client.get("/api/digest?of=them").json()["error"]["code"] == "INVALID_PARAM"
    root = make_user("root", Role.ADMIN)
    finished(ann)
    assert week_of(root.as_actor(), is_everybodys=True).run_count == 1
    assert week_of(root.as_actor()).run_count == 0


def test_a_week_without_anything_has_no_shares(ann: User) -> None:
    week = week_of(ann.as_actor())
    assert (week.run_count, week.accepted.worth_share, week.cascade.hit_share) == (0, None, None)


def test_the_command_names_who_is_unknown(catalogue: None) -> None:
    with pytest.raises(CommandError, match="nobody called 'zoe'"):
        call_command("weekly_digest", "--user", "zoe")


def test_queries_do_not_grow_with_the_week(client: Client, ann: User, django_assert_max_num_queries: Any) -> None:
    for _ in range(8):
        finished(ann)
    client.force_login(ann)
    client.get("/digest/")
    with django_assert_max_num_queries(8):
        client.get("/digest/")


def test_money_is_that_of_the_ledger(client: Client, ann: User) -> None:
    today = day_of(timezone.now())
    whose = {"user_id": ann.pk, "model_id": "openai/big"}
    cascade = {**whose, "mode": "cascade", "cost": 3_000_000}
    write(
        line(today, 20_000_000, **whose),
        *(line(today, **cascade) for _ in range(4)),
        line(today, **{**cascade, "purpose": "escalation"}),
        line(today - timedelta(days=7), 10_000_000, **whose),
        line(today, 7_000_000_000, user_id=ann.pk + 1),
        line(today, 7_000_000_000, is_simulated=True, **whose),
    )
    week = week_of(ann.as_actor())
    assert (week.spent.cost_nano_usd, week.former_spent.cost_nano_usd) == (35_000_000, 10_000_000)
    assert (week.cascade.tried_count, week.cascade.hit_share) == (4, 0.75)
    assert [row.value for row in week.models] == ["openai/big"]
    text = write_week(week)
    assert "Spent: $0.035 in 6 calls, +250% on the week before" in text
    assert "Cascades: the cheap answer was enough in 75% of 4" in text
    assert "- What was used before would have cost $0.035: $0.00 saved" in text  # five answers at $0.007
    client.force_login(ann)
    page = client.get("/digest/").content.decode()
    assert "What was used before" in page
    assert "+250%" in page


def test_no_more_logged_work_is_counted_than_is_told(ann: User) -> None:
    logged = {"model_id": "openai/big", "category": "coding", "mode": "single", "role": "primary", "source": "api"}
    logged |= {"is_estimate": True, "prompt_tokens": 1, "completion_tokens": 1}
    Spawn.objects.bulk_create(Spawn(user_id=ann.pk, at=timezone.now(), **logged) for _ in range(MOST_WAITING + 5))
    span = (timezone.now() - timedelta(days=7), timezone.now())
    assert what_was_said(ann.pk, week=span, former=span, waiting_for=ann.pk).waiting_count == MOST_WAITING
    assert f"{MOST_WAITING} or more" in write_week(week_of(ann.as_actor()))
