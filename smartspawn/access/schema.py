"""What the OpenAPI document says about who may call: read from the gates, so that it cannot be wrong."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema

from smartspawn.access.gates import gate_of
from smartspawn.access.shapes import Gate

# Described under "securitySchemes" in the settings.
SCHEMES = ("bearer", "header")


class GateSchema(AutoSchema):
    """Names the scope that an operation needs; an open one may be called without a key."""

    def get_auth(self) -> list[dict[str, Any]]:
        gate = gate_of(self.view)
        if gate is None or gate.scope is None:
            return []
        needed: list[dict[str, Any]] = [{name: []} for name in SCHEMES]
        return [{}, *needed] if gate.is_open or gate.allows_loopback else needed

    # The stubs describe DRF's class of the same name, which takes a path and a method.
    def get_description(self) -> str:  # type: ignore[override]  # see above
        gate = gate_of(self.view)
        words = super().get_description() or ""
        if gate is None or gate.scope is None:
            return words
        return f"{words}\n\nNeeds the scope `{gate.scope_for(self.method)}`{_exception(gate)}.".strip()


def _exception(gate: Gate) -> str:
    if gate.is_open:
        return " only where the site has closed its API"
    return " unless asked from the server itself" if gate.allows_loopback else ""
