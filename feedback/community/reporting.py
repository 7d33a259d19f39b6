"""Taking reports as a community server: one vote an instance, one line a month, nothing else kept."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from catalog.queries import find_entry
from feedback.community.aggregation import COUNTED_FOR
from feedback.community.limits import hash_instance, hash_network, month_of
from feedback.community.models import BallotRow, NetworkSalt, ReportReceipt
from feedback.community.shapes import Report
from feedback.log import LONGEST_KEY
from runs.create import KeyReused
from smartspawn.lib.errors import InvalidParam, TooManyRequests

# A network has one vote, so more instances behind it gain nothing; a few people in one office still can report.
MOST_INSTANCES_A_NETWORK: Final = 20
# A client that has not heard an answer asks again within this time.
RECEIPTS_KEPT_FOR: Final = timedelta(days=7)


def take_report(*, report: Report, network: str, key: str = "", now: datetime | None = None) -> None:
    """Add what an instance says to its vote. The same sent twice under one key counts once.

    Raises InvalidParam for a model that the catalogue does not know, TooManyRequests for too many new instances in
    one network, and KeyReused.
    """
    now = now or timezone.now()
    entry = find_entry(report.model_id)
    if entry is None:
        raise InvalidParam(f"'{report.model_id[:80]}' is not in the catalogue.")
    if len(key) > LONGEST_KEY:
        raise InvalidParam(f"Idempotency-Key: at most {LONGEST_KEY} characters.")
    instance, month = hash_instance(report.instance_id), month_of(now)
    with transaction.atomic():
        if key and not _is_first(instance, key, report):
            return
        place = {"instance": instance, "model_id": entry.facts.model_id, "category": report.category, "month": month}
        hashed = hash_network(network, month)
        _check_instance(instance, hashed, now)
        BallotRow.objects.get_or_create(**place, defaults={"network": hashed})
        BallotRow.objects.filter(**place).update(
            score_sum=F("score_sum") + report.score, rating_count=F("rating_count") + 1, last_at=now
        )


def forget_instance(instance_id: str) -> int:
    """Drop every vote of this instance; how many there were."""
    count, _ = BallotRow.objects.filter(instance=hash_instance(instance_id)).delete()
    return count


def tidy_votes(now: datetime | None = None) -> int:
    """Drop votes that count no more, receipts that nobody needs, and the salts of months that are over."""
    now = now or timezone.now()
    dropped, _ = BallotRow.objects.filter(last_at__lt=now - COUNTED_FOR).delete()
    ReportReceipt.objects.filter(at__lt=now - RECEIPTS_KEPT_FOR).delete()
    NetworkSalt.objects.filter(month__lt=month_of(now)).delete()
    return dropped


def _is_first(instance: str, key: str, report: Report) -> bool:
    said_under = hashlib.sha256(json.dumps([instance, key]).encode()).hexdigest()
    body = hashlib.sha256(json.dumps([report.model_id, report.category, report.score]).encode()).hexdigest()
    receipt, is_new = ReportReceipt.objects.get_or_create(said_under=said_under, defaults={"body_sha256": body})
    if receipt.body_sha256 != body:
        raise KeyReused("This Idempotency-Key came with something else before. Use a new key for a new report.")
    return is_new


def _check_instance(instance: str, network: str, now: datetime) -> None:
    """Raise for an instance that is new in a network from which many have come this month."""
    month = month_of(now)
    here = BallotRow.objects.filter(month=month, network=network)
    if here.filter(instance=instance).exists():
        return
    if here.values("instance").distinct().count() >= MOST_INSTANCES_A_NETWORK:
        next_month = (month + timedelta(days=32)).replace(day=1)
        wait = datetime.combine(next_month, datetime.min.time(), tzinfo=now.tzinfo) - now
        raise TooManyRequests(
            f"Rate limit exceeded ({MOST_INSTANCES_A_NETWORK} new instances a month from one network)",
            retry_after_s=max(1, int(wait.total_seconds())),
        )
