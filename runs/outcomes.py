"""What runs brought, for those who judge it and keep its record: which models did the work, and what it took."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from runs.models import Node, Run
from runs.queries import get_run
from runs.shapes import Mode, NodeStatus, Purpose, RunStatus
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import NotFound

# The nodes that do what was asked; judging, merging and looking up serve them.
WORK: Final = frozenset({Purpose.TASK, Purpose.ESCALATION, Purpose.STEP, Purpose.SECTION, Purpose.STAGE})
_ENDED: Final = tuple(status for status in RunStatus if status.is_final)
# Runs are found by when they were asked for, which has an index; a few wait long for their owner's yes.
_LONGEST_RUN: Final = timedelta(days=7)
_FIELDS: Final = (
    *("key", "position", "purpose", "title", "status", "model_id", "finished_at", "cost_nano_usd", "spec"),
    *("fresh_input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens"),
)


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """A run that has ended, as far as judging it needs."""

    run_id: UUID
    user_id: int | None
    key_id: int | None
    title: str
    task: str
    mode: Mode
    status: str
    category: str  # "" where the model was named by hand and nobody asked what kind of task it is
    budget: str
    context_tags: tuple[str, ...]  # what routing heeded, and the stack of its role
    is_simulated: bool
    ended_at: datetime
    summary: str = ""


@dataclass(frozen=True, slots=True)
class NodeOutcome:
    """A node that a model completed, and what that took."""

    run_id: UUID
    key: str
    title: str
    purpose: Purpose
    model_id: str  # the one that answered, a stand-in included
    category: str
    prompt_tokens: int
    completion_tokens: int
    cost_nano_usd: int
    ended_at: datetime | None


def get_outcome(run_id: UUID, actor: Actor) -> RunOutcome:
    """The run, if this actor may see it. Raises NotFound for that, and while it is still under way."""
    run = get_run(run_id, actor)
    if not RunStatus(run.status).is_final:
        raise NotFound(f"run {run_id} has not ended yet")
    return _outcome(run)


def list_outcomes(user_id: int, *, since: datetime, most: int) -> tuple[RunOutcome, ...]:
    """This person's own completed runs, simulated ones left out, newest first."""
    return tuple(_outcome(run) for run in completed_runs(user_id, since=since)[:most])


def completed_runs(user_id: int, *, since: datetime) -> QuerySet[Run]:
    """The same as rows."""
    rows = Run.objects.filter(user_id=user_id, created_at__gte=since, status=RunStatus.COMPLETED, is_simulated=False)
    return rows.order_by("-created_at", "-id")


def outcomes_ended_since(moment: datetime, *, most: int) -> tuple[RunOutcome, ...]:
    """Everybody's runs that ended since, in the order in which they did; of those that began in time."""
    rows = Run.objects.filter(
        created_at__gte=moment - _LONGEST_RUN, finished_at__gte=moment, status__in=_ENDED
    ).order_by("finished_at", "id")
    return tuple(_outcome(run) for run in rows[:most])


def list_work(run_ids: Collection[UUID]) -> tuple[NodeOutcome, ...]:
    """The completed nodes of these runs that a model answered, in the order of their plans."""
    is_done = Q(run_id__in=run_ids, status=NodeStatus.COMPLETED) & ~Q(model_id="")
    rows = Node.objects.filter(is_done).select_related("run").order_by("run_id", "position")
    fields = (*_FIELDS, "run__category")
    return tuple(_node(node) for node in rows.only("run", *fields))


def find_work(run_id: UUID, key: str) -> NodeOutcome | None:
    """One completed node that a model answered."""
    return next((node for node in list_work([run_id]) if node.key == key), None)


def who_did_it(mode: Mode, nodes: Sequence[NodeOutcome]) -> tuple[NodeOutcome, ...]:
    """Whom praise and blame for the whole run are due: of a cascade the one whose answer was taken."""
    work = tuple(node for node in nodes if node.purpose in WORK)
    if mode is Mode.CASCADE:
        escalated = tuple(node for node in work if node.purpose is Purpose.ESCALATION)
        return escalated or work
    return work


def _outcome(run: Run) -> RunOutcome:
    request: dict[str, Any] = run.request
    role: dict[str, Any] = request.get("role") or {}
    tags: Iterable[str] = (*(request.get("context_tags") or ()), *(role.get("stack") or ()))
    return RunOutcome(
        run_id=run.pk,
        user_id=run.user_id,
        key_id=run.key_id,
        title=run.title[:200],
        task=run.task,
        mode=Mode(run.mode),
        status=run.status,
        category=run.category,
        budget=str(request.get("budget") or ""),
        context_tags=tuple(dict.fromkeys(str(tag).lower() for tag in tags)),
        is_simulated=run.is_simulated,
        ended_at=run.finished_at or run.updated_at,
        summary=str(run.plan.get("summary", "")),
    )


def _node(node: Node) -> NodeOutcome:
    model: dict[str, Any] = node.spec.get("model") or {}
    return NodeOutcome(
        run_id=node.run_id,
        key=node.key,
        title=node.title,
        purpose=Purpose(node.purpose),
        model_id=node.model_id,
        category=str(model.get("category") or node.run.category),
        prompt_tokens=node.fresh_input_tokens + node.cache_read_tokens + node.cache_write_tokens,
        completion_tokens=node.output_tokens + node.reasoning_tokens,
        cost_nano_usd=node.cost_nano_usd,
        ended_at=node.finished_at,
    )


@dataclass(frozen=True, slots=True)
class RunTask:
    """What a run was asked, and which kind of task it was taken for."""

    task: str
    category: str  # "" where nobody asked


def find_tasks(run_ids: Collection[UUID]) -> Mapping[UUID, RunTask]:
    """The tasks of these runs, simulated ones left out."""
    rows = Run.objects.filter(pk__in=run_ids, is_simulated=False).values_list("pk", "task", "category")
    return {run_id: RunTask(task, category) for run_id, task, category in rows}
