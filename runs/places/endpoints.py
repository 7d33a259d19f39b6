"""Where a model can be had: the endpoints that serve it, best first, and why there is none.

In order: the higher priority first; of equal ones the maker's own key and local servers, then other hosts,
then OpenRouter; of equal ones again a stored key before the environment's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from django.utils import timezone

from catalog.queries import catalog_revision, find_current_snapshot
from catalog.shapes import Entry, ModelFacts, Snapshot
from runs.breakers.shared import shut_connections
from runs.connections.held import KEPT_S, Held, current
from runs.connections.shapes import ConnectionSource, ListedModel, Place
from runs.places.prices import UnitPrices, unit_prices
from runs.providers.known import KnownProvider, Reach, find_known_provider, makers_of
from runs.providers.wire_names import find_wire_name
from runs.shapes import Endpoint

_RANKS: Final = {Reach.MAKER: 0, Reach.LISTED: 0, Reach.HOST: 1, Reach.CATALOGUE: 2}
_LISTED_PRICE: Final = "the connection's own list"
_FREE_PRICE: Final = "local: no charge"
_NOTHING: Final = Decimal(0)


def find_endpoints(model_id: str, *, is_simulated: bool = False, prompt_tokens: int = 0) -> tuple[Endpoint, ...]:
    """The endpoints that serve the model, best first; none where no connection reaches it.

    Prices are those for a prompt of ``prompt_tokens`` at this moment. Simulated runs get the simulator alone,
    and nobody else gets it. The answer is kept in this process; the database is looked at every two seconds.
    """
    return _current_table().find(model_id, is_simulated=is_simulated, prompt_tokens=prompt_tokens)


def why_unreachable(model_id: str, *, is_simulated: bool = False) -> str:
    """Why no connection serves the model, and which key would help."""
    return _current_table().explain(model_id, is_simulated=is_simulated)


def reachable_models(*, is_simulated: bool = False) -> frozenset[str] | None:
    """The ids of all models that a connection serves; None when that is the whole catalogue.

    A connection that only a person can mend (no credit, a refused key) serves nothing here.
    """
    return _current_table().reachable(is_simulated=is_simulated, shut=shut_connections())


@dataclass(frozen=True, slots=True)
class _Priced:
    """An endpoint with what is needed to price it for a certain prompt."""

    endpoint: Endpoint
    facts: ModelFacts | None  # None: the price does not come from the catalogue


@dataclass(frozen=True, slots=True)
class EndpointTable:
    """Every endpoint at one moment of catalogue and connections, worked out as models are asked for."""

    held: Held
    snapshot: Snapshot | None
    by_id: dict[str, Entry] = field(repr=False)
    _found: dict[tuple[str, bool], tuple[_Priced, ...]] = field(default_factory=dict, repr=False)
    _reached: dict[tuple[bool, frozenset[str]], frozenset[str] | None] = field(default_factory=dict, repr=False)

    def find(self, model_id: str, *, is_simulated: bool, prompt_tokens: int) -> tuple[Endpoint, ...]:
        """The endpoints that serve the model, best first."""
        key = (model_id, is_simulated)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = tuple(self._search(model_id, is_simulated))
        return tuple(_at_price(priced, prompt_tokens) for priced in found)

    def explain(self, model_id: str, *, is_simulated: bool) -> str:
        """Why none does."""
        if is_simulated:
            if any(place.is_simulator and place.is_usable for place in self.held.places):
                return f"The provider simulator does not list {model_id}, and the catalogue does not know it."
            return (
                "No provider simulator is connected. Start one (manage.py simulate_provider) and "
                "connect it (manage.py connect_simulator), or on the Connections page."
            )
        broken = [place for place in self._serving(model_id) if place.problem]
        if broken:
            return " ".join(f"{place.title} would serve {model_id}, but: {place.problem}" for place in broken)
        if model_id not in self.by_id:
            return f"No connection lists {model_id}, and the catalogue does not know it."
        return f"No connection serves {model_id}. {_helpful_keys(model_id)}"

    def reachable(self, *, is_simulated: bool, shut: frozenset[str] = frozenset()) -> frozenset[str] | None:
        """The ids of all models that are served by a connection that is not shut, None for all."""
        key = (is_simulated, shut)
        if key not in self._reached:
            self._reached[key] = self._reach(is_simulated, shut)
        return self._reached[key]

    def _reach(self, is_simulated: bool, shut: frozenset[str]) -> frozenset[str] | None:
        usable = [place for place in self.held.places if place.is_usable and place.key not in shut]
        places = [place for place in usable if place.is_simulator == is_simulated]
        if any(place.provider.reach is Reach.CATALOGUE for place in places):
            return None
        own = {name for place in places if _serves_by_list(place) for name in _own_ids(place)}
        return frozenset(
            own | {model_id for model_id in self.by_id if any(self._wire(model_id, place) for place in places)}
        )

    def _search(self, model_id: str, is_simulated: bool) -> Iterable[_Priced]:
        usable = [place for place in self._serving(model_id) if place.is_usable and place.is_simulator == is_simulated]
        for place in sorted(usable, key=_rank):
            wire = self._wire(model_id, place)
            if wire is not None:
                yield self._priced(model_id, place, wire)

    def _serving(self, model_id: str) -> list[Place]:
        return [place for place in self.held.places if self._wire(model_id, place) is not None]

    def _wire(self, model_id: str, place: Place) -> str | None:
        """The model's name at this place, None where it is not served."""
        entry = self.by_id.get(model_id)
        facts = entry.facts if entry is not None else None
        if place.provider.reach is Reach.CATALOGUE:
            return model_id if facts is not None or model_id in (place.listed or {}) else None
        if _serves_by_list(place):
            return _own_name(model_id, facts, place)
        if facts is None or (place.provider.prefix and not model_id.startswith(f"{place.provider.prefix}/")):
            return None
        return find_wire_name(place.provider.name, facts, place.listed)

    def _priced(self, model_id: str, place: Place, wire: str) -> _Priced:
        listed = (place.listed or {}).get(wire)
        entry = self.by_id.get(model_id)
        endpoint = Endpoint(
            connection=place.key,
            provider=place.provider.name,
            protocol=place.protocol,
            base_url=place.base_url,
            wire_model=wire,
            model_id=model_id,
            is_simulated=place.is_simulator,
            allows_private=place.allows_private,
        )
        if listed is not None and _has_price(listed):
            prices = UnitPrices(listed.prompt_usd_per_mtok, listed.completion_usd_per_mtok)
            return _Priced(_with_prices(endpoint, prices, _LISTED_PRICE), None)
        if place.provider.is_local and not place.is_simulator:
            return _Priced(_with_prices(endpoint, UnitPrices(_NOTHING, _NOTHING), _FREE_PRICE), None)
        if entry is None or _serves_by_list(place):
            return _Priced(endpoint, None)  # nobody told a price: the ledger refuses it, or assumes one
        return _Priced(replace(endpoint, price_source=self._price_source(place)), entry.facts)

    def _price_source(self, place: Place) -> str:
        revision = f"catalogue revision {self.snapshot.revision if self.snapshot else 0}"
        is_exact = place.provider.reach is Reach.CATALOGUE
        return revision if is_exact else f"{revision}, as OpenRouter lists it"


