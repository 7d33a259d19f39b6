"""Runs as rows, for tests of what stands around the engine."""

from __future__ import annotations

from typing import Any

from runs.keeping.serial import node_to_json, request_to_json
from runs.ledger import open_run_balance
from runs.models import Node, Run
from runs.shapes import Mode, NodeKind, NodeSpec, NodeStatus, Purpose, RunRequest
from smartspawn.access.models import User
from smartspawn.access.shapes import Role


def make_user(name: str = "ann", role: Role = Role.MEMBER) -> User:
    return User.objects.create(username=name, role=role)


def make_run(user: User | None = None, **fields: Any) -> Run:
    """A run with a balance and no nodes."""
    request = fields.pop("request", RunRequest(mode=Mode.SINGLE, task=fields.get("task", "Name a colour")))
    run = Run.objects.create(
        **{
            "user": user,
            "asked_by": user.username if user else "command line",
            "mode": request.mode,
            "task": request.task,
            "request": request_to_json(request),
            "plan": {"final": "task-1", "summary": "one model answers", "notes": []},
            **fields,
        }
    )
    open_run_balance(run.pk, run.cap_nano_usd)
    return run


def make_node(run: Run, key: str = "task-1", status: NodeStatus = NodeStatus.QUEUED, **fields: Any) -> Node:
    """A node of a run, in the place after those that there are."""
    depends_on = tuple(fields.pop("depends_on", ()))
    spec = NodeSpec(
        key=key, kind=NodeKind.CALL, purpose=Purpose.TASK, title=key, prompt="Say it", depends_on=depends_on
    )
    return Node.objects.create(
        **{
            "run": run,
            "key": key,
            "position": run.nodes.count(),
            "kind": spec.kind,
            "purpose": spec.purpose,
            "title": spec.title,
            "status": status,
            "depends_on": list(depends_on),
            "spec": node_to_json(spec),
            **fields,
        }
    )
