"""Making what was said count: a person's record of every model, published for the next choice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from catalog.shapes import Category
from feedback.learning import FORGOTTEN_AFTER, counted, tally, week_of
from feedback.models import Learner, LearningSwitch, LessonRow
from feedback.shapes import CategorySwitch, Lesson, Tally
from routing.adjustments import publish, scope_of_user
from routing.shapes import Adjustment, Evidence
from smartspawn.access.audit import record
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import NotAllowed

_OWNED: Final = (Evidence.PERSONAL, Evidence.CONTEXT)


def lock_learner(user_id: int) -> None:
    """Be the only one who changes what is known of this person, until the transaction ends."""
    Learner.objects.get_or_create(user_id=user_id)
    Learner.objects.select_for_update().get(user_id=user_id)


def relearn(user_id: int, now: datetime | None = None) -> tuple[Tally, ...]:
    """Work out this person's records from all their ratings and publish them; what they were, is replaced.

    Call inside the transaction that changes a rating, behind ``lock_learner``.
    """
    as_of = week_of(now or timezone.now())
    lessons = counted(list_lessons(user_id, as_of), switches_of(user_id))
    tallies = tally(lessons, as_of=as_of)
    publish([_to_adjustment(item) for item in tallies], scope=scope_of_user(user_id), is_whole=_OWNED)
    return tallies


def relearn_everybody() -> int:
    """Work out everybody's records anew; the count of people."""
    user_ids = list(Learner.objects.order_by("pk").values_list("pk", flat=True))
    for user_id in user_ids:
        with transaction.atomic():
            lock_learner(user_id)
            relearn(user_id)
    return len(user_ids)


def list_lessons(user_id: int | None, as_of: datetime) -> tuple[Lesson, ...]:
    """What this person's ratings say, as far as it is not forgotten; None: those of nobody in particular."""
    whose = Q(user=None) if user_id is None else Q(user_id=user_id)
    rows = LessonRow.objects.filter(whose, at__gte=as_of - FORGOTTEN_AFTER).order_by("pk")
    fields = ("model_id", "category", "worth_share", "weight_share", "at", "context_tags")
    return tuple(
        Lesson(model_id, Category(category), worth, weight, at, tuple(tags))
        for model_id, category, worth, weight, at, tags in rows.values_list(*fields)
    )


def switches_of(user_id: int) -> Mapping[Category, CategorySwitch]:
    """What this person set about learning, by category."""
    rows = LearningSwitch.objects.filter(user_id=user_id)
    return {Category(row.category): CategorySwitch(Category(row.category), row.is_on, row.counts_from) for row in rows}


def switch_learning(*, category: Category, is_on: bool, actor: Actor) -> None:
    """Let ratings in this category count, or not; they are kept either way, and new ones taken."""
    _set(category, actor, "learning.switch", is_on=is_on)


def reset_learning(*, category: Category, actor: Actor) -> None:
    """Begin anew in this category: what was said until now counts no more, and is kept."""
    _set(category, actor, "learning.reset", counts_from=timezone.now())


def restore_learning(*, category: Category, actor: Actor) -> None:
    """Let everything that was ever said in this category count again."""
    _set(category, actor, "learning.restore", counts_from=None)


def _set(category: Category, actor: Actor, action: str, **fields: object) -> None:
    if actor.user_id is None:
        raise NotAllowed("Only a person has ratings that count.")
    with transaction.atomic():
        lock_learner(actor.user_id)
        before = LearningSwitch.objects.filter(user_id=actor.user_id, category=category).first()
        said = {name: getattr(before, name) for name in fields} if before else None
        LearningSwitch.objects.update_or_create(user_id=actor.user_id, category=category, defaults=fields)
        relearn(actor.user_id)
        record(
            actor=actor,
            action=action,
            subject=f"category {category}",
            before={name: str(value) for name, value in said.items()} if said else None,
            after={name: str(value) for name, value in fields.items()},
        )


def _to_adjustment(item: Tally) -> Adjustment:
    return Adjustment(
        evidence=Evidence.CONTEXT if item.context_tag else Evidence.PERSONAL,
        model_id=item.model_id,
        category=item.category,
        success_share=item.success_share,
        sample_count=item.sample_count,
        context_tag=item.context_tag,
        updated_at=item.last_at,
    )