def _rank(place: Place) -> tuple[int, int, bool, str]:
    return -place.priority, _RANKS[place.provider.reach], place.source is ConnectionSource.ENVIRONMENT, place.key


def _serves_by_list(place: Place) -> bool:
    return place.provider.reach is Reach.LISTED


def _own_ids(place: Place) -> Iterable[str]:
    for name in place.listed or {}:
        yield name
        yield f"{place.key}/{name}"


def _own_name(model_id: str, facts: ModelFacts | None, place: Place) -> str | None:
    """A listed model under its own name, that name behind the connection's, or as published weights."""
    listed = place.listed or {}
    for name in (model_id, model_id.removeprefix(f"{place.key}/")):
        if name in listed:
            return name
    weights = facts.hugging_face_id.lower() if facts is not None else ""
    return next((name for name in listed if weights and name.lower() == weights), None)


def _has_price(model: ListedModel) -> bool:
    return model.prompt_usd_per_mtok is not None and model.completion_usd_per_mtok is not None


def _with_prices(endpoint: Endpoint, prices: UnitPrices, source: str) -> Endpoint:
    return replace(
        endpoint,
        prompt_usd_per_mtok=prices.prompt_usd_per_mtok,
        completion_usd_per_mtok=prices.completion_usd_per_mtok,
        cache_read_usd_per_mtok=prices.cache_read_usd_per_mtok,
        cache_write_usd_per_mtok=prices.cache_write_usd_per_mtok,
        price_source=source,
    )


def _at_price(priced: _Priced, prompt_tokens: int) -> Endpoint:
    if priced.facts is None:
        return priced.endpoint
    prices = unit_prices(priced.facts.pricing, prompt_tokens=prompt_tokens, at=timezone.now())
    return _with_prices(priced.endpoint, prices, priced.endpoint.price_source)


def _helpful_keys(model_id: str) -> str:
    helpful: list[KnownProvider] = [*makers_of(model_id)[:1], find_known_provider("openrouter")]
    keys = " or ".join(f"a key of {provider.title} ({provider.env_var})" for provider in helpful if provider.env_var)
    return f"It takes {keys}: set it in the environment or on the Connections page."


# --- one table per process ------------------------------------------------------------------------

_lock = threading.Lock()
_table: EndpointTable | None = None
_checked_at_s = 0.0


def _current_table() -> EndpointTable:
    global _table, _checked_at_s  # noqa: PLW0603  one table per process; swapped whole when anything changed
    held = current()
    table = _table
    if table is not None and table.held is held and time.monotonic() - _checked_at_s < KEPT_S:
        return table
    with _lock:
        revision = catalog_revision()
        is_same = _table is not None and _table.held is held and _table_revision(_table) == revision
        if _table is None or not is_same:
            snapshot = find_current_snapshot()
            by_id = {entry.facts.model_id: entry for entry in snapshot.entries} if snapshot else {}
            _table = EndpointTable(held, snapshot, by_id)
        _checked_at_s = time.monotonic()
        return _table


def _table_revision(table: EndpointTable) -> int:
    return table.snapshot.revision if table.snapshot else 0
