"""Testing a connection in a real browser, without leaving the page."""

from __future__ import annotations

from typing import Any

import pytest

from smartspawn.access.shapes import Role
from tests.browser.conftest import OpenPage, Watch
from tests.factories import make_entries, make_snapshot, publish_snapshot
from tests.runs.connections.builders import make_connection
from tests.runs.connections.places import fake_place

pytestmark = pytest.mark.browser


def test_the_test_button_tells_its_result_in_place(live_server: Any, open_page: OpenPage, watch: Watch) -> None:
    publish_snapshot(make_snapshot(*make_entries(8)))
    with fake_place() as place:
        make_connection("custom", base_url=place.url, allows_private=True)
        page = open_page(Role.ADMIN)
        page.goto("/connections/")
        page.get_by_role("button", name="Test the connection").click()
        page.get_by_text("Ready").wait_for()
        place.status = 401
        page.get_by_role("button", name="Test the connection").click()
        page.get_by_text("The key is refused (401)").wait_for()

        assert page.url.endswith("/connections/")
