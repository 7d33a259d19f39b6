"""What runs were asked goes after its time: nothing of it is left, and everything else answers as before."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.serializers import serialize
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from runs.control import retry_run
from runs.create import start_run
from runs.keeping import letting_go
from runs.keeping.artifacts import NewArtifact, read_artifact, write_artifacts
from runs.keeping.letting_go import Asked, TextsGone, kept_title, let_texts_go, renamed
from runs.keeping.serial import node_from_json, plan_from_json, request_from_json
from runs.models import Artifact, Node, Run
from runs.shapes import Mode, NodeStatus, Purpose, RunOptions, RunRequest, RunStatus
from smartspawn.access.models import User
from smartspawn.access.shapes import Role
from tests.runs.rows import make_node, make_run, make_user

pytestmark = pytest.mark.django_db
NOW = timezone.now()
OLD = NOW - timedelta(days=31)
WORD = "Zanzibar"  # stands in every text that a person gave
ASKED = f"Compare the ferries of {WORD}. Then write a Python script that parses the {WORD} timetable and test it."


def request(mode: Mode) -> RunRequest:
    given: dict[Mode, dict[str, Any]] = {
        Mode.PARALLEL: {"prompts": (f"Name a {WORD} beach", f"Name a {WORD} hill")},
        Mode.RESEARCH: {"subjects": (f"{WORD} cloves", f"{WORD} spices"), "topic": f"{WORD} trade"},
        Mode.CHAIN: {"task": ASKED, "chain": {"auto": {"task": ASKED, "depth": "quick", "data": f"{WORD} data"}}},
    }
    schema = {"type": "object", "properties": {WORD: {"type": "string"}}}
    options = RunOptions(schema=schema) if mode is Mode.SINGLE else RunOptions()
    wanted = given.get(mode, {"task": ASKED})
    return RunRequest(mode, **wanted, context=f"Background of {WORD}", options=options, is_simulated=True)


def end(run: Run, finished_at: Any = OLD, status: RunStatus = RunStatus.COMPLETED) -> None:
    Run.objects.filter(pk=run.pk).update(status=status, finished_at=finished_at)


def rows_of(run: Run) -> str:
    kept = [*Run.objects.filter(pk=run.pk), *Node.objects.filter(run=run), *Artifact.objects.filter(run=run)]
    return serialize("json", kept)


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("mode", list(Mode))
def test_of_a_run_of_any_mode_no_word_is_left_and_its_shapes_can_still_be_read(mode: Mode) -> None:
    run = start_run(request=request(mode), actor=make_user().as_actor(), rings=False).run
    before = list(Node.objects.filter(run=run).order_by("position").values_list("key", "purpose", "model_id", "wave"))
    assert WORD in rows_of(run)
    end(run)
    assert let_texts_go(NOW) == 1
    assert WORD.casefold() not in rows_of(run).casefold()
    run.refresh_from_db()
    assert run.texts_gone_at == NOW
    assert (run.mode, request_from_json(run.request).mode, plan_from_json(run.plan).mode) == (mode, mode, mode)
    nodes = list(Node.objects.filter(run=run).order_by("position"))
    assert [(node.key, node.purpose, node.model_id, node.wave) for node in nodes] == before
    assert all(node_from_json(node.spec).key == node.key and node.title for node in nodes)
    assert let_texts_go(NOW) == 0


def test_models_money_and_decisions_stay_and_so_does_a_label_of_its_own() -> None:
    run = make_run(make_user(), task=ASKED, label="ferries", decision_ids=["d-1"], cap_nano_usd=5, category="coding")
    data = {"picked": "task-1", "final_score": 8.5, "is_refined": True, "note": WORD, "cycles": 1}
    node = make_node(run, "task-1", NodeStatus.COMPLETED, cost_nano_usd=7, score=8.5, data=data, model_id="acme/alpha")
    end(run)
    let_texts_go(NOW)
    run.refresh_from_db()
    node.refresh_from_db()
    kept = (run.label, run.decision_ids, run.cap_nano_usd, run.category, run.status, run.plan["summary"])
    assert kept == ("ferries", ["d-1"], 5, "coding", "completed", "one model answers")
    assert (node.cost_nano_usd, node.score, node.model_id, node.status) == (7, 8.5, "acme/alpha", "completed")
    assert node.data == {"picked": "task-1", "final_score": 8.5, "is_refined": True, "cycles": 1}


@pytest.mark.parametrize(
    ("status", "finished_at", "days"),
    [
        (RunStatus.COMPLETED, NOW - timedelta(days=29), 30),
        (RunStatus.RUNNING, None, 30),
        (RunStatus.QUEUED, OLD, 30),
        (RunStatus.AWAITING_APPROVAL, None, 30),
        (RunStatus.COMPLETED, OLD, 0),
    ],
)
def test_what_is_young_or_has_not_ended_or_is_kept_for_ever_stays(
    status: RunStatus, finished_at: Any, days: int, settings: Any
) -> None:
    settings.RUN_TEXTS_KEPT_DAYS = days
    run = make_run(task=ASKED, created_at=OLD)
    end(run, finished_at, status)
    assert let_texts_go(NOW) == 0
    run.refresh_from_db()
    assert (run.task, run.texts_gone_at) == (ASKED, None)


def test_a_run_that_is_done_again_in_the_same_moment_keeps_its_texts() -> None:
    run = make_run(task=ASKED)
    end(run, None, RunStatus.QUEUED)  # between being found and being held
    assert not letting_go._let_go(run, NOW)
    run.refresh_from_db()
    assert run.task == ASKED


def failed_run(task_count: int) -> Run:
    """A run whose tasks failed, and a merge whose error names all of them by what they were asked."""
    titles = [f"{WORD} {number}" for number in range(task_count)]
    run = make_run(make_user(), task=ASKED, error=f"The node '{titles[0]}' failed.")
    keys = [f"task-{number}" for number in range(task_count)]
    for key, title in zip(keys, titles, strict=True):
        prompt = {"prompt": f"Tell of {title}"}
        make_node(run, key, NodeStatus.FAILED, title=title, data={"note": title}, spec=prompt)
    error = f"Merge: nothing came from {', '.join(titles)}."
    make_node(run, "merge", NodeStatus.SKIPPED, title="Merge", purpose=Purpose.MERGE, error=error, depends_on=keys)
    end(run, status=RunStatus.FAILED)
    return run


@pytest.mark.parametrize("kept_writes", range(5))
def test_what_a_kill_cut_off_is_refused_to_who_would_do_it_again_and_taken_up(
    kept_writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is cut off: nothing is left afterwards, and errors name nodes as they are called now."""
    run = failed_run(5)
    write, written = letting_go.update_rows, []

    def killed_soon(model: Any, rows: Any) -> None:
        if len(written) == kept_writes:
            raise KeyboardInterrupt
        written.append(rows)
        write(model, rows)

    monkeypatch.setattr(letting_go, "BATCH_ROWS", 2)
    monkeypatch.setattr(letting_go, "update_rows", killed_soon)
    with pytest.raises(KeyboardInterrupt) if kept_writes < 4 else nullcontext():
        let_texts_go(NOW)
    assert all(len(rows) <= 2 for rows in written)
    with pytest.raises(TextsGone):
        retry_run(run_id=run.pk, actor=run.user.as_actor())
    monkeypatch.setattr(letting_go, "update_rows", write)
    assert let_texts_go(NOW) == (kept_writes < 4)
    assert WORD.casefold() not in rows_of(run).casefold()
    run.refresh_from_db()
    assert (run.error, "texts_going" in run.request) == ("The node 'task-0' failed.", False)
    merge = Node.objects.get(run=run, key="merge")
    assert merge.error == "Merge: nothing came from task-0, task-1, task-2, task-3, task-4."


