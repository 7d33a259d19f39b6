"""Everything that monitoring is told, gathered when it asks: the tables hold it for all processes together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final

from django.utils import timezone

from catalog.queries import find_current_snapshot
from runs.breakers.shared import list_breakers
from runs.money import to_usd
from runs.site_figures import CallSum, SiteFigures, site_figures
from smartspawn.health import check_catalog, check_queue
from smartspawn.lib.versions import own_version
from smartspawn.metrics.requests import request_families
from smartspawn.metrics.text import Family, Number, exposition, family

# Several watchers, or an impatient one, cost no more than one.
KEPT_S: Final = 10.0


class KeptMetrics:
    """The last text, at most ten seconds old, gathered by one caller at a time."""

    def __init__(self, gather: Callable[[], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._gather = gather
        self._clock = clock
        self._lock = threading.Lock()
        self._text = ""
        self._gathered_at = float("-inf")

    def get(self) -> str:
        """The text."""
        with self._lock:
            if self._clock() - self._gathered_at >= KEPT_S:
                self._text = self._gather()
                self._gathered_at = self._clock()
            return self._text


def gather_text() -> str:
    """The figures of this moment."""
    now = timezone.now()
    return exposition([*_site(now), *_runs(site_figures()), *_breakers(), *request_families()])


def _site(now: datetime) -> Iterator[Family]:
    yield family("smartspawn_info", "gauge", "The version that runs.", (1, {"version": own_version()}))
    queue, catalog = check_queue(now).facts, check_catalog(now).facts
    for name, fact, words in (
        ("smartspawn_queue_waiting", queue["waiting_count"], "Tasks that no worker has taken yet."),
        ("smartspawn_queue_oldest_seconds", queue["oldest_waiting_s"], "How long the oldest of them has waited."),
        ("smartspawn_worker_heartbeat_seconds", queue["heartbeat_age_s"], "Since a worker last gave a sign of life."),
        ("smartspawn_catalogue_revision", catalog["revision"], "The revision of the catalogue."),
        ("smartspawn_catalogue_age_seconds", catalog["age_s"], "Since its prices were fetched."),
    ):
        yield family(name, "gauge", words, (fact if isinstance(fact, int) else None, {}))
    snapshot = find_current_snapshot()
    count = len(snapshot.entries) if snapshot else 0
    yield family("smartspawn_catalogue_models", "gauge", "Models in the catalogue.", (count, {}))


def _runs(figures: SiteFigures) -> Iterator[Family]:
    yield _by_status("smartspawn_runs", "Runs that are kept, by status.", figures.runs.items())
    yield _by_status("smartspawn_open_nodes", "Nodes of runs under way, by status.", figures.open_nodes.items())
    yield from _calls("smartspawn", "provider", figures.by_provider)
    yield from _calls("smartspawn_model", "model", figures.by_model)


def _by_status(name: str, words: str, counts: Iterable[tuple[str, int]]) -> Family:
    return family(name, "gauge", words, *((count, {"status": status}) for status, count in counts))


def _calls(prefix: str, label: str, sums: tuple[CallSum, ...]) -> Iterator[Family]:
    """Calls, tokens and dollars; of names beyond the first fifty together, as "other"."""

    def told(name: str, words: str, value: Callable[[CallSum], Number]) -> Family:
        samples = ((value(item), {label: item.name, "status": item.status}) for item in sums)
        return family(f"{prefix}_{name}", "counter", words, *samples)

    yield told("calls_total", f"Calls to providers, by {label} and end.", lambda item: item.call_count)
    yield told("tokens_total", f"Tokens in and out, by {label} and end of the call.", lambda item: item.token_count)
    # A correction may lower a sum of money: then it falls, which no counter may.
    cost = ((to_usd(item.cost_nano_usd), {label: item.name, "status": item.status}) for item in sums)
    yield family(
        f"{prefix}_cost_usd", "gauge", f"Dollars spent since the start, by {label} and end of the call.", *cost
    )


def _breakers() -> Iterator[Family]:
    counts: dict[str, int] = {}
    for breaker in list_breakers():
        counts[breaker.connection] = counts.get(breaker.connection, 0) + 1
    yield family(
        "smartspawn_breakers_open",
        "gauge",
        "Places that are left alone for a while, by connection.",
        *((count, {"connection": connection}) for connection, count in sorted(counts.items())),
    )
