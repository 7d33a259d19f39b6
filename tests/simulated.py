"""The simulated provider on a free port of loopback, for as long as a block lasts.

with Simulated(Scenario(latency=Latency(100))) as provider:
    endpoint = provider.endpoint()
    ...
    assert provider.bill.totals.completed_count == 3
"""

from __future__ import annotations

import threading
from typing import Any

from runs.shapes import Endpoint, Protocol
from runs.simulator.app import Simulator
from runs.simulator.bill import Bill
from runs.simulator.scenario import Scenario
from runs.simulator.server import bind, make_server


class Simulated:
    """A running simulator; its bill can be read while it runs."""

    def __init__(self, scenario: Scenario | None = None) -> None:
        self._simulator = Simulator(scenario or Scenario())
        self._listener = bind("127.0.0.1", 0)
        self._server = make_server(self._simulator)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Simulated:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    @property
    def bill(self) -> Bill:
        return self._simulator.bill

    def behave(self, scenario: Scenario) -> None:
        """From now on so."""
        self._simulator.scenario = scenario

    def endpoint(self, protocol: Protocol = Protocol.OPENAI, **given: Any) -> Endpoint:
        """An endpoint at this provider, with its prices."""
        scenario = self._simulator.scenario
        base = "v1beta" if protocol is Protocol.GEMINI else "v1"
        facts: dict[str, Any] = {
            "connection": "simulator",
            "provider": "simulator",
            "protocol": protocol,
            "base_url": f"{self.url}/{base}",
            "wire_model": "simulated/small",
            "model_id": "simulated/small",
            "is_simulated": True,
            "allows_private": True,
            "prompt_usd_per_mtok": scenario.prompt_usd_per_mtok,
            "completion_usd_per_mtok": scenario.completion_usd_per_mtok,
            "price_source": "simulator",
        }
        return Endpoint(**(facts | given))
