"""Where alerts are sent: who may set up what, secrets that are shown once, mailboxes that say yes first."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from runs.alerting.queries import list_receivers
from runs.alerting.receivers import (
    MOST_RECEIVERS,
    add_email,
    add_webhook,
    check_webhook_url,
    remove_receiver,
    reseal_receivers,
    send_again,
    send_test,
)
from runs.alerting.tasks import deliver_alerts
from runs.models import AlertDelivery, AlertReceiver
from runs.shapes.alerts import DeliveryState, Reach
from smartspawn.access.keys import create_key
from smartspawn.access.models import AuditEntry, User
from smartspawn.access.shapes import COMMAND_LINE, Scope
from smartspawn.lib.errors import Conflict, InvalidParam, NotAllowed, NotFound
from tests.people import browse
from tests.runs.alerting.rows import make_delivery, make_receiver

pytestmark = pytest.mark.django_db
URL = "https://hooks.example/T0/secret-path"


# --- setting up -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "hooks.example/x",
        "ftp://hooks.example/x",
        "http://hooks.example/x",
        "https://user:pass@hooks.example/x",
        "https://hooks.example/x#part",
        "https://hooks.example/a b",
        "https://localhost/x",
        "https://127.0.0.1/x",
        "https://10.0.0.8/x",
        "https://printer.local/x",
        "https://169.254.169.254/latest",
        "https://metadata.google.internal/x",
        "https://[::1]/x",
        "https://hooks.example:0/x",
        "https://hooks.example/" + "x" * 500,
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_while_there_is_somebody_to_read_why(url: str) -> None:
    with pytest.raises(InvalidParam):
        check_webhook_url(url, allows_private=False)


def test_an_admin_may_allow_private_addresses_but_never_a_clouds_metadata() -> None:
    assert (
        check_webhook_url(" http://10.0.0.8:8065/hooks/x?y=1 ", allows_private=True)
        == "http://10.0.0.8:8065/hooks/x?y=1"
    )
    with pytest.raises(InvalidParam):
        check_webhook_url("http://169.254.169.254/latest", allows_private=True)


def test_the_secret_is_given_once_and_kept_sealed(bob: User) -> None:
    made = add_webhook(actor=bob.as_actor(), url=URL, reach=Reach.OWN)
    assert made.secret.startswith("whsec_")
    row = AlertReceiver.objects.get()
    assert made.secret not in row.secret_sealed
    assert made.secret not in repr(made)
    (entry,) = AuditEntry.objects.all()
    assert entry.after == {"kind": "webhook", "reach": "own", "place": "hooks.example", "allows_private": False}
    assert reseal_receivers() == ((str(row.pk),), ())


def test_a_member_hears_of_own_budgets_and_reaches_the_open_internet_alone(bob: User) -> None:
    with pytest.raises(NotAllowed):
        add_webhook(actor=bob.as_actor(), url=URL, reach=Reach.ALL)
    with pytest.raises(NotAllowed):
        add_webhook(actor=bob.as_actor(), url="http://10.0.0.8/x", reach=Reach.OWN, allows_private=True)
    with pytest.raises(InvalidParam):
        add_webhook(actor=COMMAND_LINE, url=URL, reach=Reach.OWN)
    assert not AlertReceiver.objects.exists()


def test_one_address_is_noted_once_and_nobody_has_too_many(bob: User) -> None:
    add_webhook(actor=bob.as_actor(), url=URL, reach=Reach.OWN)
    with pytest.raises(Conflict):
        add_webhook(actor=bob.as_actor(), url=URL, reach=Reach.OWN)
    for number in range(MOST_RECEIVERS - 1):
        add_webhook(actor=bob.as_actor(), url=f"{URL}/{number}", reach=Reach.OWN)
    with pytest.raises(Conflict):
        add_webhook(actor=bob.as_actor(), url=f"{URL}/more", reach=Reach.OWN)


def test_somebody_elses_receiver_is_not_there(alice: User, bob: User) -> None:
    hers = make_receiver(alice)
    delivery = make_delivery(hers, state=DeliveryState.DEAD)
    assert list_receivers(bob.as_actor()) == ()
    with pytest.raises(NotFound):
        remove_receiver(actor=bob.as_actor(), receiver_id=hers.pk)
    with pytest.raises(NotFound):
        send_test(actor=bob.as_actor(), receiver_id=hers.pk)
    with pytest.raises(NotFound):
        send_again(actor=bob.as_actor(), delivery_id=delivery.pk)
    his = make_receiver(bob)
    assert [receiver.receiver_id for receiver in list_receivers(alice.as_actor())] == [hers.pk, his.pk]


def test_a_message_that_was_given_up_is_sent_again_under_its_id(bob: User) -> None:
    delivery = make_delivery(make_receiver(bob), state=DeliveryState.DEAD)
    before = (delivery.message_id, delivery.body)
    send_again(actor=bob.as_actor(), delivery_id=delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempt_count) == (DeliveryState.WAITING, 0)
    assert (delivery.message_id, delivery.body) == before
    with pytest.raises(NotFound):
        send_again(actor=bob.as_actor(), delivery_id=delivery.pk)


def test_tests_are_sent_one_after_the_other(bob: User) -> None:
    receiver = make_receiver(bob)
    send_test(actor=bob.as_actor(), receiver_id=receiver.pk)
    with pytest.raises(Conflict):
        send_test(actor=bob.as_actor(), receiver_id=receiver.pk)


# --- mailboxes ------------------------------------------------------------------------------------------


def test_a_mailbox_of_a_member_gets_nothing_but_a_question_until_it_says_yes(bob: User, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://mail.example"
    made = add_email(actor=bob.as_actor(), address="team@example.org", reach=Reach.OWN)
    deliver_alerts()
    (question,) = mail.outbox
    link = re.search(r"http://[^ ]+(/budgets/confirm/[^ ]+/)", question.body)
    assert link is not None
    with pytest.raises(Conflict):
        send_test(actor=bob.as_actor(), receiver_id=made.receiver_id)
    stranger = Client()
    assert "May alerts" in stranger.get(link[1]).content.decode()
    assert AlertReceiver.objects.get().confirmed_at is None  # programs that look at mails follow links
    assert "from now on" in stranger.post(link[1]).content.decode()
    assert AlertReceiver.objects.get().confirmed_at is not None
    remove_receiver(actor=bob.as_actor(), receiver_id=made.receiver_id)
    assert stranger.post(link[1]).status_code == 422


def test_a_link_that_was_made_up_confirms_nothing(bob: User) -> None:
    assert Client().post("/budgets/confirm/WzEsImEiXQ:1xUpCY:forged/").status_code == 422


def test_the_question_to_a_mailbox_names_the_person_not_their_key(bob: User, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://mail.example"
    key = create_key(actor=bob.as_actor(), name="ci", scopes=frozenset({Scope.RUNS_WRITE}), expires_at=None)
    asked = {"kind": "email", "address": "team@example.org"}
    headers = {"authorization": f"Bearer {key.token}"}
    assert Client().post("/api/alert-receivers", asked, "application/json", headers=headers).status_code == 201
    body = AlertDelivery.objects.get().body
    assert body.startswith("bob would like")
    assert "ss_" not in body


def test_an_admins_word_is_enough_and_what_is_no_mailbox_is_refused(alice: User, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://mail.example"
    add_email(actor=alice.as_actor(), address="ops@example.org", reach=Reach.ALL)
    assert AlertReceiver.objects.get().confirmed_at is not None
    for address in ("nobody", "a@b@c", "x@example.org\nBcc: y@example.org"):
        with pytest.raises(InvalidParam):
            add_email(actor=alice.as_actor(), address=address, reach=Reach.OWN)
    settings.EMAIL_URL = ""
    with pytest.raises(Conflict):
        add_email(actor=alice.as_actor(), address="other@example.org", reach=Reach.OWN)


# --- faces ----------------------------------------------------------------------------------------------


def test_a_webhook_is_added_tried_and_taken_away_on_the_pages(bob: User) -> None:
    client = browse(bob)
    page = client.post("/budgets/receivers/save/", {"kind": "webhook", "address": URL, "reach": "own"})
    assert re.search(r"whsec_[\w+/=]{44}", page.content.decode())
    receiver = AlertReceiver.objects.get()
    assert not re.search(r"whsec_[\w+/=]{44}", client.get("/budgets/receivers/").content.decode())
    address = f"/budgets/receivers/{receiver.pk}/"
    assert "on its way" in client.post(f"{address}test/", follow=True).content.decode()
    assert "a moment ago" in client.post(f"{address}test/", follow=True).content.decode()
    assert re.search(r"whsec_[\w+/=]{44}", client.post(f"{address}secret/").content.decode())
    assert "Switch on" in client.post(f"{address}switch/", {"isOn": "false"}, follow=True).content.decode()
    client.post(f"{address}remove/")
    assert not AlertReceiver.objects.exists()
    refused = client.post("/budgets/receivers/save/", {"kind": "webhook", "address": "nowhere", "reach": "own"})
    assert refused.status_code == 422
    assert 'value="nowhere"' in refused.content.decode()


def test_the_api_sets_up_tries_and_lists_as_the_pages_do(bob: User) -> None:
    token = create_key(
        actor=bob.as_actor(), name="ops", scopes=frozenset({Scope.RUNS_READ, Scope.RUNS_WRITE}), expires_at=None
    ).token
    client, headers = Client(), {"Authorization": f"Bearer {token}"}

    def call(method: str, path: str, body: object = None) -> Any:
        return client.generic(method, path, "" if body is None else json.dumps(body), headers=headers)

    made = call("POST", "/api/alert-receivers", {"kind": "webhook", "address": URL})
    assert made.status_code == 201
    data = made.json()["data"]
    assert data["secret"].startswith("whsec_")
    path = f"/api/alert-receivers/{data['id']}"
    assert call("POST", f"{path}/test").status_code == 202
    shown = call("GET", path).json()["data"]
    assert "secret" not in shown
    assert [delivery["state"] for delivery in shown["deliveries"]] == ["waiting"]
    AlertDelivery.objects.update(state="dead", closed_at=timezone.now())
    assert call("POST", f"/api/alert-deliveries/{shown['deliveries'][0]['id']}/again").status_code == 202
    assert call("PATCH", path, {"isOn": "no"}).json()["data"]["isOn"] is False
    assert call("POST", f"{path}/secret").json()["data"]["secret"] != data["secret"]
    assert call("DELETE", path).status_code == 204
    assert call("GET", "/api/alert-receivers").json() == {"data": []}
    assert call("POST", "/api/alert-receivers", {"kind": "webhook", "adress": URL}).status_code == 400
