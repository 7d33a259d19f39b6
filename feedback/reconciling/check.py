"""The daily check of prices: made, kept, and read again by the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils import timezone

from catalog.queries import SourceLight, catalog_revision, find_current_snapshot, list_sources
from catalog.shapes import Entry, Pricing, Source
from feedback.models import PriceCheck
from feedback.reconciling.drift import Direction, PriceFinding, UnitPrices, compare_prices, prices_of_bills
from feedback.reconciling.feed import PriceList, read_price_list
from runs.ledger.windows import day_of
from runs.spend.bills import bills_by_day, list_compared
from runs.spend.shapes import Period, Slice

# Bills of so many days: enough calls to tell prices from them, and few enough that a changed price shows soon.
BILLS_OF_DAYS: Final = 14
# Of that time so many calls at most, the newest.
_MOST_CALLS: Final = 20_000
# A check is 50 kB; two months of them let one see since when a price has been off.
KEPT_CHECKS: Final = 60


@dataclass(frozen=True, slots=True)
class DatedFinding:
    """A price beside another's word for it, and since when it has been told of."""

    finding: PriceFinding
    since: datetime | None  # None: it is not flagged


@dataclass(frozen=True, slots=True)
class PriceReport:
    """The newest check as pages and the API show it."""

    at: datetime
    catalog_revision: int
    catalog_fetched_at: datetime | None
    catalog_warning: str
    list_title: str
    list_newest_on: date | None
    model_count: int
    listed_count: int
    billed_count: int
    unpriced: tuple[str, ...]
    flagged: tuple[DatedFinding, ...]  # the largest first
    agreeing_count: int

    @property
    def unlisted_count(self) -> int:
        return self.model_count - self.listed_count


def check_prices(now: datetime | None = None) -> PriceReport | None:
    """Compare the catalogue's prices with the list and with bills, and keep what was found.

    None on a site without a catalogue.
    """
    at = now or timezone.now()
    snapshot = find_current_snapshot()
    if snapshot is None:
        return None
    ours = {entry.facts.model_id: _prices(entry.facts.pricing) for entry in _priced_by_token(snapshot.entries)}
    listed = read_price_list(ours, at)
    billed = _billed(at)
    findings = list(compare_prices(ours, [*listed.prices.items(), *billed.items()]))
    _keep(at, ours, listed, billed, findings)
    return find_report()


def find_report() -> PriceReport | None:
    """The newest check; one query."""
    row = PriceCheck.objects.order_by("-at", "-pk").first()
    return None if row is None else _report(row)


def _priced_by_token(entries: Iterable[Entry]) -> Iterable[Entry]:
    """Models that may be chosen; a price that the upstream sets anew for each request cannot drift."""
    return (entry for entry in entries if entry.is_candidate and not entry.facts.pricing.is_dynamic)


def _prices(pricing: Pricing) -> UnitPrices:
    known = {
        Direction.INPUT: pricing.prompt_usd_per_mtok,
        Direction.OUTPUT: pricing.completion_usd_per_mtok,
        Direction.CACHE_READ: pricing.cache_read_usd_per_mtok,
        Direction.CACHE_WRITE: pricing.cache_write_usd_per_mtok,
    }
    return UnitPrices("catalogue", {direction: price for direction, price in known.items() if price is not None})


def _billed(at: datetime) -> dict[str, UnitPrices]:
    today = day_of(at)
    days = Period(today - timedelta(days=BILLS_OF_DAYS - 1), today)
    by_model: dict[str, list[Any]] = {}
    for call in list_compared(Slice(), bills_by_day(Slice(), days), most=_MOST_CALLS):
        by_model.setdefault(call.model_id, []).append(call)
    return {model_id: prices for model_id, calls in by_model.items() if (prices := prices_of_bills(calls))}


def _keep(
    at: datetime,
    ours: Mapping[str, UnitPrices],
    listed: PriceList,
    billed: Mapping[str, UnitPrices],
    findings: Sequence[PriceFinding],
) -> None:
    before = find_report()
    since = {_place(item.finding): item.since for item in before.flagged} if before else {}
    source = next((item for item in list_sources() if item.info.key is Source.OPENROUTER), None)
    is_late = source is not None and source.light is not SourceLight.GREEN
    PriceCheck.objects.create(
        at=at,
        catalog_revision=catalog_revision(),
        catalog_fetched_at=source.data_fetched_at if source else None,
        catalog_warning=source.reason[:300] if source is not None and is_late else "",
        list_title=listed.title,
        list_newest_on=listed.newest_on,
        model_count=len(ours),
        listed_count=len(listed.prices),
        billed_count=len(billed),
        unpriced=sorted(model_id for model_id, prices in ours.items() if not prices.usd_per_mtok),
        findings=[_to_row(item, since.get(_place(item)) or at) for item in findings],
    )
    old = PriceCheck.objects.order_by("-at", "-pk").values_list("pk", flat=True)[KEPT_CHECKS:]
    PriceCheck.objects.filter(pk__in=list(old)).delete()


def _place(finding: PriceFinding) -> tuple[str, str, str]:
    return finding.model_id, finding.direction, finding.source


def _to_row(finding: PriceFinding, since: datetime) -> dict[str, object]:
    return {
        "model": finding.model_id,
        "direction": finding.direction.value,
        "source": finding.source,
        "catalogue": str(finding.catalogue_usd),
        "other": str(finding.other_usd),
        "calls": finding.call_count,
        "since": since.isoformat() if finding.is_flagged else None,
    }


def _report(row: PriceCheck) -> PriceReport:
    found = [_from_row(item) for item in row.findings]
    flagged = sorted((item for item in found if item.finding.is_flagged), key=_size)
    return PriceReport(
        at=row.at,
        catalog_revision=row.catalog_revision,
        catalog_fetched_at=row.catalog_fetched_at,
        catalog_warning=row.catalog_warning,
        list_title=row.list_title,
        list_newest_on=row.list_newest_on,
        model_count=row.model_count,
        listed_count=row.listed_count,
        billed_count=row.billed_count,
        unpriced=tuple(row.unpriced),
        flagged=tuple(flagged),
        agreeing_count=len(found) - len(flagged),
    )


def _from_row(row: Mapping[str, Any]) -> DatedFinding:
    finding = PriceFinding(
        row["model"],
        Direction(row["direction"]),
        row["source"],
        Decimal(row["catalogue"]),
        Decimal(row["other"]),
        row["calls"],
    )
    return DatedFinding(finding, datetime.fromisoformat(row["since"]) if row["since"] else None)


def _size(item: DatedFinding) -> tuple[bool, float, str, str]:
    """What bills say first, because it is about one's own money, then the largest change."""
    change = item.finding.change_share
    size = float("inf") if change is None else abs(change)
    return item.finding.call_count == 0, -size, item.finding.model_id, item.finding.direction
