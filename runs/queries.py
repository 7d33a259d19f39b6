"""Runs as their owners may see them, for every face."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from runs.keeping.artifacts import MERGED_KEY, ArtifactText, read_artifact
from runs.ledger import RunMoney, run_money
from runs.models import Artifact, Event, Node, NodeDraft, Run
from runs.shapes import NodeKind, NodeStatus, RunStatus
from smartspawn.access.shapes import Actor, Role
from smartspawn.lib.errors import NotFound

MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    total_nodes: int
    done_nodes: int  # completed and skipped
    running_nodes: int
    failed_nodes: int

    @property
    def percent(self) -> float:
        return round(100 * self.done_nodes / self.total_nodes, 2) if self.total_nodes else 0.0


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run with how far it is and what it cost so far."""

    run: Run
    progress: Progress
    money: RunMoney
    prompt_tokens: int = 0
    completion_tokens: int = 0
    untold_nodes: int = 0  # of agents that did not say what they took from their own account
    last_event: str = ""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs to list; an empty field does not restrict."""

    status: str = ""
    mode: str = ""
    text: str = ""  # in task or label
    before: datetime | None = None  # go on after this moment, newest first
    before_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ArtifactLine:
    """What is known of an artifact without its text."""

    node_key: str
    kind: str
    model: str
    status: str
    size_bytes: int
    sha256: str
    path: str
    is_partial: bool
    is_pruned: bool


def visible_runs(actor: Actor) -> QuerySet[Run]:
    """A person sees their own runs and those of their keys; an admin and the command line see all."""
    if actor.has_role(Role.ADMIN):
        return Run.objects.all()
    if actor.user_id is None:
        return Run.objects.none()
    return Run.objects.filter(user_id=actor.user_id)


def get_run(run_id: UUID, actor: Actor) -> Run:
    """The run, if this actor may see it. Raises NotFound."""
    run = visible_runs(actor).filter(pk=run_id).first()
    if run is None:
        raise NotFound(f"run not found: {run_id}")
    return run


def get_report(run_id: UUID, actor: Actor) -> RunReport:
    """The run with progress and money. Raises NotFound."""
    run = get_run(run_id, actor)
    last = Event.objects.filter(run_id=run.pk).order_by("-seq").values_list("message", flat=True).first()
    return _reports([run], {run.pk: last or ""})[0]


def list_runs(actor: Actor, wanted: RunFilter | None = None, *, most: int = 20) -> tuple[RunReport, ...]:
    """The newest runs first."""
    wanted = wanted or RunFilter()
    rows = visible_runs(actor)
    if wanted.status:
        rows = rows.filter(status=wanted.status)
    if wanted.mode:
        rows = rows.filter(mode=wanted.mode)
    if wanted.text:
        rows = rows.filter(Q(task__icontains=wanted.text) | Q(label__icontains=wanted.text))
    if wanted.before is not None:
        same_moment = Q(created_at=wanted.before, id__lt=wanted.before_id) if wanted.before_id else Q(pk__in=[])
        # Said twice, because PostgreSQL does not begin to read an index at a place that an "or" names.
        rows = rows.filter(created_at__lte=wanted.before).filter(Q(created_at__lt=wanted.before) | same_moment)
    return _reports(list(rows.order_by("-created_at", "-id")[: min(most, MOST_LISTED)]), {})


def count_waiting(actor: Actor) -> int:
    """How many of the visible runs wait for a person; asked by each look at the list, so by the index alone."""
    return visible_runs(actor).filter(status=RunStatus.AWAITING_APPROVAL).count()


def list_nodes(run_id: UUID) -> tuple[Node, ...]:
    """The run's nodes in the order of its plan."""
    return tuple(Node.objects.filter(run_id=run_id).order_by("position"))


def list_node_states(run_id: UUID) -> tuple[Node, ...]:
    """The run's nodes without what they were asked: thousands of prompts would be read to show a table."""
    return tuple(Node.objects.filter(run_id=run_id).defer("spec", "data").order_by("position"))


def list_drafts(run_id: UUID) -> Mapping[str, str]:
    """What the running nodes have written so far, by node key."""
    rows = NodeDraft.objects.filter(node__run_id=run_id).values_list("node__key", "text")
    return dict(rows)


def list_artifacts(run_id: UUID) -> tuple[ArtifactLine, ...]:
    """The run's artifacts in the order of their nodes: the plan first, the merged answer last."""
    nodes = {
        node.key: node for node in Node.objects.filter(run_id=run_id).only("key", "position", "model_id", "status")
    }
    rows = Artifact.objects.filter(run_id=run_id).defer("content")
    last = len(nodes) + 1

    def place(row: Artifact) -> int:
        node = nodes.get(row.node_key)
        return node.position if node else (last if row.node_key == MERGED_KEY else -1)

    return tuple(_line(row, nodes.get(row.node_key)) for row in sorted(rows, key=place))


def find_answer(run: Run) -> ArtifactText | None:
    """The merged answer, whole or partial; None while there is none."""
    try:
        return read_artifact(run.pk, MERGED_KEY)
    except NotFound:
        return None


def is_waiting(run: Run) -> bool:
    """Whether the run waits for a person."""
    return run.status == RunStatus.AWAITING_APPROVAL


def _line(row: Artifact, node: Node | None) -> ArtifactLine:
    return ArtifactLine(
        node_key=row.node_key,
        kind=row.kind,
        model=node.model_id if node else "",
        status=node.status if node else NodeStatus.COMPLETED,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        path=row.path,
        is_partial=row.is_partial,
        is_pruned=row.pruned_at is not None,
    )


def _reports(runs: Sequence[Run], last_events: Mapping[UUID, str]) -> tuple[RunReport, ...]:
    ids = [run.pk for run in runs]
    money = run_money(ids)
    counted = {row["run_id"]: row for row in _counts(ids)}
    return tuple(_report(run, counted.get(run.pk, {}), money[run.pk], last_events.get(run.pk, "")) for run in runs)


def _counts(run_ids: Sequence[UUID]) -> Iterable[dict[str, Any]]:
    def so_many(*statuses: NodeStatus) -> Count:
        return Count("id", filter=Q(status__in=statuses))

    rows = (
        Node.objects.filter(run_id__in=run_ids)
        .values("run_id")
        .annotate(
            total=Count("id"),
            done=so_many(NodeStatus.COMPLETED, NodeStatus.SKIPPED),
            running=so_many(NodeStatus.RUNNING),
            failed=so_many(NodeStatus.FAILED),
            prompt=Sum("fresh_input_tokens") + Sum("cache_read_tokens") + Sum("cache_write_tokens"),
            completion=Sum("output_tokens") + Sum("reasoning_tokens"),
            untold=Count("id", filter=Q(kind=NodeKind.HARNESS, is_cost_uncertain=True)),
        )
    )
    return [dict(row) for row in rows]


def _report(run: Run, counts: Mapping[str, int], money: RunMoney, last_event: str) -> RunReport:
    progress = Progress(
        total_nodes=counts.get("total", 0),
        done_nodes=counts.get("done", 0),
        running_nodes=counts.get("running", 0),
        failed_nodes=counts.get("failed", 0),
    )
    return RunReport(
        run=run,
        progress=progress,
        money=money,
        prompt_tokens=counts.get("prompt", 0),
        completion_tokens=counts.get("completion", 0),
        untold_nodes=counts.get("untold", 0),
        last_event=last_event,
    )
