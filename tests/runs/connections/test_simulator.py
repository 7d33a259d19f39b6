"""The real simulator, connected over each protocol, serves its models at its own prices."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runs.connections import check_connection
from runs.connections.simulator import connect_simulator
from runs.places.endpoints import find_endpoints, reachable_models
from runs.shapes import Protocol
from smartspawn.access.shapes import COMMAND_LINE
from tests.runs.simulation import MODEL, running_simulator

pytestmark = pytest.mark.django_db


def test_it_is_connected_over_each_protocol() -> None:
    with running_simulator(price="0.25:1.75") as simulation:
        for protocol in Protocol:
            key = connect_simulator(actor=COMMAND_LINE, url=simulation.address, protocol=protocol)
            assert check_connection(actor=COMMAND_LINE, key=key) == ""
            (endpoint,) = find_endpoints(MODEL, is_simulated=True)

            assert (endpoint.connection, endpoint.protocol, endpoint.is_simulated) == ("simulator", protocol, True)
            assert (endpoint.prompt_usd_per_mtok, endpoint.completion_usd_per_mtok) == (
                Decimal("0.25"),
                Decimal("1.75"),
            )
            assert find_endpoints(MODEL) == ()
            assert reachable_models() == frozenset()
