"""A running site whose models the provider simulator serves: for real, as far as the site can tell."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.runs.simulation import Simulation, running_simulator
from tests.site import Site, running_site

FAILING = "acme/fail-500"
# Set by hand: what the simulator lists about itself does not replace them.
PRICES = {"prompt_usd_per_mtok": "0.5", "completion_usd_per_mtok": "1.5", "is_set": True}
_PREPARE = """
import json
from catalog.queries import current_snapshot
from runs.models import Connection
from smartspawn.access.keys import create_key
from smartspawn.access.models import User
from smartspawn.access.shapes import Scope
simulator, address, failing, prices = json.loads({given!r})
entries = [e for e in current_snapshot().entries if e.is_candidate and (e.facts.context_length_tokens or 0) > 100_000
           and e.capabilities.vision and e.capabilities.function_calling and e.facts.pricing.prompt_usd_per_mtok]
models = [e.facts.model_id for e in sorted(entries, key=lambda e: e.facts.pricing.prompt_usd_per_mtok)][:40]
Connection.objects.create(**simulator)
Connection.objects.create(
    key="served", provider="custom", title="Served", protocol="openai", base_url=address + "/v1", allows_private=True,
    served_models=[{{"id": name, **prices}} for name in [*models, failing]], created_by="test")
key = create_key(actor=User.objects.get().as_actor(), name="chat", scopes=frozenset(Scope), expires_at=None)
print(json.dumps([key.token, models]))
"""


@dataclass(frozen=True)
class Served:
    """The site, who answers behind it, and a key."""

    site: Site
    simulation: Simulation
    token: str
    models: list[str]  # of the catalogue, which a connection serves

    @property
    def url(self) -> str:
        return f"{self.site.address}/v1"

    def told(self, code: str) -> Any:
        """What code that prints JSON says beside the site."""
        return json.loads(self.site.run_python(code).splitlines()[-1])

    def money(self) -> dict[str, int]:
        """The ledger's lines by status, and how many reservations are open."""
        return dict(
            self.told(
                "import json\nfrom collections import Counter\nfrom runs.models import LedgerEntry, Reservation\n"
                "print(json.dumps({**Counter(LedgerEntry.objects.values_list('status', flat=True)), "
                "'open': Reservation.objects.filter(state='open').count()}))"
            )
        )

    def empty_bill(self) -> None:
        request = urllib.request.Request(f"{self.simulation.address}/bill", method="DELETE")
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).close()


@contextmanager
def served_site(home: Path, *, environment: dict[str, str] | None = None, **scenario: object) -> Iterator[Served]:
    """The site and its provider, for as long as the block lasts."""
    with running_simulator(**scenario) as simulation, running_site(home, **(environment or {})) as site:
        given = json.dumps([simulation.connection, simulation.address, FAILING, PRICES])
        token, models = json.loads(site.run_python(_PREPARE.format(given=given)).splitlines()[-1])
        yield Served(site, simulation, token, models)
