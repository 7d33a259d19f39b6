"""A run of many prompts to the simulator, written down without planning; for tests and measurements."""

from __future__ import annotations

from uuid import UUID

from runs.keeping.serial import node_to_json, plan_head_to_json, request_to_json
from runs.ledger import open_run_balance
from runs.models import Node, Run
from runs.shapes import Mode, ModelChoice, NodeKind, NodeSpec, Plan, Purpose, RunRequest
from tests.runs.simulation import MODEL

CAP_NANO_USD = 10**12


def make_simulated_run(count: int, *, slots: int | None = None) -> UUID:
    """A parallel run that waits to be driven."""
    model = ModelChoice(MODEL, max_output_tokens=1000)
    specs = tuple(_spec(number, model) for number in range(1, count + 1))
    request = RunRequest(
        Mode.PARALLEL, prompts=tuple(item.prompt for item in specs), max_parallel_nodes=slots, is_simulated=True
    )
    plan = Plan(Mode.PARALLEL, specs, "", f"{count} prompts")
    run = Run.objects.create(
        asked_by="test",
        mode=Mode.PARALLEL,
        request=request_to_json(request),
        plan=plan_head_to_json(plan),
        is_simulated=True,
        cap_nano_usd=CAP_NANO_USD,
    )
    rows = [
        Node(
            run=run,
            key=item.key,
            position=place,
            kind=item.kind,
            purpose=item.purpose,
            title=item.title,
            spec=node_to_json(item),
        )
        for place, item in enumerate(specs)
    ]
    Node.objects.bulk_create(rows, batch_size=500)
    open_run_balance(run.pk, CAP_NANO_USD)
    return run.pk


def _spec(number: int, model: ModelChoice) -> NodeSpec:
    return NodeSpec(
        key=f"task-{number}",
        kind=NodeKind.CALL,
        purpose=Purpose.TASK,
        title=f"Prompt {number}",
        prompt=f"What is {number} plus {number}?",
        model=model,
        max_output_tokens=200,
    )
