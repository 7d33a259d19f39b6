"""Connecting the provider simulator, which serves simulated runs without keys and without money."""

from __future__ import annotations

from typing import Final

from runs.connections.change import change_connection, create_connection
from runs.connections.shapes import ConnectionDraft
from runs.models import Connection
from runs.providers.known import SIMULATOR
from runs.shapes import Protocol
from smartspawn.access.shapes import Actor

# Where `manage.py simulate_provider` answers in the words of each protocol.
_VERSIONS: Final = {Protocol.OPENAI: "/v1", Protocol.ANTHROPIC: "/v1", Protocol.GEMINI: "/v1beta"}
DEFAULT_URL: Final = "http://127.0.0.1:9400"


def connect_simulator(*, actor: Actor, url: str = "", protocol: Protocol = Protocol.OPENAI) -> str:
    """The key of the simulator's connection, made or moved to this address and switched on.

    Raises NotAllowed and InvalidParam.
    """
    base_url = (url.strip() or DEFAULT_URL).rstrip("/")
    if not base_url.endswith(tuple(_VERSIONS.values())):
        base_url += _VERSIONS[protocol]
    draft = ConnectionDraft(SIMULATOR, protocol=protocol, base_url=base_url, allows_private=True)
    row = Connection.objects.filter(provider=SIMULATOR).order_by("pk").first()
    if row is None:
        return create_connection(actor=actor, draft=draft)
    change_connection(actor=actor, key=row.key, draft=draft)
    return row.key
