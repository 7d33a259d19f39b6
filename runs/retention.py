"""How long runs are kept, and what of them: their texts go, what was done and what it cost stays."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import F, Model, QuerySet

from runs.chat.conversations import LIFE, prune_conversations
from runs.keeping.artifacts import due_artifacts, prune_artifacts
from runs.keeping.letting_go import due_runs, let_texts_go
from runs.keeping.work_folders import due_folders, prune_folders
from runs.ledger.expire import KEPT_DAYS, prune_reservations
from runs.models import AlertDelivery, Conversation, Event, Reservation, RunKey
from runs.shapes import RunStatus
from runs.shapes.alerts import DeliveryState
from smartspawn.lib.keeping import BATCH_ROWS, Keeping

_ENDED = [status for status in RunStatus if status.is_final]


def keepings() -> tuple[Keeping, ...]:
    """What runs, money and alerts keep."""
    return (*_texts(), *_traces(), *_for_ever())


def _texts() -> tuple[Keeping, ...]:
    """What people and models wrote."""
    return (
        _asked(),
        Keeping(
            key="artifacts",
            title="Texts of runs",
            words="Plans, answers and merged results of runs that have ended; their sizes and fingerprints stay.",
            tables=("runs_artifact",),
            setting="ARTIFACT_RETENTION_DAYS",
            kept_days=settings.ARTIFACT_RETENTION_DAYS,
            count_due=lambda now: due_artifacts(now).count(),
            prune=lambda now: prune_artifacts(now=now),
        ),
        _work_folders(),
        Keeping(
            key="events",
            title="Events of runs",
            words="What happened step by step in runs that have ended, but for the last word of each.",
            tables=("runs_event",),
            setting="EVENTS_KEPT_DAYS",
            kept_days=settings.EVENTS_KEPT_DAYS,
            count_due=lambda now: _due_events(now).count(),
            prune=partial(_prune_all, _due_events),
        ),
        Keeping(
            key="alert-messages",
            title="Messages of alerts",
            words="What was sent to webhooks and mailboxes, once it has arrived or was given up; the alerts stay.",
            tables=("runs_alertdelivery",),
            setting="ALERT_MESSAGES_KEPT_DAYS",
            kept_days=settings.ALERT_MESSAGES_KEPT_DAYS,
            count_due=lambda now: _due_messages(now).count(),
            prune=partial(_prune_all, _due_messages),
        ),
    )


def _asked() -> Keeping:
    return Keeping(
        key="run-texts",
        title="What runs were asked",
        words="Tasks, prompts and background of runs that have ended; who did what, when and for how much stays.",
        tables=(),  # they lie in the rows of runs, which stay
        setting="RUN_TEXTS_KEPT_DAYS",
        kept_days=settings.RUN_TEXTS_KEPT_DAYS,
        count_due=lambda now: due_runs(now).count(),
        prune=let_texts_go,
    )


def _work_folders() -> Keeping:
    return Keeping(
        key="work-folders",
        title="Work folders of agents",
        words="What command-line agents made in runs that have ended, where nobody changed anything since.",
        tables=(),  # they lie on the disk, below HARNESS_WORK_DIR
        setting="ARTIFACT_RETENTION_DAYS",
        kept_days=settings.ARTIFACT_RETENTION_DAYS,
        count_due=lambda now: len(due_folders(now)),
        prune=prune_folders,
    )


def _traces() -> tuple[Keeping, ...]:
    """What is needed for a while so that nothing is done or paid twice."""
    return (
        Keeping(
            key="reservations",
            title="Closed reservations",
            words="Money that was set aside for calls; what they came to stays in the ledger.",
            tables=("runs_reservation",),
            kept_days=KEPT_DAYS,
            count_due=lambda now: _due_reservations(now).count(),
            prune=prune_reservations,
        ),
        Keeping(
            key="conversations",
            title="Models of conversations",
            words="Which model a chat keeps, under a digest of how it began; a day after its last word.",
            tables=("runs_conversation",),
            kept_days=LIFE.days,
            count_due=lambda now: Conversation.objects.filter(used_at__lt=now - LIFE).count(),
            prune=lambda now: prune_conversations(now=now),
        ),
        Keeping(
            key="run-keys",
            title="Keys of repeated requests",
            words="Under which key a run was asked for, so that the same request is one run; a day.",
            tables=("runs_runkey",),
            kept_days=1,
            count_due=lambda now: RunKey.objects.filter(expires_at__lt=now).count(),
            prune=partial(_prune_all, lambda now: RunKey.objects.filter(expires_at__lt=now)),
        ),
    )


def _for_ever() -> tuple[Keeping, ...]:
    return (
        Keeping(
            key="ledger",
            title="The ledger",
            words="Every call and what it cost, with its sums by day.",
            tables=("runs_ledgerentry", "runs_daytotal", "runs_spendtotal", "runs_balance"),
        ),
        Keeping(
            key="runs",
            title="Runs",
            words="By whom they were asked for, the models that did them and how they ended.",
            tables=("runs_run", "runs_node"),
        ),
    )


def _due_events(now: datetime) -> QuerySet[Event]:
    days = settings.EVENTS_KEPT_DAYS
    if not days:
        return Event.objects.none()
    old = Event.objects.filter(run__finished_at__lt=now - timedelta(days=days), run__status__in=_ENDED)
    return old.filter(seq__lt=F("run__event_count"))


def _due_reservations(now: datetime) -> QuerySet[Reservation]:
    return Reservation.objects.filter(closed_at__lt=now - timedelta(days=KEPT_DAYS)).exclude(state="open")


def _due_messages(now: datetime) -> QuerySet[AlertDelivery]:
    days = settings.ALERT_MESSAGES_KEPT_DAYS
    if not days:
        return AlertDelivery.objects.none()
    old = AlertDelivery.objects.filter(closed_at__lt=now - timedelta(days=days))
    return old.exclude(state=DeliveryState.WAITING)


def _prune_all(due: Any, now: datetime) -> int:
    """Delete all that is due, a batch at a time; how many."""
    gone_count = 0
    while ids := list(due(now).values_list("pk", flat=True)[:BATCH_ROWS]):
        gone_count += _delete(due(now).model, ids)
    return gone_count


def _delete(model: type[Model], ids: Iterable[Any]) -> int:
    return model._default_manager.filter(pk__in=ids).delete()[0]  # noqa: SLF001 - Django's documented interface