def test_what_went_wrong_stays_but_for_the_names_that_went() -> None:
    run = make_run(task=ASKED, error=f"The node '{ASKED}' failed.")
    make_node(run, "task-1", NodeStatus.FAILED, title=ASKED, error="No provider answered.", error_code="CALL_FAILED")
    error = f"Merge: nothing came from '{ASKED}'."
    merge = {"title": "Merge", "purpose": Purpose.MERGE, "error": error}
    make_node(run, "merge", NodeStatus.SKIPPED, depends_on=["task-1"], **merge)
    end(run, status=RunStatus.FAILED)
    let_texts_go(NOW)
    run.refresh_from_db()
    told = list(Node.objects.filter(run=run).order_by("position").values_list("title", "error"))
    assert told == [("task-1", "No provider answered."), ("Merge", "Merge: nothing came from 'task-1'.")]
    assert run.error == "The node 'task-1' failed."


def test_the_plans_text_goes_from_disk_too_and_the_answer_stays_for_its_own_time(settings: Any, tmp_path: Path) -> None:
    settings.ARTIFACTS, settings.HOME_DIR, settings.ARTIFACT_RETENTION_DAYS = "disk", tmp_path, 0
    run = make_run(task=ASKED)
    write_artifacts(run.pk, [NewArtifact("plan", "plan", ASKED), NewArtifact("task-1", "raw", "An answer")])
    end(run)
    let_texts_go(NOW)
    assert read_artifact(run.pk, "plan").content is None
    assert read_artifact(run.pk, "task-1").content == "An answer"
    assert [path.read_text() for path in tmp_path.rglob("*") if path.is_file()] == ["An answer"]


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("Answer A: Claude", "Answer A: Claude"),
        ("Compare the ferries of…", "task-1"),
        ("Draft: Compare the  FERRIES", "Draft"),
        ("ferries: of zanzibar", "task-1"),
        ("Outline", "Outline"),
    ],
)
def test_a_title_stays_unless_it_repeats_what_was_asked(title: str, kept: str) -> None:
    assert kept_title(title, Asked("compare the ferries of zanzibar"), "task-1") == kept


