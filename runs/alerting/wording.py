"""Alerts in sentences: on pages, in mails, beside the figures of a webhook. Pure."""

from __future__ import annotations

from runs.money import format_usd
from runs.shapes.alerts import Alert, AlertKind


def headline(alert: Alert) -> str:
    """What happened, in one line."""
    whose = f"{alert.title}: "
    if alert.kind is AlertKind.REFUSED:
        return f"{whose}a call was refused under the budget {when(alert.window)}"
    if alert.threshold_percent >= 100:
        return f"{whose}the budget {when(alert.window)} is spent"
    return f"{whose}{alert.threshold_percent} % of the budget {when(alert.window)} is spent"


def amounts(alert: Alert) -> str:
    """The figures at that moment, in one sentence."""
    if alert.cap_nano_usd == 0:
        return "Nothing may be spent."
    text = f"{format_usd(alert.spent_nano_usd)} of {format_usd(alert.cap_nano_usd)}"
    if alert.reserved_nano_usd:
        text += f", and {format_usd(alert.reserved_nano_usd)} more is set aside for calls under way"
    if alert.needed_nano_usd is not None:
        text += f"; the call might have taken {format_usd(alert.needed_nano_usd)}"
    return f"{text}."


def when(window: str) -> str:
    """A window within a sentence."""
    return f"of {window} (UTC)" if len(window) == len("2026-11-21") else f"of the month {window}"


def mail_text(alert: Alert, budgets_url: str) -> str:
    """The whole text of a mail."""
    return (
        f"{headline(alert)}.\n\n{amounts(alert)}\n\n{_consequence(alert)}\n\n"
        f"State of the budgets, and where these mails are set up and ended: {budgets_url}\n"
    )


def _consequence(alert: Alert) -> str:
    if alert.kind is AlertKind.REFUSED or alert.threshold_percent >= 100:
        return "Calls that do not fit are refused until the window ends or an admin raises the cap."
    return "Calls go on. The next alert of this budget comes when more of it is spent, and each comes once."
