"""What was learned, as routing keeps and reads it: feedback publishes here, the next decision reads."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Final

from django.db import connection, transaction

from catalog.shapes import Category
from routing.learned import Learned, learn
from routing.models import AdjustmentRow, RoutingRevision
from routing.shapes import Adjustment, Evidence
from smartspawn.lib.errors import InvalidParam

EVERYBODY: Final = ""
_Key = tuple[str, str, str, str]


def scope_of_user(user_id: int) -> str:
    """The scope of what one person's ratings taught."""
    return f"user:{user_id}"


Mark = tuple[int, str]  # a routing revision, and what tells it from the same number in another history


def find_mark() -> Mark:
    """The revision of everything that routing itself keeps about choices; one query on the primary key.

    Every choice asks this, so it goes past the ORM, which takes seven times as long as the database.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT revision, token FROM routing_routingrevision WHERE id = 1")
        row = cursor.fetchone()
    return (row[0], str(row[1])) if row else (0, "")


def routing_revision() -> int:
    """The number of the last change to adjustments, limits or rules; 0 before the first."""
    return find_mark()[0]


def next_revision() -> int:
    """Begin a new routing revision. Call inside the transaction that writes what it is about."""
    row, _ = RoutingRevision.objects.select_for_update().get_or_create(pk=1)
    row.revision += 1
    row.token = uuid.uuid4()
    row.save()
    return row.revision


def publish(adjustments: Iterable[Adjustment], *, scope: str = EVERYBODY, is_whole: Collection[Evidence] = ()) -> int:
    """Make these what is known from the next decision on, and return the routing revision.

    ``scope`` is "" for the community's, else ``scope_of_user(...)``. Rows that are not named stay, but of
    the evidence named in ``is_whole``, for which the given rows are all there is. What says the same as
    before writes nothing; if nothing changes, the revision stays.
    """
    wanted = {_key(item): item for item in adjustments}
    for item in wanted.values():
        if not 0 <= item.success_share <= 1 or item.sample_count < 0:
            raise InvalidParam(f"An adjustment of {item.model_id} is no rate: {item.success_share}")
    with transaction.atomic():
        RoutingRevision.objects.select_for_update().get_or_create(pk=1)  # one at a time
        current = {_row_key(row): row for row in AdjustmentRow.objects.filter(scope=scope, valid_until=None)}
        changed = [item for key, item in wanted.items() if not _says(current.get(key), item)]
        replaced = [current[_key(item)].pk for item in changed if _key(item) in current]
        gone = [row.pk for key, row in current.items() if key not in wanted and row.evidence in set(is_whole)]
        if not changed and not gone:
            return routing_revision()
        revision = next_revision()
        AdjustmentRow.objects.filter(pk__in=[*replaced, *gone]).update(valid_until=revision)
        AdjustmentRow.objects.bulk_create(_to_row(item, scope, revision) for item in changed)
    return revision


def read_learned(mark: Mark, user_id: int | None) -> Learned:
    """Everybody's and this person's adjustments now; kept in memory for the last few who asked."""
    return _read_current(mark, _scope(user_id))


def read_learned_at(revision: int, user_id: int | None) -> Learned:
    """Everybody's and this person's adjustments as of an earlier revision."""
    return _read(revision, _scope(user_id))


def read_learned_of(mark: Mark, user_ids: Collection[int | None]) -> dict[int | None, Learned]:
    """Everybody's and each person's adjustments now, in one query; one object for all who taught nothing."""
    rows = AdjustmentRow.objects.as_of(mark[0]).order_by("pk")
    by_scope: dict[str, list[Adjustment]] = {}
    for row in rows.filter(scope__in={EVERYBODY, *map(_scope, user_ids)}):
        by_scope.setdefault(row.scope, []).append(_to_adjustment(row))
    of_all = by_scope.pop(EVERYBODY, [])
    learned = {scope: learn([*of_all, *own]) for scope, own in by_scope.items()}
    everybody = learn(of_all)
    return {user_id: learned.get(_scope(user_id), everybody) for user_id in (None, *user_ids)}


@lru_cache(maxsize=64)
def _read_current(mark: Mark, scope: str) -> Learned:
    if scope != EVERYBODY and not AdjustmentRow.objects.current().filter(scope=scope).exists():
        return _read_current(mark, EVERYBODY)  # one object for all who taught nothing: rankings are kept by it
    return _read(mark[0], scope)


def _read(revision: int, scope: str) -> Learned:
    rows = AdjustmentRow.objects.as_of(revision).filter(scope__in={EVERYBODY, scope}).order_by("pk")
    return learn(_to_adjustment(row) for row in rows)


def _scope(user_id: int | None) -> str:
    return EVERYBODY if user_id is None else scope_of_user(user_id)


def _key(item: Adjustment) -> _Key:
    return (item.evidence, item.model_id, item.category, item.context_tag)


def _row_key(row: AdjustmentRow) -> _Key:
    return (row.evidence, row.model_id, row.category, row.context_tag)


def _says(row: AdjustmentRow | None, item: Adjustment) -> bool:
    return row is not None and (row.success_share, row.sample_count) == (item.success_share, item.sample_count)


def _to_row(item: Adjustment, scope: str, revision: int) -> AdjustmentRow:
    return AdjustmentRow(
        scope=scope,
        evidence=item.evidence,
        model_id=item.model_id,
        category=item.category,
        context_tag=item.context_tag,
        success_share=item.success_share,
        sample_count=item.sample_count,
        updated_at=item.updated_at,
        valid_from=revision,
    )


def _to_adjustment(row: AdjustmentRow) -> Adjustment:
    return Adjustment(
        evidence=Evidence(row.evidence),
        model_id=row.model_id,
        category=Category(row.category),
        success_share=row.success_share,
        sample_count=row.sample_count,
        context_tag=row.context_tag,
        updated_at=row.updated_at,
    )
