"""Make a built snapshot the one in use: one short transaction, fenced by the run's token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models import Max

from catalog.codec import content_sha256, pack_snapshot
from catalog.collect import Collected
from catalog.differences import diff_snapshots
from catalog.models import Change, PriceFact, RefreshRun, StoredSnapshot
from catalog.payloads import replace_payloads
from catalog.shapes import Difference, Pricing, Snapshot, Source
from catalog.source_states import note_matched, note_success
from smartspawn.lib.errors import Conflict

PRICE_COLUMNS: Final = (
    "prompt_usd_per_mtok",
    "completion_usd_per_mtok",
    "cache_read_usd_per_mtok",
    "cache_write_usd_per_mtok",
)


@dataclass(frozen=True, slots=True)
class Published:
    """Which revision is in use now, and whether it is a new one."""

    revision: int
    is_published: bool
    difference_count: int


def publish(
    *,
    run: RefreshRun,
    snapshot: Snapshot,
    previous: Snapshot | None,
    collected: Sequence[Collected],
    now: datetime,
) -> Published:
    """Store payloads, source states, prices, differences and the snapshot, and end the run.

    A snapshot that says the same as the one in use is not stored again; its revision stays.
    Raises Conflict when the run lost its slot in the meantime; nothing is written then.
    """
    fingerprint = content_sha256(snapshot)
    body = pack_snapshot(replace(snapshot, published_at=now))
    differences = diff_snapshots(previous, snapshot)
    matched = {use.source: use.matched_count for use in snapshot.sources}
    with transaction.atomic():
        _fence(run)
        for item in collected:
            if item.is_new:
                replace_payloads(item.source, item.payloads)
                note_success(item, now=now)
        note_matched(matched)
        current = StoredSnapshot.objects.order_by("-revision").defer("body_compressed").first()
        is_different = current is None or current.content_sha256 != fingerprint
        if current is None or is_different:
            current = StoredSnapshot.objects.create(
                published_at=now,
                trigger=run.trigger,
                policy_version=snapshot.policy_version,
                content_sha256=fingerprint,
                entry_count=len(snapshot.entries),
                body_compressed=body,
            )
            _record_differences(current, differences)
        for item in collected:
            if item.source is Source.OPENROUTER:
                _record_prices(current, item)
        RefreshRun.objects.filter(pk=run.pk).update(
            state=RefreshRun.State.DONE, slot=None, finished_at=now, snapshot=current
        )
    return Published(
        revision=current.revision,
        is_published=is_different,
        difference_count=len(differences) if is_different else 0,
    )


def _fence(run: RefreshRun) -> None:
    still_mine = RefreshRun.objects.filter(
        pk=run.pk, token=run.token, state=RefreshRun.State.RUNNING, slot__isnull=False
    )
    if not still_mine.select_for_update().exists():
        raise Conflict("This refresh lost its slot to another one; nothing was published.")


def _record_prices(stored: StoredSnapshot, catalogue: Collected) -> None:
    """A dated row for each listed price that moved; what an admin says of a price is not the provider's."""
    if catalogue.parsed is None:
        return
    newest = PriceFact.objects.values("model_id").annotate(newest=Max("pk")).values("newest")
    known = {row.model_id: row for row in PriceFact.objects.filter(pk__in=newest)}
    valid_from = min(payload.fetched_at for payload in catalogue.payloads)
    facts = (
        PriceFact(model_id=model.model_id, valid_from=valid_from, snapshot=stored, **_prices(model.pricing))
        for model in catalogue.parsed.models
    )
    PriceFact.objects.bulk_create(
        [fact for fact in facts if fact.model_id not in known or not _is_same_price(fact, known[fact.model_id])],
        ignore_conflicts=True,  # a price read again from the same answer
    )


def _prices(pricing: Pricing) -> dict[str, Decimal | None]:
    return {name: getattr(pricing, name) for name in PRICE_COLUMNS}


def _is_same_price(one: PriceFact, other: PriceFact) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in PRICE_COLUMNS)


def _record_differences(stored: StoredSnapshot, differences: Sequence[Difference]) -> None:
    Change.objects.bulk_create(
        (
            Change(
                snapshot=stored,
                kind=item.kind,
                model_id=item.model_id[:200],
                model_name=item.model_name[:300],
                field=item.field,
                before=item.before[:300],
                after=item.after[:300],
            )
            for item in reversed(differences)  # lists show the newest row first: what came and went, then prices
        ),
        batch_size=500,
    )