@pytest.mark.parametrize(
    ("title", "kept"), [("Name a hill…", "task-1"), ("Draft: name a  hill", "Draft"), ("Hills", "Hills")]
)
def test_a_title_goes_that_repeats_the_nodes_own_prompt(title: str, kept: str) -> None:
    assert kept_title(title, Asked("something else"), "task-1", own="name a hill and a beach") == kept


def test_words_that_nodes_share_are_sought_once_in_all_that_was_asked_and_own_ones_not_at_all() -> None:
    """Of ten thousand prompts every word was sought in all of them, in a copy for each: a minute and a half."""
    sought: list[str] = []

    class Said(str):
        __slots__ = ()

        def __contains__(self, line: object) -> bool:
            sought.append(str(line))
            return super().__contains__(str(line))

    asked = Asked(Said("\n".join(f"prompt {number}" for number in range(100))))
    titles = [kept_title(f"Draft: prompt {number}", asked, "", own=f"prompt {number}") for number in range(100)]
    assert (set(titles), sought) == ({"Draft"}, ["draft"])


@pytest.mark.parametrize(
    ("label", "kept"),
    [("ferries", "ferries"), ("Compare the…", ""), ("job: compare the ferries of zanzibar", ""), ("", "")],
)
def test_a_label_stays_unless_it_is_the_task(label: str, kept: str) -> None:
    assert letting_go.kept_label(label, "Compare the ferries of Zanzibar") == kept


def test_of_two_names_the_longer_goes_first() -> None:
    titles = {"Name a hill": "task-1", "Name a hill and a beach": "task-2", "Merge": "Merge"}
    assert renamed("Merge: 'Name a hill and a beach', 'Name a hill'", titles) == "Merge: 'task-2', 'task-1'"


# --- pages and the API ----------------------------------------------------------------------------------


@pytest.fixture
def ann() -> User:
    return make_user("ann", Role.MEMBER)


