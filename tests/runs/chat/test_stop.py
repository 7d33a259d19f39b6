"""A site that is stopped in the middle of chats breaks them off, and its books are right afterwards."""

from __future__ import annotations

import threading
from pathlib import Path

import httpx2
import pytest

from tests.runs.chat.served import served_site
from tests.site import wait_until

pytestmark = pytest.mark.faults


def test_what_is_under_way_when_the_site_stops_is_settled(tmp_path: Path) -> None:
    begun = threading.Event()

    def listen(url: str, token: str) -> None:
        body = {"model": "auto", "stream": True, "messages": [{"role": "user", "content": "Tell a long story"}]}
        headers = {"Authorization": f"Bearer {token}"}
        try:
            with httpx2.stream("POST", f"{url}/chat/completions", json=body, headers=headers, timeout=60) as answer:
                for _ in answer.iter_lines():
                    begun.set()
        except httpx2.HTTPError:
            pass  # the site went away

    with served_site(tmp_path / "site", latency="50ms", pieces=40, piece_delay="1s") as served:
        client = threading.Thread(target=listen, args=(served.url, served.token), daemon=True)
        client.start()
        assert begun.wait(20)
        served.site.stop()
        client.join(10)
        wait_until(
            lambda: served.simulation.bill()["totals"]["disconnected"], within_s=5, what="the provider's stream ends"
        )
        money = served.money()
    assert (money["open"], money.get("canceled")) == (0, 1)
