"""The catalog's reads, as shapes: what every face and every other app may ask."""

from catalog.queries.history import (
    ChangePage,
    ChangeSet,
    DatedDifference,
    PricePoint,
    list_change_sets,
    list_changes,
    price_history,
)
from catalog.queries.listing import CatalogFilter, EntryPage, SortKey, list_entries, list_providers, rank
from catalog.queries.names import UnmatchedPage, current_name_index, list_unmatched
from catalog.queries.snapshot import (
    catalog_revision,
    current_snapshot,
    entries_by_id,
    find_current_snapshot,
    find_entry,
    get_entry,
    get_snapshot,
)
from catalog.queries.sources import (
    PayloadReport,
    RefreshReport,
    SourceLight,
    SourceReport,
    find_payload_report,
    find_refresh,
    latest_refresh,
    list_refreshes,
    list_sources,
)

__all__ = [
    "CatalogFilter",
    "ChangePage",
    "ChangeSet",
    "DatedDifference",
    "EntryPage",
    "PayloadReport",
    "PricePoint",
    "RefreshReport",
    "SortKey",
    "SourceLight",
    "SourceReport",
    "UnmatchedPage",
    "catalog_revision",
    "current_name_index",
    "current_snapshot",
    "entries_by_id",
    "find_current_snapshot",
    "find_entry",
    "find_payload_report",
    "find_refresh",
    "get_entry",
    "get_snapshot",
    "latest_refresh",
    "list_change_sets",
    "list_changes",
    "list_entries",
    "list_providers",
    "list_refreshes",
    "list_sources",
    "list_unmatched",
    "price_history",
    "rank",
]
