"""A planned node as the row that it is kept in."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from runs.keeping.serial import node_to_json
from runs.models import Node
from runs.shapes import NodeSpec

_LONGEST_TITLE: Final = 300


def node_row(run_id: UUID, position: int, spec: NodeSpec) -> Node:
    """The row of a node that waits, not yet saved."""
    return Node(
        run_id=run_id,
        key=spec.key,
        position=position,
        kind=spec.kind,
        purpose=spec.purpose,
        title=spec.title[:_LONGEST_TITLE],
        wave=spec.wave,
        depends_on=list(spec.depends_on),
        spec=node_to_json(spec),
        model_id=spec.model.model_id if spec.model else "",
    )
