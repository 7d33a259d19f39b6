"""Sharing one's own ratings: only by choice, only four fields, and all of it can be looked at beforehand."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from catalog.shapes import Category
from feedback.community.models import CommunityPost, Sharer
from feedback.community.presenters import report_payload
from feedback.community.shapes import PostKind, PostState, Report
from feedback.models import LessonRow
from smartspawn.access.audit import record
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import Conflict, NotAllowed, NotFound

# A rating that is changed within this time was never sent; later changes stay at home.
SETTLED_AFTER: Final = timedelta(hours=1)
_FORGOTTEN: Final = "forgotten"
# Of a withdrawal that has arrived: the id that the server was to forget is forgotten here too.
FORGOTTEN_BODY: Final = "{}"
# Withdrawals that did not get through, and can be asked for again.
GIVEN_UP: Final[Mapping[str, str]] = {
    "kind": PostKind.WITHDRAW.value,
    "state": PostState.DEAD.value,
    "body__contains": "instanceId",
}
_FIELDS: Final = ("rating_id", "model_id", "category", "rating__score", "rating__at")
# What ``Shared.about`` says, in the database's words: there may be a hundred thousand of them.
_KNOWN_BY: Final = Concat(
    *(Value("rating "), Cast("rating_id", CharField()), Value(": "), "model_id", Value(" on "), "category"),
    output_field=CharField(),
)


@dataclass(frozen=True, slots=True)
class Shared:
    """One rating as it would go out."""

    rating_id: int
    rated_at: datetime
    report: Report

    @property
    def about(self) -> str:
        """What it is known by, so that it goes out once."""
        return f"rating {self.rating_id}: {self.report.model_id} on {self.report.category}"

    @property
    def body(self) -> str:
        """Exactly what is sent."""
        return json.dumps(report_payload(self.report))


def why_not() -> str:
    """What keeps this site from sending anything, in words; empty where nothing does."""
    if settings.DO_NOT_TRACK:
        return "DO_NOT_TRACK is set for this site: nothing is sent, whoever wants to share."
    if not settings.COMMUNITY_URL:
        return "No community server is set: the site's owner names one in COMMUNITY_URL."
    return ""


def preview(sharer: Sharer, *, most: int) -> tuple[Shared, ...]:
    """The next ratings that go out, or would: the payloads themselves."""
    return tuple(_unsent(sharer, before=timezone.now(), most=most))


def start_sharing(*, actor: Actor, now: datetime | None = None) -> None:
    """Share what this person rates from now on. Raises Conflict where the site sends nothing."""
    if words := why_not():
        raise Conflict(words)
    with transaction.atomic():
        sharer = _lock(actor)
        if not sharer.is_on:
            sharer.is_on, sharer.shares_from = True, now or timezone.now()
            sharer.save()
            record(actor=actor, action="community.share", subject="own ratings", after={"is_on": True})


def stop_sharing(*, actor: Actor) -> None:
    """Share no more; what waits is not sent."""
    with transaction.atomic():
        sharer = _lock(actor)
        _stop(sharer)
        record(actor=actor, action="community.share", subject="own ratings", after={"is_on": False})


def rotate_instance(*, actor: Actor) -> None:
    """Report under a new id from now on. The old one is kept nowhere: what it said can be taken back no more."""
    with transaction.atomic():
        sharer = _lock(actor)
        _forget_instance(sharer)
        record(actor=actor, action="community.rotate", subject="instance id")


def withdraw_all(*, actor: Actor) -> None:
    """Share no more, and have the server forget what it was sent under the present id."""
    with transaction.atomic():
        sharer = _lock(actor)
        _stop(sharer)
        instance_id = str(sharer.instance_id)
        CommunityPost.objects.create(
            user_id=sharer.user_id,
            kind=PostKind.WITHDRAW,
            about=f"withdraw {uuid.uuid4()}",
            body=json.dumps({"instanceId": instance_id}),
        )
        _forget_instance(sharer)
        record(actor=actor, action="community.withdraw", subject="own ratings")


def ask_again(*, actor: Actor, post_id: int) -> None:
    """Ask the server once more to forget what it was sent, where that was given up. Raises NotFound.

    What it forgets twice is forgotten: whether an answer was lost or the question makes no difference.
    """
    with transaction.atomic():
        sharer = _lock(actor)
        given_up = CommunityPost.objects.filter(pk=post_id, user_id=sharer.user_id, **GIVEN_UP)
        if not given_up.update(
            state=PostState.WAITING,
            attempt_count=0,
            next_at=timezone.now(),
            closed_at=None,
            answer_status=None,
            error="",
        ):
            raise NotFound("There is no such request that was given up.")
        record(actor=actor, action="community.withdraw", subject="own ratings", after={"again": True})


def gather(now: datetime | None = None) -> int:
    """Put the settled ratings of all who share into the outbox; how many."""
    if why_not():
        return 0
    now = now or timezone.now()
    count = 0
    for user_id in list(Sharer.objects.filter(is_on=True).values_list("pk", flat=True)):
        with transaction.atomic():
            sharer = Sharer.objects.select_for_update().get(pk=user_id)
            if sharer.is_on:
                count += _put_out(sharer, tuple(_unsent(sharer, before=now - SETTLED_AFTER)))
    return count


def _put_out(sharer: Sharer, some: Sequence[Shared]) -> int:
    CommunityPost.objects.bulk_create(
        (
            CommunityPost(
                user_id=sharer.user_id,
                kind=PostKind.REPORT,
                about=item.about,
                rating_id=item.rating_id,
                body=item.body,
            )
            for item in some
        ),
        ignore_conflicts=True,
        batch_size=200,
    )
    return len(some)


def _unsent(sharer: Sharer, *, before: datetime, most: int | None = None) -> Iterator[Shared]:
    """What this person rated since they share, with a score, and about one model alone; simulated work has no lessons.

    A rating of a whole run that several models share says little about each: it stays at home.
    """
    rows = LessonRow.objects.filter(
        user_id=sharer.user_id,
        weight_share=1.0,
        rating__score__isnull=False,
        rating__first_at__gte=sharer.shares_from,
        rating__at__lte=before,
    )
    sent = CommunityPost.objects.filter(user_id=sharer.user_id, about=OuterRef("known_by"))
    unsent = rows.annotate(known_by=_KNOWN_BY).exclude(Exists(sent)).order_by("pk")
    for rating_id, model_id, category, score, rated_at in unsent.values_list(*_FIELDS)[:most]:
        yield Shared(rating_id, rated_at, Report(model_id, Category(category), score, str(sharer.instance_id)))


def _lock(actor: Actor) -> Sharer:
    if actor.user_id is None:
        raise NotAllowed("Only a person has ratings to share.")
    Sharer.objects.get_or_create(user_id=actor.user_id)
    return Sharer.objects.select_for_update().get(pk=actor.user_id)


def _stop(sharer: Sharer) -> None:
    sharer.is_on = False
    sharer.save()
    waiting = CommunityPost.objects.filter(user_id=sharer.user_id, state=PostState.WAITING, kind=PostKind.REPORT)
    waiting.delete()


def _forget_instance(sharer: Sharer) -> None:
    """A new id; the old one goes out of what was sent, and what waits goes out under the new one."""
    old = str(sharer.instance_id)
    sharer.instance_id = uuid.uuid4()
    sharer.save()
    reports = CommunityPost.objects.filter(user_id=sharer.user_id, kind=PostKind.REPORT, body__contains=old)
    changed: list[CommunityPost] = []
    for post in reports:
        is_waiting = post.state == PostState.WAITING
        post.body = post.body.replace(old, str(sharer.instance_id) if is_waiting else _FORGOTTEN)
        changed.append(post)
    CommunityPost.objects.bulk_update(changed, ["body"], batch_size=200)
