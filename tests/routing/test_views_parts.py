"""A task of several parts: the picture and the list of them."""

from __future__ import annotations

import re
import shlex
from html import unescape
from typing import Any

import pytest

from routing.charts import BOX_HEIGHT, BOX_WIDTH, draw_swarm
from routing.decompose.decide import swarm
from routing.decompose.shapes import DecomposeRequest
from routing.views.parts import part_rows
from smartspawn.access.shapes import Actor, Role
from tests.catalog.pages import signed_in, text_of
from tests.factories import publish_snapshot

pytestmark = pytest.mark.django_db

ANN = Actor(label="ann", role=Role.VIEWER, user_id=1)


@pytest.fixture
def snapshot() -> Any:
    return publish_snapshot()


def ask(task: str) -> Any:
    return signed_in().post("/route/", {"task": task})


@pytest.mark.usefixtures("snapshot")
def test_a_task_of_several_parts_is_drawn_and_listed() -> None:
    html = ask("1. Design the schema\n2. Build the API\n3. Write <b>docs</b>").content

    assert html.count(b'class="graph-box"') == 3
    assert "Split into 3 parts" in text_of(html)
    assert b"<b>docs</b>" not in html
    assert b"graph-box" not in ask("Fix the crash").content


@pytest.mark.usefixtures("snapshot")
def test_the_graph_of_parts_is_drawn_with_every_part_and_every_arrow() -> None:
    task = (
        "1. Design the schema\n2. Build the API\n3. Write the docs\n4. Test the API and everything around it at length"
    )
    found = swarm(request=DecomposeRequest(task), actor=ANN)

    picture = draw_swarm(found)

    assert [box.number for box in picture.boxes] == [1, 2, 3, 4]
    assert len(picture.arrows) == len(found.graph.edges) > 0
    assert len(picture.columns) == len(found.waves)
    wave_of = {place + 1: number for number, wave in enumerate(found.waves) for place in wave}
    left = {picture.columns[wave_of[box.number]].x for box in picture.boxes}
    assert {box.x for box in picture.boxes} == left
    assert max(box.x for box in picture.boxes) + BOX_WIDTH < picture.width
    assert max(box.y for box in picture.boxes) + BOX_HEIGHT < picture.height
    assert len({(box.x, box.y) for box in picture.boxes}) == 4
    assert all(len(line) <= 27 for box in picture.boxes for line in box.lines)


@pytest.mark.usefixtures("snapshot")
def test_the_list_says_what_the_picture_says() -> None:
    found = swarm(request=DecomposeRequest("1. Design the schema\n2. Build the API\n3. Test the API"), actor=ANN)

    rows = part_rows(found)

    arrows = {(before, row.number) for row in rows for before in row.waits_for}
    assert arrows == {(edge.before + 1, edge.after + 1) for edge in found.graph.edges}
    wave_of = {row.number: row.wave for row in rows}
    assert all(wave_of[before] < wave_of[after] for before, after in arrows)


@pytest.mark.usefixtures("snapshot")
def test_of_too_many_parts_the_whole_is_still_given_to_a_model() -> None:
    response = ask("\n".join(f"{number}. Write page {number}" for number in range(1, 53)))

    assert response.status_code == 200
    assert "at most 50" in text_of(response.content)
    assert "leads 42 models" in text_of(response.content)


@pytest.mark.usefixtures("snapshot")
def test_the_command_for_the_parts_asks_for_the_very_same() -> None:
    html = ask("1. Design the schema\n2. Don't build it yet").content.decode()
    command = unescape(re.search(r'<pre id="swarm-curl"[^>]*>(.*?)</pre>', html, re.DOTALL).group(1))  # type: ignore[union-attr]
    words = shlex.split(command)

    answer = signed_in().post("/api/swarm", words[words.index("-d") + 1], content_type="application/json")

    assert answer.status_code == 200
    assert [task["description"] for task in answer.json()["dag"]["tasks"]] == [
        "Design the schema",
        "Don't build it yet",
    ]
