"""One run: live while it is under way, with its answer, its nodes and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh
from rest_framework.exceptions import ValidationError

from runs.api_inputs import read_retry
from runs.breakers.shared import BreakerReport, list_breakers
from runs.charts import draw_cells, draw_nodes
from runs.control import approve_run, cancel_run, retry_run
from runs.create import start_run
from runs.keeping.artifacts import read_outputs
from runs.keeping.events import list_events
from runs.keeping.letting_go import check_texts
from runs.keeping.serial import request_from_json
from runs.models import Connection, Node, Run
from runs.providers.known import SIMULATOR
from runs.queries import RunReport, find_answer, get_report, get_run, list_drafts, list_node_states
from runs.shapes import Mode, NodeStatus, Purpose, RunRequest, RunStatus
from runs.views.model_ids import model_ids
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Actor, Role
from smartspawn.lib.errors import NotFound, SmartSpawnError

# A page is for reading: of a run with thousands of nodes it shows those that say something, and the API the rest.
MOST_NODES_SHOWN: Final = 100
MOST_ANSWERS_SIDE_BY_SIDE: Final = 8
MOST_ANSWERS_SHOWN: Final = 50
EVENTS_SHOWN: Final = 30
MOST_PAUSES_SHOWN: Final = 3
MOST_ASKED_SHOWN: Final = 100
# Of many texts that are being written a person reads some, and of each its end.
MOST_DRAFTS_SHOWN: Final = 8
DRAFT_CHARS_SHOWN: Final = 4_000
# How often the page looks again; a run of thousands of nodes takes longer to draw, and changes less at a glance.
LOOK_EVERY_S: Final = 1
LOOK_AT_MANY_EVERY_S: Final = 4
MANY_NODES: Final = 500
_COMPARED: Final = frozenset({Purpose.TASK, Purpose.ESCALATION})


@dataclass(frozen=True, slots=True)
class SideAnswer:
    """One of several answers to the same task."""

    node: Node
    text: str


@requires_role(Role.VIEWER)
@require_safe
def run(request: ActorRequest, run_id: UUID) -> HttpResponse:
    """The whole page."""
    report = get_report(run_id, request.actor)
    nodes = list_node_states(run_id)
    context = _live_context(report, nodes, request.actor)
    context["answer"] = find_answer(report.run)
    context["side_by_side"] = _side_by_side(report, nodes)
    context |= _answers_alone(report, nodes)
    if context["is_final"]:
        context["model_ids"] = model_ids()
    context["request_shape"] = request_from_json(report.run.request)
    context |= _asked(report.run, context["request_shape"])
    return render(request, "runs/run.html", context)


@requires_role(Role.VIEWER)
@require_safe
def live_part(request: ActorRequest, run_id: UUID) -> HttpResponse:
    """What changes while the run is under way; the whole page once it has ended."""
    report = get_report(run_id, request.actor)
    if RunStatus(report.run.status).is_final:
        return HttpResponseClientRefresh()
    return render(request, "runs/_live.html", _live_context(report, list_node_states(run_id), request.actor))


@requires_role(Role.VIEWER)
@require_safe
def node(request: ActorRequest, run_id: UUID, key: str) -> HttpResponse:
    """One node: what it was asked, what it answered, what it took; live while it has not ended."""
    row = get_run(run_id, request.actor)
    found = Node.objects.filter(run=row, key=key).first()
    if found is None:
        raise NotFound(f"This run has no node {key!r}.")
    is_open = not (NodeStatus(found.status).is_final or RunStatus(row.status).is_final)
    if request.headers.get("HX-Request") and not is_open:
        return HttpResponseClientRefresh()
    text = read_outputs(run_id, [key]).get(key)
    draft = list_drafts(run_id).get(key, "") if found.status == NodeStatus.RUNNING else ""
    can_repeat = RunStatus(row.status).is_final and row.texts_gone_at is None and request.actor.has_role(Role.MEMBER)
    context = {"run": row, "node": found, "spec": found.spec, "text": text, "draft": draft}
    return render(request, "runs/node.html", {**context, "can_repeat": can_repeat, "is_open": is_open})


@requires_role(Role.MEMBER)
@require_POST
def approve(request: ActorRequest, run_id: UUID) -> HttpResponse:
    """Let the run start."""
    return _do(request, run_id, lambda: approve_run(run_id=run_id, actor=request.actor), "The run may start.")


@requires_role(Role.MEMBER)
@require_POST
def cancel(request: ActorRequest, run_id: UUID) -> HttpResponse:
    """Stop the run."""
    stopped = cancel_run(run_id=run_id, actor=request.actor)
    if stopped.status == RunStatus.CANCELED:
        messages.success(request, "The run is stopped.")
    elif RunStatus(stopped.status).is_final:
        messages.warning(request, f"There was nothing left to stop: the run had ended ({stopped.status}).")
    else:
        messages.success(request, "The run is being stopped.")
    return redirect("runs:run", run_id)


@requires_role(Role.MEMBER)
@require_POST
def retry(request: ActorRequest, run_id: UUID) -> HttpResponse:
    """Have nodes done again: all that failed, or the one that is named; with a higher cap where one is given."""

    def change() -> None:
        said: dict[str, Any] = {"nodes": [key for key in request.POST.getlist("node") if key]}
        if cap := request.POST.get("maxUsd", "").strip():
            said["maxUsd"] = cap
        wanted = read_retry(said)
        retry_run(run_id=run_id, actor=request.actor, node_keys=wanted.nodes, max_usd=wanted.max_usd)

    return _do(request, run_id, change, "It is being done again.")


@requires_role(Role.MEMBER)
@require_POST
def rerun(request: ActorRequest, run_id: UUID) -> HttpResponse:
    """Ask for the same again, by another model where one is named."""
    former = get_run(run_id, request.actor)
    model = request.POST.get("model", "").strip().removeprefix("openrouter/")
    wanted = request_from_json(former.request)
    wanted = replace(wanted, model=model, node_models={}) if model else wanted
    try:
        check_texts(former)
        started = start_run(request=wanted, actor=request.actor, is_forced_new=True, rerun_of=former.pk)
    except SmartSpawnError as refusal:
        messages.error(request, refusal.message)
        return redirect("runs:run", run_id)
    return redirect("runs:run", started.run.pk)


def _do(request: ActorRequest, run_id: UUID, change: Any, done: str) -> HttpResponse:
    """Make the change and come back to the page with a word about it."""
    try:
        change()
    except NotFound:
        raise
    except SmartSpawnError as refusal:
        messages.error(request, refusal.message)
    except ValidationError:
        messages.error(request, "Give the new cap as an amount in dollars, such as 2.50.")
    else:
        messages.success(request, done)
    return redirect("runs:run", run_id)


def _live_context(report: RunReport, nodes: tuple[Node, ...], actor: Actor) -> dict[str, Any]:
    row = report.run
    events = list_events(row.pk, after=max(0, row.event_count - EVENTS_SHOWN))
    shown = nodes if len(nodes) <= MOST_NODES_SHOWN else _telling(nodes)
    drafts = list_drafts(row.pk) if report.progress.running_nodes else {}
    writing = [item for item in nodes if drafts.get(item.key)]
    is_silent = row.status == RunStatus.RUNNING and not writing
    return {
        "report": report,
        "run": row,
        "nodes": shown,
        "hidden_count": len(nodes) - len(shown),
        "picture": draw_nodes(nodes),
        "cells": draw_cells(nodes) if len(nodes) > 1 else (),
        "drafts": [(item, drafts[item.key][-DRAFT_CHARS_SHOWN:]) for item in writing[:MOST_DRAFTS_SHOWN]],
        "pauses": _pauses(row, nodes) if is_silent else (),
        "more_drafts": max(0, len(writing) - MOST_DRAFTS_SHOWN),
        "look_every_s": LOOK_AT_MANY_EVERY_S if len(nodes) > MANY_NODES else LOOK_EVERY_S,
        "events": tuple(reversed(events)),
        "is_final": RunStatus(row.status).is_final,
        "has_answers": any(item.status == NodeStatus.COMPLETED for item in nodes),
        "is_waiting": row.status == RunStatus.AWAITING_APPROVAL,
        "can_change": actor.has_role(Role.MEMBER),
        "failed_count": sum(item.status in (NodeStatus.FAILED, NodeStatus.CANCELED) for item in nodes),
        "cap_share": _cap_share(report),
    }


def _asked(row: Run, wanted: RunRequest) -> dict[str, Any]:
    """What was asked, in whole: of many prompts the row itself keeps the first ones."""
    items = wanted.prompts or wanted.subjects
    shown = "\n".join(items[:MOST_ASKED_SHOWN])
    head = f"{wanted.topic}\n\n" if wanted.topic and shown else ""
    return {"asked": f"{head}{shown}" if shown else row.task, "more_asked": max(0, len(items) - MOST_ASKED_SHOWN)}


def _telling(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Of many nodes those that run or failed, then the first ones."""
    order = {NodeStatus.FAILED: 0, NodeStatus.RUNNING: 1}
    chosen = sorted(nodes, key=lambda item: (order.get(NodeStatus(item.status), 2), item.position))[:MOST_NODES_SHOWN]
    return tuple(sorted(chosen, key=lambda item: item.position))


