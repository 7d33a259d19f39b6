"""Old snapshots lose their bodies, never their differences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from catalog.codec import pack_snapshot
from catalog.models import Change, StoredSnapshot
from catalog.queries import get_snapshot, get_snapshot_to_choose
from catalog.retention import Pruned, prune_snapshots
from smartspawn.lib.errors import NotFound
from tests.factories import make_snapshot

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 30, tzinfo=UTC)


def store(days: int, body: bytes = b"body") -> StoredSnapshot:
    return StoredSnapshot.objects.create(
        published_at=START + timedelta(days=days),
        trigger="test",
        policy_version="1",
        content_sha256=str(days),
        entry_count=1,
        body_compressed=body,
    )


def prune(needed: set[int], kept_newest: int = 2) -> Pruned:
    return prune_snapshots(is_needed=needed.__contains__, benchmarks=(), kept_newest=kept_newest)


def test_the_newest_and_the_first_of_each_month_stay_and_differences_stay_always() -> None:
    stored = [store(days) for days in range(8)]  # 30 and 31 January, 1 to 6 February
    Change.objects.create(snapshot=stored[1], kind="added", model_id="a/b")
    assert prune(set()) == Pruned(0, 4)
    bodies = [bytes(row.body_compressed) for row in StoredSnapshot.objects.order_by("revision")]
    assert bodies == [b"body", b"", b"body", b"", b"", b"", b"body", b"body"]
    assert prune(set()) == Pruned(0, 0)
    assert Change.objects.count() == 1
    with pytest.raises(NotFound, match="not kept"):
        get_snapshot(stored[1].revision)


def test_what_a_decision_rests_on_is_thinned_once_and_goes_when_nothing_rests_on_it() -> None:
    body = pack_snapshot(make_snapshot())
    stored = [store(days, body) for days in range(6)]
    needed = {stored[0].revision, stored[3].revision, stored[5].revision}

    assert prune(needed) == Pruned(1, 1)
    assert prune(needed) == Pruned(0, 0)
    kept = StoredSnapshot.objects.get(revision=stored[3].revision)
    assert len(kept.body_compressed) < len(body) / 2
    assert len(get_snapshot_to_choose(kept.revision).entries) == len(make_snapshot().entries)
    with pytest.raises(NotFound, match="not kept"):
        get_snapshot(kept.revision)  # a page that shows a snapshot must not show half of one
    for whole in (stored[0], stored[5]):
        assert get_snapshot(whole.revision).revision == whole.revision

    assert prune(set()) == Pruned(0, 1)
    with pytest.raises(NotFound, match="not kept"):
        get_snapshot_to_choose(kept.revision)
