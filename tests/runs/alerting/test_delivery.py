"""Messages on their way: signed, tried again, given up, never sent twice at once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from runs.alerting import sending, tasks
from runs.alerting.claiming import (
    LONGEST_WAIT,
    MOST_ATTEMPTS,
    MOST_OF_ONE_RECEIVER,
    WAITS,
    Outcome,
    claim_due,
    note_outcome,
    wait_after,
)
from runs.alerting.receivers import renew_secret
from runs.alerting.spreading import spread_alerts
from runs.alerting.tasks import deliver_alerts
from runs.models import AlertDelivery, AlertReceiver
from runs.shapes.alerts import AlertKind, DeliveryState, Reach, ReceiverKind
from smartspawn.access.keys import create_key
from smartspawn.access.models import User
from smartspawn.access.shapes import Role, Scope
from tests.runs.alerting.rows import SECRET, make_alert, make_delivery, make_receiver

pytestmark = pytest.mark.django_db


class Hook:
    """A receiver on this machine that notes what it gets and answers as it is told."""

    def __init__(self) -> None:
        self.status, self.headers_to_send = 200, dict[str, str]()
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.on_got: Callable[[], None] = lambda: None
        self.hold = threading.Event()
        self.hold.set()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                hook.on_got()
                hook.hold.wait(20)
                self.send_response(hook.status)
                for name, value in hook.headers_to_send.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.close()


def states() -> list[tuple[str, int]]:
    return list(AlertDelivery.objects.order_by("pk").values_list("state", "attempt_count"))


# --- who is told ----------------------------------------------------------------------------------------


def test_an_alert_goes_to_whose_budget_it_is_and_to_admins_who_want_all(alice: User, bob: User) -> None:
    key = create_key(actor=bob.as_actor(), name="ci", scopes=frozenset({Scope.RUNS_WRITE}), expires_at=None)
    own = make_receiver(bob)
    everything = make_receiver(alice, reach=Reach.ALL)
    make_receiver(alice, address="http://127.0.0.1:9/own")
    make_receiver(bob, address="http://127.0.0.1:9/off", switched_off_at=timezone.now())
    make_receiver(bob, address="b@example.org", kind=ReceiverKind.EMAIL, confirmed_at=None)
    for scope, owner in (("site", None), (f"user:{bob.pk}", bob.pk), (f"key:{key.key_id}", bob.pk)):
        make_alert(scope=scope, user_id=owner)
    assert spread_alerts() == 3
    sent = AlertDelivery.objects.values_list("receiver_id", "alert__scope")
    assert set(sent) == {
        (everything.pk, "site"),
        (everything.pk, f"user:{bob.pk}"),
        (everything.pk, f"key:{key.key_id}"),
        (own.pk, f"user:{bob.pk}"),
        (own.pk, f"key:{key.key_id}"),
    }
    assert spread_alerts() == 0


def test_who_is_no_admin_any_more_hears_of_their_own_budgets_alone(alice: User, bob: User) -> None:
    make_receiver(alice, reach=Reach.ALL)
    User.objects.filter(pk=alice.pk).update(role=Role.MEMBER)
    make_alert(scope="site")
    make_alert(scope=f"user:{alice.pk}", user_id=alice.pk)
    spread_alerts()
    assert [delivery.alert.scope for delivery in AlertDelivery.objects.all()] == [f"user:{alice.pk}"]  # type: ignore[union-attr]


# --- webhooks -------------------------------------------------------------------------------------------


def test_a_webhook_gets_the_figures_signed_so_that_a_stranger_can_check_them(bob: User, hook: Hook) -> None:
    make_receiver(bob, address=hook.url)
    alert = make_alert(scope=f"user:{bob.pk}", user_id=bob.pk)
    deliver_alerts()
    ((headers, body),) = hook.got
    told = json.loads(body)
    assert told["type"] == "budget.spent"
    assert told["data"] | {"at": "", "text": "", "url": ""} == {
        "id": str(alert.pk),
        "kind": "spent",
        "at": "",
        "scope": f"user:{bob.pk}",
        "title": "bob",
        "window": "day",
        "period": alert.window,
        "thresholdPercent": 80,
        "capUsd": 1.0,
        "spentUsd": 0.8,
        "reservedUsd": 0.05,
        "neededUsd": None,
        "text": "",
        "url": "",
    }
    assert told["data"]["text"].startswith("bob: 80 % of the budget of ")
    assert headers["webhook-id"] == str(alert.pk)
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 30
    # As the specification says it, in its own words and not in ours.
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert states() == [("sent", 1)]


def test_for_a_day_after_a_new_secret_messages_carry_both_signatures(bob: User, hook: Hook) -> None:
    receiver = make_receiver(bob, address=hook.url)
    renew_secret(actor=bob.as_actor(), receiver_id=receiver.pk)
    make_delivery(receiver)
    deliver_alerts()
    AlertReceiver.objects.update(old_secret_until=timezone.now() - timedelta(seconds=1))
    make_delivery(receiver)
    deliver_alerts()
    assert [len(headers["webhook-signature"].split()) for headers, _ in hook.got] == [2, 1]


def test_what_was_not_taken_is_sent_again_under_the_same_id_later_and_later(bob: User, hook: Hook) -> None:
    hook.status = 500
    make_delivery(make_receiver(bob, address=hook.url))
    now = timezone.now()
    deliver_alerts()
    delivery = AlertDelivery.objects.get()
    assert (delivery.state, delivery.attempt_count, delivery.answer_status) == (DeliveryState.WAITING, 1, 500)
    assert delivery.next_at >= now + WAITS[0]
    deliver_alerts()
    assert len(hook.got) == 1  # not before its time
    AlertDelivery.objects.update(next_at=now)
    hook.status = 204
    deliver_alerts()
    assert states() == [("sent", 2)]
    (first, body), (second, again) = hook.got
    assert (first["webhook-id"], body) == (second["webhook-id"], again)


def test_a_message_is_given_up_after_the_last_attempt(bob: User, hook: Hook) -> None:
    hook.status = 503
    make_delivery(make_receiver(bob, address=hook.url), attempt_count=MOST_ATTEMPTS - 1)
    deliver_alerts()
    delivery = AlertDelivery.objects.get()
    assert (delivery.state, delivery.error) == (DeliveryState.DEAD, "It answered 503.")
    deliver_alerts()
    assert len(hook.got) == 1


def test_a_receiver_that_is_gone_is_switched_off_with_all_that_waits_for_it(bob: User, hook: Hook) -> None:
    hook.status = 410
    receiver = make_receiver(bob, address=hook.url)
    make_delivery(receiver)
    make_delivery(receiver, next_at=timezone.now() + timedelta(hours=1))
    deliver_alerts()
    deliver_alerts()
    receiver.refresh_from_db()
    assert receiver.switched_off_at is not None
    assert states() == [("dead", 1), ("dead", 0)]


def test_a_redirect_is_not_followed(bob: User, hook: Hook) -> None:
    hook.status, hook.headers_to_send = 307, {"Location": hook.url + "/else"}
    make_delivery(make_receiver(bob, address=hook.url))
    deliver_alerts()
    assert len(hook.got) == 1
    assert "redirects" in AlertDelivery.objects.get().error


def test_what_a_receiver_asks_for_is_heeded_within_reason() -> None:
    assert wait_after(1, None) == WAITS[0]
    assert wait_after(1, 1.0) == WAITS[0]
    assert wait_after(1, 900.0) == timedelta(minutes=15)
    assert wait_after(1, 10.0**9) == LONGEST_WAIT
    assert [wait_after(attempt, None) for attempt in range(1, 9)] == [*WAITS, WAITS[-1]]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "http://169.254.169.254/latest", "http://[::1]:9/x"])
def test_a_private_address_is_not_connected_to_even_if_its_row_slipped_in(url: str, bob: User) -> None:
    make_delivery(make_receiver(bob, address=url, allows_private=False))
    deliver_alerts()
    assert "may not be reached from here" in AlertDelivery.objects.get().error


def test_nobody_there_is_an_attempt_like_any_other(bob: User) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        make_delivery(make_receiver(bob, address=url))
        deliver_alerts()
    assert states() == [("waiting", 1)]
    assert "cannot be reached" in AlertDelivery.objects.get().error


def test_a_receiver_that_hangs_delays_no_other(bob: User, hook: Hook) -> None:
    hanging = Hook()
    hanging.hold.clear()
    hook.on_got = hanging.hold.set  # one after the other, the second would never be asked
    stuck = make_receiver(bob, address=hanging.url)
    for _ in range(5):
        make_delivery(stuck)
    make_delivery(make_receiver(bob, address=hook.url))
    deliver_alerts()
    hanging.close()
    assert states() == [("sent", 1)] * 6


def test_who_gave_no_answer_is_left_alone_with_all_that_is_due_for_it(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "ATTEMPT_S", 0.2)
    hanging = Hook()
    hanging.hold.clear()
    stuck = make_receiver(bob, address=hanging.url)
    for _ in range(5):
        make_delivery(stuck)
    deliver_alerts()
    hanging.close()
    tried = AlertDelivery.objects.filter(attempt_count=1)
    assert [row.error for row in tried] == ["It gave no answer within 0.2 s."] * MOST_OF_ONE_RECEIVER
    assert AlertDelivery.objects.filter(next_at__gt=timezone.now(), state=DeliveryState.WAITING).count() == 5


def test_what_is_new_does_not_wait_for_a_receiver_that_hangs(
    bob: User, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "_LOOK_EVERY_S", 0.02)
    hanging = Hook()
    hanging.hold.clear()
    make_delivery(make_receiver(bob, address=hanging.url))
    answering = make_receiver(bob, address=hook.url)
    real = tasks.spread_alerts

    def spread() -> int:
        """Something new turns up while the first receiver hangs, which is let go once the second has heard of it."""
        if hanging.got and not AlertDelivery.objects.filter(receiver=answering).exists():
            make_delivery(answering)
        if hook.got:
            hanging.hold.set()
        return real()

    monkeypatch.setattr(tasks, "spread_alerts", spread)
    deliver_alerts()
    hanging.close()
    assert states() == [("sent", 1), ("sent", 1)]


def test_two_workers_do_not_wait_for_one_receiver(bob: User, hook: Hook) -> None:
    receiver = make_receiver(bob, address=hook.url)
    make_delivery(receiver)
    claim_due(1)
    make_delivery(receiver)
    assert deliver_alerts().startswith("another")
    assert hook.got == []


# --- claims ---------------------------------------------------------------------------------------------


def test_a_message_is_one_senders_until_its_lease_ends(bob: User) -> None:
    make_delivery(make_receiver(bob))
    now = timezone.now()
    (first,) = claim_due(16, now)
    assert claim_due(16, now + timedelta(seconds=59)) == []
    (second,) = claim_due(16, now + timedelta(seconds=61))  # the first one died, or is slower than anybody may be
    assert (first.attempt, second.attempt) == (1, 2)
    note_outcome(first, Outcome(is_sent=False, error="too late to say so"))
    assert states() == [("waiting", 2)]
    note_outcome(second, Outcome(is_sent=True, status=200))
    assert states() == [("sent", 2)]


def test_a_message_over_which_its_senders_die_is_given_up(bob: User) -> None:
    make_delivery(make_receiver(bob))
    now = timezone.now()
    for attempt in range(MOST_ATTEMPTS):
        assert len(claim_due(16, now + timedelta(minutes=2 * attempt))) == 1
    assert claim_due(16, now + timedelta(hours=1)) == []
    assert states() == [("dead", MOST_ATTEMPTS)]


def test_one_receiver_takes_up_few_senders(bob: User) -> None:
    slow, other = make_receiver(bob), make_receiver(bob, address="http://127.0.0.1:9/other")
    for _ in range(20):
        make_delivery(slow)
    make_delivery(other)
    claims = claim_due(16)
    assert len(claims) == MOST_OF_ONE_RECEIVER + 1
    assert claim_due(16) == []


def test_a_secret_that_nothing_opens_sends_nothing_unsigned(bob: User, hook: Hook) -> None:
    receiver = make_receiver(bob, address=hook.url)
    AlertReceiver.objects.filter(pk=receiver.pk).update(secret_sealed="gAAAAA-not-ours")
    make_delivery(receiver)
    deliver_alerts()
    assert hook.got == []
    assert "secret cannot be opened" in AlertDelivery.objects.get().error


# --- mail -----------------------------------------------------------------------------------------------


def test_a_mail_says_what_happened_in_plain_text(bob: User, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://mail.example"
    make_receiver(bob, address="bob@example.org", kind=ReceiverKind.EMAIL)
    bob.username = "bob\nBcc: everybody@example.org"
    bob.save()
    alert = make_alert(scope=f"user:{bob.pk}", user_id=bob.pk, percent=100, kind=AlertKind.REFUSED)
    deliver_alerts()
    (sent,) = mail.outbox
    assert sent.to == ["bob@example.org"]
    assert sent.subject.startswith("Smart Spawn: bob Bcc: everybody@example.org: a call was refused under the budget")
    assert (
        "$1.00 of $1.00, and $0.05 more is set aside for calls under way; the call might have taken $0.03." in sent.body
    )
    assert str(alert.pk) in sent.message()["Message-ID"]
    assert states() == [("sent", 1)]


def test_without_a_mail_server_mailboxes_are_left_out(bob: User, settings: Any) -> None:
    settings.EMAIL_URL = ""
    receiver = make_receiver(bob, address="bob@example.org", kind=ReceiverKind.EMAIL)
    make_alert(scope=f"user:{bob.pk}", user_id=bob.pk)
    spread_alerts()
    assert not AlertDelivery.objects.exists()
    make_delivery(receiver)
    deliver_alerts()
    assert "EMAIL_URL" in AlertDelivery.objects.get().error
    assert mail.outbox == []


def test_a_mail_server_that_is_not_there_is_an_attempt_like_any_other(bob: User, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://localhost"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    make_delivery(make_receiver(bob, address="bob@example.org", kind=ReceiverKind.EMAIL))
    deliver_alerts()
    assert states() == [("waiting", 1)]
    assert AlertDelivery.objects.get().error == "The mail server cannot be reached or broke off."