def _cap_share(report: RunReport) -> float | None:
    """How much of its cap the run has used, 0-100; None without a cap."""
    cap = report.run.cap_nano_usd
    if not cap:
        return None
    return min(100.0, 100 * (report.money.spent_nano_usd + report.money.reserved_nano_usd) / cap)


def _pauses(row: Run, nodes: tuple[Node, ...]) -> list[BreakerReport]:
    """The places that failed and are left alone now, on which this run waits."""
    now, open_nodes = timezone.now(), [item for item in nodes if not NodeStatus(item.status).is_final]
    wanted = {"", *(item.model_id for item in open_nodes)}
    shut = [item for item in list_breakers() if item.open_until > now and item.model_id in wanted]
    if not shut:
        return []
    simulators = set(Connection.objects.filter(provider=SIMULATOR).values_list("key", flat=True))
    return [item for item in shut if (item.connection in simulators) == row.is_simulated][:MOST_PAUSES_SHOWN]


def _answers_alone(report: RunReport, nodes: tuple[Node, ...]) -> dict[str, Any]:
    """The answers of a run that brings nothing together: each stands for itself."""
    if report.run.mode != Mode.PARALLEL:
        return {}
    answered = [item for item in nodes if item.status == NodeStatus.COMPLETED]
    shown = answered[:MOST_ANSWERS_SHOWN]
    texts = read_outputs(report.run.pk, [item.key for item in shown])
    answers = [SideAnswer(item, texts[item.key]) for item in shown if item.key in texts]
    return {"answers": answers, "more_answers": len(answered) - len(shown)}


def _side_by_side(report: RunReport, nodes: tuple[Node, ...]) -> list[SideAnswer]:
    """The answers that were given to the same task, for looking at them beside each other."""
    if report.run.mode not in (Mode.COLLECTIVE, Mode.CASCADE):
        return []
    answered = [item for item in nodes if item.purpose in _COMPARED and item.status == NodeStatus.COMPLETED]
    if len(answered) < 2:
        return []
    shown = answered[:MOST_ANSWERS_SIDE_BY_SIDE]
    texts = read_outputs(report.run.pk, [item.key for item in shown])
    return [SideAnswer(item, texts.get(item.key, "")) for item in shown]
