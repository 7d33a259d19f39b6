"""What receivers get: the body of a webhook, subject and text of a mail. Made once, and the same in every attempt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from runs.alerting.presenters import alert_payload
from runs.alerting.wording import amounts, headline, mail_text
from runs.shapes.alerts import Alert, ReceiverKind

_LONGEST_SUBJECT: Final = 200


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent to one receiver."""

    message_id: UUID
    subject: str
    body: str


def alert_message(alert: Alert, kind: ReceiverKind, budgets_url: str) -> Message:
    """An alert in the form of this kind of receiver."""
    if kind is ReceiverKind.EMAIL:
        return Message(alert.alert_id, subject_line(headline(alert)), mail_text(alert, budgets_url))
    data = {**alert_payload(alert), "text": f"{headline(alert)}. {amounts(alert)}", "url": budgets_url}
    return Message(alert.alert_id, subject_line(headline(alert)), _event(f"budget.{alert.kind}", alert.at, data))


def test_message(message_id: UUID, kind: ReceiverKind, at: datetime, budgets_url: str) -> Message:
    """A message that says nothing but that messages arrive."""
    words = "This is a test: alerts of budgets arrive here."
    subject = subject_line("Test of budget alerts")
    if kind is ReceiverKind.EMAIL:
        return Message(message_id, subject, f"{words}\n\nThe budgets: {budgets_url}\n")
    return Message(message_id, subject, _event("test", at, {"id": str(message_id), "text": words, "url": budgets_url}))


def confirm_message(message_id: UUID, asked_by: str, confirm_url: str) -> Message:
    """A mail that asks whether alerts may be sent to this address."""
    text = (
        f"{asked_by} would like alerts of budgets sent to this address.\n\n"
        f"If that is right, confirm it within a week: {confirm_url}\n\n"
        "If it is not, do nothing: no further mail comes.\n"
    )
    return Message(message_id, subject_line("Confirm alerts of budgets"), text)


def subject_line(words: str) -> str:
    """The words in one line: names of people and keys are theirs to choose, headers are not."""
    line = " ".join(words.split())
    return f"Smart Spawn: {line if len(line) <= _LONGEST_SUBJECT else line[: _LONGEST_SUBJECT - 1] + '…'}"


def _event(kind: str, at: datetime, data: dict[str, Any]) -> str:
    return json.dumps({"type": kind, "timestamp": at.isoformat(), "data": data}, ensure_ascii=False)
