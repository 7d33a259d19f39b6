"""Starting runs: written down whole, once for one request, and only within their bounds."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from runs.create import KeyReused, preview_run, start_run
from runs.graph.closing import least_call_nano, least_cap_nano
from runs.keeping.artifacts import read_artifact
from runs.keeping.events import list_events
from runs.ledger import run_money
from runs.models import Node, Run, RunKey, RunPreference
from runs.money import format_usd, to_usd
from runs.shapes import Mode, RunRequest, RunStatus
from smartspawn.lib.errors import Conflict, InvalidParam, NoModel
from tests.runs.connections.builders import make_connection
from tests.runs.rows import make_user

TASK = RunRequest(mode=Mode.COLLECTIVE, task="Compare three caches", is_simulated=True)
SINGLE = RunRequest(mode=Mode.SINGLE, task="Name a colour", is_simulated=True)


@pytest.mark.django_db
def test_a_run_is_written_down_whole_before_anybody_is_told(world: None) -> None:
    ann = make_user()
    run = start_run(request=TASK, actor=ann.as_actor()).run
    assert (run.status, run.user_id, run.is_simulated) == (RunStatus.QUEUED, ann.pk, True)
    assert [node.key for node in Node.objects.filter(run=run).order_by("position")] == [
        "task-1",
        "task-2",
        "task-3",
        "merge",
    ]
    assert [event.kind for event in list_events(run.pk)] == ["run.created"]
    assert '"merge"' in (read_artifact(run.pk, "plan").content or "")
    assert run_money([run.pk])[run.pk].cap_nano_usd == 5_000_000_000
    assert OrmQ.objects.count() == 1


@pytest.mark.django_db
def test_who_drives_the_run_themselves_rings_for_nobody(world: None) -> None:
    start_run(request=SINGLE, actor=make_user().as_actor(), rings=False)
    assert OrmQ.objects.count() == 0


@pytest.mark.django_db
def test_a_refused_request_leaves_nothing_behind(world: None) -> None:
    real = replace(SINGLE, is_simulated=False)
    with pytest.raises(NoModel):
        start_run(request=real, actor=make_user().as_actor())
    assert (Run.objects.count(), RunKey.objects.count(), OrmQ.objects.count()) == (0, 0, 0)


@pytest.mark.django_db
def test_a_preview_leaves_nothing_behind_either(world: None) -> None:
    plan, costs = preview_run(request=TASK, actor=make_user().as_actor())
    assert len(plan.nodes) == 4
    assert costs.expected_nano_usd is not None
    assert Run.objects.count() == 0


# --- one request, one run ------------------------------------------------------------------


@pytest.mark.django_db
def test_the_same_key_is_the_same_run(world: None) -> None:
    ann = make_user().as_actor()
    first = start_run(request=SINGLE, actor=ann, idempotency_key="k1")
    again = start_run(request=SINGLE, actor=ann, idempotency_key="k1")
    assert (again.run.pk, again.is_deduplicated, first.is_deduplicated) == (first.run.pk, True, False)


@pytest.mark.django_db
def test_the_same_key_with_another_request_is_refused(world: None) -> None:
    ann = make_user().as_actor()
    start_run(request=SINGLE, actor=ann, idempotency_key="k1")
    with pytest.raises(KeyReused, match="another request"):
        start_run(request=replace(SINGLE, task="Name a number"), actor=ann, idempotency_key="k1")


@pytest.mark.django_db
def test_keys_of_two_people_have_nothing_to_do_with_each_other(world: None) -> None:
    runs = [start_run(request=SINGLE, actor=make_user(name).as_actor(), idempotency_key="k1").run for name in "ab"]
    assert runs[0].pk != runs[1].pk


@pytest.mark.django_db
def test_without_a_key_the_same_request_within_ten_minutes_is_the_same_run(world: None) -> None:
    ann = make_user().as_actor()
    first = start_run(request=SINGLE, actor=ann)
    assert start_run(request=SINGLE, actor=ann).run.pk == first.run.pk
    assert start_run(request=replace(SINGLE, task="Name a number"), actor=ann).run.pk != first.run.pk
    RunKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert start_run(request=SINGLE, actor=ann).run.pk != first.run.pk


@pytest.mark.django_db
def test_who_wants_another_run_of_the_same_gets_one(world: None) -> None:
    ann = make_user().as_actor()
    first = start_run(request=SINGLE, actor=ann)
    assert start_run(request=SINGLE, actor=ann, is_forced_new=True).run.pk != first.run.pk


@pytest.mark.django_db
@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.CANCELED, RunStatus.BUDGET_EXHAUSTED])
def test_asking_again_after_a_failure_is_another_try(world: None, status: RunStatus) -> None:
    ann = make_user().as_actor()
    first = start_run(request=SINGLE, actor=ann)
    Run.objects.update(status=status)
    second = start_run(request=SINGLE, actor=ann)
    assert second.run.pk != first.run.pk
    assert start_run(request=SINGLE, actor=ann).run.pk == second.run.pk


@pytest.mark.django_db
def test_a_given_key_is_its_run_even_after_a_failure(world: None) -> None:
    ann = make_user().as_actor()
    first = start_run(request=SINGLE, actor=ann, idempotency_key="k1")
    Run.objects.update(status=RunStatus.FAILED)
    assert start_run(request=SINGLE, actor=ann, idempotency_key="k1").run.pk == first.run.pk


@pytest.mark.django_db
def test_a_key_that_is_too_long_is_refused_and_two_long_ones_are_told_apart(world: None) -> None:
    ann = make_user().as_actor()
    with pytest.raises(InvalidParam, match="at most 255"):
        start_run(request=SINGLE, actor=ann, idempotency_key="k" * 256)
    runs = {start_run(request=SINGLE, actor=ann, idempotency_key="k" * 254 + end).run.pk for end in "ab"}
    assert len(runs) == 2


@pytest.mark.django_db(transaction=True)
def test_many_at_once_with_one_key_start_one_run(world: None) -> None:
    ann = make_user().as_actor()
    started: list[Any] = []

    def ask() -> None:
        try:
            started.append(start_run(request=SINGLE, actor=ann, idempotency_key="once"))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(started) == 12
    assert len({item.run.pk for item in started}) == 1
    assert sum(not item.is_deduplicated for item in started) == 1
    assert (Run.objects.count(), OrmQ.objects.count()) == (1, 1)


# --- money ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_cap_is_the_requests_else_the_persons_else_the_sites(world: None, settings: Any) -> None:
    settings.MAX_USD_PER_RUN = Decimal(4)
    ann = make_user()
    asked = start_run(request=replace(SINGLE, max_usd=Decimal("0.5")), actor=ann.as_actor()).run
    of_site = start_run(request=SINGLE, actor=ann.as_actor(), is_forced_new=True).run
    RunPreference.objects.create(user=ann, default_cap_nano_usd=2_000_000_000)
    of_person = start_run(request=SINGLE, actor=ann.as_actor(), is_forced_new=True).run
    caps = [run.cap_nano_usd for run in (asked, of_site, of_person)]
    assert caps == [500_000_000, 4_000_000_000, 2_000_000_000]


@pytest.mark.django_db
def test_without_any_cap_there_is_no_limit(world: None, settings: Any) -> None:
    settings.MAX_USD_PER_RUN = None
    assert start_run(request=SINGLE, actor=make_user().as_actor()).run.cap_nano_usd is None


@pytest.mark.django_db
def test_a_cap_of_zero_is_refused_at_once(world: None) -> None:
    with pytest.raises(Conflict, match="lets nothing through"):
        start_run(request=replace(SINGLE, max_usd=Decimal(0)), actor=make_user().as_actor())


@pytest.mark.django_db
def test_a_run_that_may_become_dear_waits_for_a_yes_and_rings_for_nobody(world: None) -> None:
    make_connection("openrouter")
    wary = replace(SINGLE, is_simulated=False, approve_above_usd=Decimal("0.000001"))
    run = start_run(request=wary, actor=make_user().as_actor()).run
    assert run.status == RunStatus.AWAITING_APPROVAL
    created, waits = list_events(run.pk)
    assert (created.kind, waits.kind) == ("run.created", "run.awaiting_approval")
    likely = format_usd(run.likely_worst_nano_usd)
    assert waits.message == f"Nine in ten such runs stay below {likely}: waits for a yes", "it may cost more than that"
    assert OrmQ.objects.count() == 0


@pytest.mark.django_db
def test_below_the_amount_nobody_is_asked(world: None) -> None:
    make_connection("openrouter")
    calm = replace(SINGLE, is_simulated=False, approve_above_usd=Decimal(1000))
    assert start_run(request=calm, actor=make_user().as_actor()).run.status == RunStatus.QUEUED


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "status"), [(None, RunStatus.QUEUED), (Decimal("0.000001"), RunStatus.AWAITING_APPROVAL)]
)
def test_a_simulated_run_spends_nothing_and_waits_only_where_it_asks_to(
    world: None, settings: Any, asked: Decimal | None, status: RunStatus
) -> None:
    settings.APPROVE_ABOVE_USD = Decimal("0.000001")
    wanted = replace(SINGLE, approve_above_usd=asked)
    assert start_run(request=wanted, actor=make_user().as_actor()).run.status == status


# --- a cap that lets nothing be brought together -------------------------------------------


@pytest.mark.django_db
def test_a_cap_too_small_for_the_merge_is_told_of_before_and_after_the_start(world: None) -> None:
    ann = make_user().as_actor()
    plan, _ = preview_run(request=TASK, actor=ann)
    first, whole = least_call_nano(plan.nodes, 0), least_cap_nano(plan.nodes, plan.final)
    assert 0 < first < whole < 5_000_000_000
    merge = "too small to keep money back for bringing the answers together"
    for nano, words in ((whole, ""), (whole - 1, merge), (first, merge), (first - 1, "lets no call through")):
        request = replace(TASK, max_usd=to_usd(nano))
        shown, _ = preview_run(request=request, actor=ann)
        kept = start_run(request=request, actor=ann, is_forced_new=True).run.plan["notes"]
        for notes in (shown.notes, kept):
            assert len(notes) == bool(words)
            assert words in "".join(notes)
    assert f"the cheapest may take {format_usd(first)}" in shown.notes[-1]


# --- what a run is called ------------------------------------------------------------------------

STAGE = {"name": "a", "mode": "single", "prompts": [{"role": "coder", "instruction": "Do it"}]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("chain", "heading"),
    [
        ({"auto": {"task": "Weigh two caches", "depth": "quick"}}, "Weigh two caches"),
        ({"template": "swot", "task": "Open a shop", "data": "Rents are high"}, "Open a shop"),
        ({"stages": [STAGE], "input": "Rents are high"}, "Rents are high"),
    ],
)
def test_a_chain_is_called_by_its_own_words(world: None, chain: dict[str, Any], heading: str) -> None:
    wanted = replace(SINGLE, mode=Mode.CHAIN, task="", chain=chain)
    assert start_run(request=wanted, actor=make_user().as_actor()).run.title == heading
