"""Rating through the pages: the part beside an answer, the inbox, and what was learned."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from feedback.models import Rating
from feedback.record import rate
from feedback.shapes import Said, Subject
from runs.shapes import Mode, NodeStatus, RunStatus
from smartspawn.access.models import AuditEntry, User
from smartspawn.access.shapes import Role
from tests.feedback.work import finished
from tests.runs.rows import make_node, make_run, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(ann: User) -> Client:
    client = Client()
    client.force_login(ann, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_one_click_rates_a_run_and_shows_it_in_place(browser: Client, ann: User) -> None:
    run = finished(ann)
    part = browser.get(f"/ratings/_run/{run.pk}")
    assert "How good was it?" in part.content.decode()

    said = browser.post("/ratings/_save", {"subject": f"run:{run.pk}", "rating": "4", "reasons": ["too slow"]})

    assert "Kept: 4: too slow." in said.content.decode()
    assert Rating.objects.get().score == 4


def test_a_run_under_way_offers_nothing_to_rate(browser: Client, ann: User) -> None:
    assert browser.get(f"/ratings/_run/{make_run(ann).pk}").content == b""


def test_somebody_elses_run_cannot_be_seen_or_rated(browser: Client) -> None:
    run = finished(make_user("bob"))

    assert browser.get(f"/ratings/run/{run.pk}/").status_code == 404
    assert browser.post("/ratings/_save", {"subject": f"run:{run.pk}", "rating": "1"}).status_code == 404
    assert not Rating.objects.exists()


@pytest.mark.parametrize("rating", ["0", "6", "99", "NaN", "five", "", "4.5"])
def test_what_is_no_rating_is_refused_in_words(browser: Client, ann: User, rating: str) -> None:
    run = finished(ann)

    answer = browser.post("/ratings/_save", {"subject": f"run:{run.pk}", "rating": rating})

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not Rating.objects.exists()


def test_the_inbox_lists_what_waits_and_empties_in_one_go(browser: Client, ann: User) -> None:
    runs = [finished(ann, task=f"Task {number}") for number in range(3)]
    page = browser.get("/ratings/").content.decode()
    assert all(f"Task {number}" in page for number in range(3))

    browser.post("/ratings/bulk/", {"subject": [f"run:{run.pk}" for run in runs], "rating": "5"})

    assert "Nothing waits for a rating." in browser.get("/ratings/").content.decode()
    assert Rating.objects.filter(score=5).count() == 3


def test_the_inbox_leaves_simulated_runs_out_and_says_so(browser: Client, ann: User) -> None:
    finished(ann, task="Pretended", is_simulated=True)

    page = browser.get("/ratings/").content.decode()

    assert "Simulated runs are left out" in page
    assert "Nothing waits for a rating." in page
    assert "Pretended" not in page


def test_a_bulk_rating_with_one_wrong_subject_rates_nothing(browser: Client, ann: User) -> None:
    mine, other = finished(ann), finished(make_user("bob"))

    answer = browser.post("/ratings/bulk/", {"subject": [f"run:{mine.pk}", f"run:{other.pk}"], "rating": "5"})

    assert answer.status_code == 422
    assert not Rating.objects.exists()


def test_simulated_and_set_aside_work_does_not_wait(browser: Client, ann: User) -> None:
    finished(ann, task="Made up", is_simulated=True)
    browser.post("/ratings/_save", {"subject": f"run:{finished(ann, task='Dull').pk}", "verdict": "set_aside"})

    assert "Nothing waits for a rating." in browser.get("/ratings/").content.decode()


def test_what_was_learned_is_told_with_its_sample(browser: Client, ann: User) -> None:
    for _ in range(4):
        rate(subject=Subject(finished(ann).pk), said=Said(5), actor=ann.as_actor())

    page = browser.get("/learned/").content.decode()

    assert "<strong>openai/big</strong> is accepted 80% of the time (n = 4)" in page


def test_the_sentence_names_the_models_that_most_is_known_of(browser: Client, ann: User) -> None:
    said = {"openai/big": (5, 4, 3, 3), "anthropic/middle": (4, 3, 3), "openai/small": (3, 2, 3), "openai/lucky": (5,)}
    for model, scores in said.items():
        for score in scores:
            rate(subject=Subject(finished(ann, models=(model,)).pk), said=Said(score), actor=ann.as_actor())

    sentence = browser.get("/learned/").content.decode().split("For your coding tasks")[1].split("</p>")[0]

    assert re.findall("<strong>(.*?)</strong>", sentence) == ["openai/big", "anthropic/middle", "openai/small"]


def test_who_began_anew_by_mistake_has_all_back(browser: Client, ann: User) -> None:
    rate(subject=Subject(finished(ann).pk), said=Said(5), actor=ann.as_actor())
    before = browser.get("/learned/").content.decode()
    assert "Count earlier ratings again" not in before
    browser.post("/learned/reset/", {"category": "coding"})
    anew = browser.get("/learned/").content.decode()
    assert "Nothing counts here at present." in anew
    assert "Count earlier ratings again" in anew

    browser.post("/learned/reset/", {"category": "coding", "undo": "on"})

    assert "<strong>openai/big</strong>" in browser.get("/learned/").content.decode()
    actions = AuditEntry.objects.filter(action__startswith="learning.").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["learning.reset", "learning.restore"]


def test_before_the_first_rating_the_page_says_what_to_do(browser: Client) -> None:
    assert "Nothing is known yet." in browser.get("/learned/").content.decode()


def test_answers_are_compared_without_names_until_one_is_chosen(browser: Client, ann: User) -> None:
    run = finished(ann, models=("openai/big", "anthropic/middle"), mode=Mode.COLLECTIVE)
    blind = browser.get(f"/ratings/compare/{run.pk}/").content.decode()
    assert "openai/big" not in blind.replace("<wbr>", "")

    browser.post("/ratings/prefer/", {"subject": f"node:{run.pk}:task-2"})
    told = browser.get(f"/ratings/compare/{run.pk}/").content.decode()

    assert "openai/big" in told.replace("<wbr>", "")
    assert "This one is best" in blind
    assert "This one is best" not in told
    assert dict(Rating.objects.values_list("node_key", "verdict")) == {"task-1": "passed_over", "task-2": "preferred"}


def test_compared_answers_bear_no_name_that_the_run_gives_to_another(browser: Client, ann: User) -> None:
    run = make_run(ann, status=RunStatus.COMPLETED, category="coding", mode=Mode.COLLECTIVE)
    titles = {}
    for number, letter in enumerate("ABCD", 1):
        titles[f"task-{number}"] = f"Answer {letter}: openai/big"
        made = {"model_id": "openai/big", "title": titles[f"task-{number}"]}
        make_node(run, f"task-{number}", NodeStatus.COMPLETED, **made)
    browser.post("/ratings/prefer/", {"subject": f"node:{run.pk}:task-3"})

    told = browser.get(f"/ratings/compare/{run.pk}/").content.decode()

    cards = told.split("<article")[1:]
    assert [re.findall("<h2>(.)", card) for card in cards] == [["1"], ["2"], ["3"], ["4"]]
    best = next(card for card in cards if ">best<" in card)
    assert titles["task-3"] in best
    assert Rating.objects.get(verdict="preferred").title == titles["task-3"]


def test_who_has_seen_the_names_chooses_no_other_answer_before_taking_the_first_choice_back(
    browser: Client, ann: User
) -> None:
    run = finished(ann, models=("openai/big", "anthropic/middle"), mode=Mode.COLLECTIVE)
    for key in ("task-2", "task-2", "task-1"):
        page = browser.post("/ratings/prefer/", {"subject": f"node:{run.pk}:{key}"}, follow=True).content.decode()
    assert "You have chosen already" in page
    kept = dict(Rating.objects.values_list("node_key", "verdict"))
    assert kept == {"task-1": "passed_over", "task-2": "preferred"}

    browser.post("/ratings/withdraw/", {"id": Rating.objects.get(node_key="task-2").pk})
    browser.post("/ratings/prefer/", {"subject": f"node:{run.pk}:task-1"})
    assert Rating.objects.get(node_key="task-1").verdict == "preferred"


@pytest.mark.parametrize("address", ["/ratings/", "/learned/"])
def test_pages_ask_few_questions(browser: Client, ann: User, address: str, django_assert_max_num_queries: Any) -> None:
    for _ in range(12):
        rate(subject=Subject(finished(ann).pk), said=Said(4), actor=ann.as_actor())
        finished(ann)
    browser.get(address)

    with django_assert_max_num_queries(8):
        browser.get(address)


@pytest.mark.parametrize("address", ["/ratings/compare/{run}/", "/ratings/run/{run}/", "/ratings/_run/{run}/task-1"])
def test_one_run_asks_few_questions_however_many_answered(
    browser: Client, ann: User, address: str, django_assert_max_num_queries: Any
) -> None:
    run = finished(ann, models=("openai/big", "openai/small", "google/quick") * 2, mode=Mode.COLLECTIVE)
    browser.get("/learned/")  # the snapshot is in memory from then on

    with django_assert_max_num_queries(8):
        assert browser.get(address.format(run=run.pk)).status_code == 200


def test_a_viewer_reads_but_does_not_rate(catalogue: None) -> None:
    viewer = make_user("vic", Role.VIEWER)
    run = finished(viewer)
    client = Client()
    client.force_login(viewer, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get("/ratings/").status_code == 200
    assert client.post("/ratings/_save", {"subject": f"run:{run.pk}", "rating": "5"}).status_code == 403


@pytest.mark.parametrize("path", ["/ratings/_withdraw", "/ratings/withdraw/"])
def test_what_another_tab_took_back_is_taken_back_and_a_newer_word_stays(browser: Client, ann: User, path: str) -> None:
    run = finished(ann)
    first = rate(subject=Subject(run.pk), said=Said(1), actor=ann.as_actor())
    stale = {"subject": f"run:{run.pk}", "id": first.pk}
    assert browser.post(path, stale).status_code in {200, 302}
    assert not Rating.objects.exists()
    again = rate(subject=Subject(run.pk), said=Said(5), actor=ann.as_actor())
    answer = browser.post(path, {**stale, "id": first.pk}, follow=True)
    assert answer.status_code == 200
    assert Rating.objects.get() == again
    if path.endswith("_withdraw"):
        assert "Kept: 5." in answer.content.decode()


def test_another_persons_rating_cannot_be_taken_back(browser: Client, ann: User) -> None:
    bob = make_user("bob")
    theirs = rate(subject=Subject(finished(bob).pk), said=Said(4), actor=bob.as_actor())
    browser.post("/ratings/_withdraw", {"subject": f"run:{finished(ann).pk}", "id": theirs.pk})
    assert Rating.objects.get() == theirs
