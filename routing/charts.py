"""The graph of a task's parts as a picture: waves are columns, arrows say who waits for whom."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Final

from routing.decompose.shapes import Edge, EdgeType, Subtask, Swarm

BOX_WIDTH: Final = 196
BOX_HEIGHT: Final = 76
COLUMN_GAP: Final = 56
ROW_GAP: Final = 16
MARGIN: Final = 8
HEAD_HEIGHT: Final = 26
# What fits into a box at 12 px; letters are not all of one width, so a little less than it would hold.
LINE_CHARS: Final = 27
LINES: Final = 2
TITLE_CHARS: Final = 300
READ_CHARS: Final = 1000  # of a part that is a pasted log, the beginning is enough

EDGE_WORDS: Final = {
    EdgeType.PHASE: "comes in an earlier phase",
    EdgeType.ARTIFACT: "makes what this needs",
    EdgeType.TEMPORAL: "was named before",
}


@dataclass(frozen=True, slots=True)
class Box:
    """One part; the numbers are SVG units."""

    number: int
    x: int
    y: int
    lines: tuple[str, ...]
    model: str
    title: str

    @property
    def middle_y(self) -> int:
        """Where arrows end and begin."""
        return self.y + BOX_HEIGHT // 2


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one box's right edge to another's left."""

    path: str
    type: EdgeType
    title: str


@dataclass(frozen=True, slots=True)
class Column:
    """One wave's heading."""

    x: int
    words: str


@dataclass(frozen=True, slots=True)
class Picture:
    """All that the template draws."""

    width: int
    height: int
    columns: tuple[Column, ...]
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    box_width: int = BOX_WIDTH
    box_height: int = BOX_HEIGHT


def draw_swarm(swarm: Swarm) -> Picture:
    """The parts in their waves, from left to right, each column centred."""
    tallest = max((len(wave) for wave in swarm.waves), default=0)
    column_step = BOX_WIDTH + COLUMN_GAP
    row_step = BOX_HEIGHT + ROW_GAP
    boxes: dict[int, Box] = {}
    for column, wave in enumerate(swarm.waves):
        top = HEAD_HEIGHT + (tallest - len(wave)) * row_step // 2
        for row, place in enumerate(wave):
            x, y = MARGIN + column * column_step, top + row * row_step
            boxes[place] = _box(place, swarm.steps.subtasks[place], x, y)
    return Picture(
        width=2 * MARGIN + len(swarm.waves) * column_step - COLUMN_GAP,
        height=HEAD_HEIGHT + tallest * row_step - ROW_GAP + MARGIN,
        columns=tuple(
            Column(MARGIN + number * column_step, f"wave {number + 1}") for number, _ in enumerate(swarm.waves)
        ),
        boxes=tuple(boxes[place] for place in sorted(boxes)),
        arrows=tuple(_arrow(edge, boxes) for edge in swarm.graph.edges),
    )


def _box(place: int, subtask: Subtask, x: int, y: int) -> Box:
    model = subtask.model.name if subtask.model else "no model fits"
    return Box(
        number=place + 1,
        x=x,
        y=y,
        lines=tuple(_wrap(f"{place + 1}. {subtask.text}")),
        model=textwrap.shorten(model, LINE_CHARS, placeholder="…"),
        title=textwrap.shorten(subtask.text[:READ_CHARS], TITLE_CHARS, placeholder="…"),
    )


def _wrap(text: str) -> list[str]:
    """The beginning of the text in as many lines as a box has."""
    return textwrap.wrap(text[:READ_CHARS], LINE_CHARS, max_lines=LINES, placeholder="…", break_on_hyphens=False)


def _arrow(edge: Edge, boxes: dict[int, Box]) -> Arrow:
    start, end = boxes[edge.before], boxes[edge.after]
    x1, x2 = start.x + BOX_WIDTH, end.x - 2
    bend = max((x2 - x1) // 2, COLUMN_GAP // 2)
    path = f"M{x1},{start.middle_y} C{x1 + bend},{start.middle_y} {x2 - bend},{end.middle_y} {x2},{end.middle_y}"
    return Arrow(path, edge.type, f"{start.number} {EDGE_WORDS[edge.type]}: {end.number} waits for it")
