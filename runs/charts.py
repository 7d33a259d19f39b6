"""A run's nodes as a picture: waves are columns, arrows say who waits for whom, colour and sign say how each stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from runs.models import Node
from runs.shapes import NodeStatus

BOX_WIDTH: Final = 196
BOX_HEIGHT: Final = 68
COLUMN_GAP: Final = 52
ROW_GAP: Final = 14
MARGIN: Final = 8
HEAD_HEIGHT: Final = 26
# What fits into a box at 12 px, a little less than it would hold of wide letters.
LINE_CHARS: Final = 23
# More boxes than this are no picture any more: then every node is one small cell.
MOST_BOXES: Final = 40
# So many boxes stand beside one another on a page of usual width.
GRID_COLUMNS: Final = 4
# More cells than this are too much for a page that comes anew every second: then neighbours share one.
MOST_CELLS: Final = 1_000
# Which of several neighbours a shared cell shows: what asks for attention first.
_LOUDEST: Final = (
    NodeStatus.FAILED,
    NodeStatus.RUNNING,
    NodeStatus.QUEUED,
    NodeStatus.CANCELED,
    NodeStatus.SKIPPED,
    NodeStatus.COMPLETED,
)

# A sign beside the colour, so that nobody has to tell green from red.
SIGNS: Final = {
    NodeStatus.QUEUED: "○",
    NodeStatus.RUNNING: "◐",
    NodeStatus.COMPLETED: "●",
    NodeStatus.FAILED: "✕",
    NodeStatus.SKIPPED: "–",
    NodeStatus.CANCELED: "□",
}


@dataclass(frozen=True, slots=True)
class Box:
    """One node; the numbers are SVG units."""

    key: str
    x: int
    y: int
    title: str
    line: str
    model: str
    status: str
    sign: str

    @property
    def middle_y(self) -> int:
        """Where arrows end and begin."""
        return self.y + BOX_HEIGHT // 2


@dataclass(frozen=True, slots=True)
class Picture:
    """All that the template draws."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[str, ...]  # SVG paths
    box_width: int = BOX_WIDTH
    box_height: int = BOX_HEIGHT


@dataclass(frozen=True, slots=True)
class Cell:
    """One node of a run that is too large for boxes, or some neighbours of one that is too large for cells."""

    key: str
    status: str
    title: str


def draw_nodes(nodes: Sequence[Node]) -> Picture | None:
    """The nodes in their waves from left to right, each column centred; None where there are too many or one.

    Nodes that do not wait for one another fill rows instead: dozens of prompts in one column push all else away.
    """
    if not 1 < len(nodes) <= MOST_BOXES:
        return None
    waves = _waves(nodes)
    is_grid = len(waves) == 1 and len(nodes) > GRID_COLUMNS
    if is_grid:
        waves = [waves[0][column::GRID_COLUMNS] for column in range(GRID_COLUMNS)]
    tallest = max(len(wave) for wave in waves)
    column_step, row_step = BOX_WIDTH + COLUMN_GAP, BOX_HEIGHT + ROW_GAP
    boxes: dict[str, Box] = {}
    for column, wave in enumerate(waves):
        top = HEAD_HEIGHT // 2 + (0 if is_grid else (tallest - len(wave)) * row_step // 2)
        for row, node in enumerate(wave):
            boxes[node.key] = _box(node, MARGIN + column * column_step, top + row * row_step)
    return Picture(
        width=2 * MARGIN + len(waves) * column_step - COLUMN_GAP,
        height=HEAD_HEIGHT + tallest * row_step - ROW_GAP,
        boxes=tuple(boxes.values()),
        arrows=tuple(
            _arrow(boxes[before], boxes[node.key]) for node in nodes for before in node.depends_on if before in boxes
        ),
    )


def draw_cells(nodes: Sequence[Node]) -> tuple[Cell, ...]:
    """The nodes as cells, in the order of the plan; at most MOST_CELLS of them."""
    each = -(-len(nodes) // MOST_CELLS)
    if each <= 1:
        return tuple(Cell(node.key, node.status, f"{node.key}: {node.status}") for node in nodes)
    return tuple(_shared_cell(nodes[start : start + each]) for start in range(0, len(nodes), each))


def _shared_cell(nodes: Sequence[Node]) -> Cell:
    counts = Counter(node.status for node in nodes)
    loudest = next(status for status in _LOUDEST if counts[status])
    words = ", ".join(f"{count} {status}" for status, count in counts.items())
    return Cell(nodes[0].key, loudest, f"{nodes[0].key} to {nodes[-1].key}: {words}")


def _waves(nodes: Sequence[Node]) -> list[list[Node]]:
    numbers = sorted({node.wave for node in nodes})
    return [[node for node in nodes if node.wave == number] for number in numbers]


def _box(node: Node, x: int, y: int) -> Box:
    return Box(
        key=node.key,
        x=x,
        y=y,
        title=f"{node.title} ({node.status})",
        line=_cut(node.title, LINE_CHARS),
        model=_cut(node.model_id or node.kind, LINE_CHARS + 4),
        status=node.status,
        sign=SIGNS[NodeStatus(node.status)],
    )


def _cut(text: str, most: int) -> str:
    """The text's beginning, cut inside a word if need be: a model's id is one long word."""
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _arrow(start: Box, end: Box) -> str:
    x1, x2 = start.x + BOX_WIDTH, end.x - 2
    bend = max((x2 - x1) // 2, COLUMN_GAP // 2)
    return f"M{x1},{start.middle_y} C{x1 + bend},{start.middle_y} {x2 - bend},{end.middle_y} {x2},{end.middle_y}"
