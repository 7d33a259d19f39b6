"""Old snapshots lose their bodies, never their differences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from catalog.models import Change, StoredSnapshot
from catalog.queries import get_snapshot
from catalog.retention import prune_snapshots
from smartspawn.lib.errors import NotFound

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 30, tzinfo=UTC)


def store(days: int) -> StoredSnapshot:
    return StoredSnapshot.objects.create(
        published_at=START + timedelta(days=days),
        trigger="test",
        policy_version="1",
        content_sha256=str(days),
        entry_count=1,
        body_compressed=b"body",
    )


def test_the_newest_and_the_first_of_each_month_stay_and_differences_stay_always() -> None:
    stored = [store(days) for days in range(8)]  # 30 and 31 January, 1 to 6 February
    Change.objects.create(snapshot=stored[1], kind="added", model_id="a/b")
    assert prune_snapshots(kept_newest=2) == 4
    bodies = [bytes(row.body_compressed) for row in StoredSnapshot.objects.order_by("revision")]
    assert bodies == [b"body", b"", b"body", b"", b"", b"", b"body", b"body"]
    assert prune_snapshots(kept_newest=2) == 0
    assert Change.objects.count() == 1
    with pytest.raises(NotFound, match="not kept"):
        get_snapshot(stored[1].revision)