@pytest.fixture
def client(ann: User) -> Client:
    client = Client()
    client.force_login(ann, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def gone(ann: User) -> Run:
    """A run of two answers, one of which failed, that was let go with all that it brought."""
    run = make_run(ann, request=RunRequest(Mode.COLLECTIVE, task=ASKED, context=WORD))
    for number, status in enumerate((NodeStatus.COMPLETED, NodeStatus.COMPLETED, NodeStatus.FAILED), 1):
        fields = {"model_id": f"acme/alpha-{number}", "finished_at": OLD, "title": ASKED[:80]}
        make_node(run, f"task-{number}", status, **fields)
    texts = [NewArtifact(key, kind, ASKED) for key, kind in (("plan", "plan"), ("task-1", "raw"), ("merged", "merged"))]
    write_artifacts(run.pk, texts)
    Artifact.objects.update(created_at=OLD)
    end(run)
    call_command("prune", stdout=StringIO())
    run.refresh_from_db()
    assert run.texts_gone_at
    return run


def test_every_page_of_such_a_run_answers_and_says_what_is_gone(client: Client, gone: Run) -> None:
    pages = {
        reverse("runs:runs"): "(its text was let go)",
        reverse("runs:run", args=[gone.pk]): "What was asked was let go on",
        reverse("runs:node", args=[gone.pk, "task-1"]): "It was let go on",
        reverse("runs:node", args=[gone.pk, "task-3"]): "It was let go on",
        f"{reverse('runs:new')}?again={gone.pk}": "let go after its time: give the task anew",
        reverse("feedback:run", args=[gone.pk]): "",
        reverse("feedback:node", args=[gone.pk, "task-1"]): "",
        reverse("feedback:compare", args=[gone.pk]): "",
        reverse("feedback:ratings"): "",
    }
    for address, words in pages.items():
        answer = client.get(address, follow=True)
        page = answer.content.decode()
        assert answer.status_code == 200, address
        assert words in page, address
        assert WORD not in page, address
    run_page = client.get(reverse("runs:run", args=[gone.pk])).content.decode()
    assert "Run again" not in run_page
    assert "Do again what failed" not in run_page


def test_the_api_answers_and_says_when_the_texts_went(client: Client, gone: Run) -> None:
    base = f"/api/runs/{gone.pk}"
    for address in (base, f"{base}/result?raw=on", f"{base}/events", f"{base}/artifacts/merged", "/api/runs"):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert WORD not in answer.content.decode(), address
    assert client.get(base).json()["data"]["textsGoneAt"]
    result = client.get(f"{base}/result").json()["data"]
    assert (result["mergedOutput"], bool(result["textsGoneAt"])) == (None, True)
    assert client.get(f"{base}/artifacts/plan").json()["data"]["content"] is None


def test_it_cannot_be_done_again_and_the_refusal_says_why(client: Client, gone: Run, ann: User) -> None:
    for body in ({}, {"nodes": ["task-1"]}):
        answer = client.post(f"/api/runs/{gone.pk}/retry", json.dumps(body), content_type="application/json")
        assert (answer.status_code, answer.json()["error"]["code"]) == (410, "TEXTS_GONE")
        assert "RUN_TEXTS_KEPT_DAYS" in answer.json()["error"]["message"]
    for name in ("runs:rerun", "runs:retry"):
        page = client.post(reverse(name, args=[gone.pk]), follow=True).content.decode()
        assert "It cannot be done again: start a new run" in page
    with pytest.raises(TextsGone):
        retry_run(run_id=gone.pk, actor=ann.as_actor(), max_usd=Decimal(9))
    assert Run.objects.count() == 1
    gone.refresh_from_db()
    assert gone.status == RunStatus.COMPLETED


def test_it_can_still_be_rated(client: Client, gone: Run) -> None:
    answer = client.post("/api/ratings", {"run": str(gone.pk), "rating": 4}, content_type="application/json")
    assert answer.status_code in (200, 201), answer.content


def test_the_command_counts_it_before_and_names_it_after() -> None:
    end(make_run(task=ASKED))
    out = StringIO()
    call_command("prune", "--dry-run", stdout=out)
    assert "run-texts" in out.getvalue() or "What runs were asked" in out.getvalue()
    assert Run.objects.filter(texts_gone_at=None).count() == 1
    call_command("prune", stdout=out)
    assert not Run.objects.filter(texts_gone_at=None).exists()
