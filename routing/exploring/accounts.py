"""A person's account of tried picks, kept: read, and asked for leave by one request at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.db import transaction

from routing.exploring.allowance import Leave, ask
from routing.exploring.shapes import Account, Terms
from routing.models import ExplorationAccount
from routing.quick_commit import quick_commit


def find_account(user_id: int) -> Account:
    """What this person's picks have earned and used; nothing before the first eligible one."""
    row = ExplorationAccount.objects.filter(pk=user_id).first()
    return _to_account(row) if row else Account()


def ask_leave(user_id: int, terms: Terms, *, wants: bool, extra_nano_usd: int, now: datetime) -> Leave:
    """Count an eligible pick of this person and say whether it may try another model.

    Whoever asks at the same time waits: two requests never share one leave.
    """
    with quick_commit():
        row = _locked(user_id)
        leave = ask(_to_account(row), terms, wants=wants, extra_nano_usd=extra_nano_usd, today=utc_day(now))
        account = leave.account
        ExplorationAccount.objects.filter(pk=user_id).update(
            credit_permille=account.credit_permille,
            eligible_count=account.eligible_count,
            tried_count=account.tried_count,
            day=account.day,
            day_extra_nano_usd=account.day_extra_nano_usd,
        )
    return leave


def utc_day(moment: datetime) -> date:
    """The day of the moment in UTC, by which spending is capped."""
    return moment.astimezone(UTC).date()


def _locked(user_id: int) -> ExplorationAccount:
    rows = ExplorationAccount.objects.select_for_update()
    row = rows.filter(pk=user_id).first()
    if row is None:
        with transaction.atomic():
            ExplorationAccount.objects.get_or_create(pk=user_id)
        row = rows.get(pk=user_id)
    return row


def _to_account(row: ExplorationAccount) -> Account:
    return Account(row.credit_permille, row.eligible_count, row.tried_count, row.day, row.day_extra_nano_usd)
