"""Keeping what people say of finished work: given, changed and taken back, and learned from at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from catalog.queries import find_entry
from catalog.shapes import Category
from feedback.exploring.links import check_decision, tried_in
from feedback.judges.review import review_judges
from feedback.learning import share_credit, weight_of, worth_of
from feedback.log import AHEAD_OF_TURN, Repeat, once, repeat_of, write_runs
from feedback.models import LessonRow, Rating, Spawn
from feedback.shapes import SAID_BY_HAND, Credit, OutcomeNote, Reason, Said, Subject, Verdict
from feedback.teach import lock_learner, relearn
from routing.classifier import classify
from runs.outcomes import WORK, NodeOutcome, RunOutcome, find_work, get_outcome, list_work, who_did_it
from smartspawn.access.audit import record
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import Conflict, InvalidParam, NotAllowed, NotFound

# An outcome that comes without an id is about the last such work that was logged, if that is not long ago.
_SAME_WORK: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Case:
    """A subject with all that is known of it before anything is written."""

    subject: Subject
    title: str
    run: RunOutcome | None = None
    nodes: tuple[NodeOutcome, ...] = ()  # of the run
    credits: tuple[Credit, ...] = ()  # of a node or spawn; those of a run depend on its nodes' own ratings
    category: Category = Category.GENERAL  # where a node has none

    @property
    def key(self) -> str:
        return key_of(self.subject)


def key_of(subject: Subject) -> str:
    """What a subject is kept under."""
    if subject.run_id is None:
        return f"spawn:{subject.spawn_id}"
    return f"node:{subject.run_id}:{subject.node_key}" if subject.node_key else f"run:{subject.run_id}"


def rate(*, subject: Subject, said: Said, actor: Actor) -> Rating:
    """Keep what this person says of a run, a node or a logged spawn, in place of what they said before.

    What was learned from it holds for the next choice. Raises NotFound for what this person may not see or
    what has not ended, NotAllowed for callers that are no person, InvalidParam for an empty rating.
    """
    return rate_many(judged=[(subject, said)], actor=actor)[0]


def rate_many(*, judged: Sequence[tuple[Subject, Said]], actor: Actor) -> list[Rating]:
    """Rate several things at once: all of them or none."""
    user_id = _person(actor)
    for _, said in judged:
        check(said)
    cases = [(_open(subject, actor), said) for subject, said in judged]
    with transaction.atomic():
        lock_learner(user_id)
        ratings = [_write(case, said, actor) for case, said in cases]
        for case in {case.key: case for case, _ in cases}.values():
            _teach(case, user_id, actor)
        relearn(user_id)
        review_judges(user_id=user_id, run_ids=_runs_of(ratings), actor=actor)
    return ratings


def prefer(*, run_id: UUID, node_key: str, actor: Actor) -> None:
    """Of several answers to the same task, say which was best, not knowing whose it was.

    A score that a person gave to an answer stays, and says more. Raises Conflict once they have chosen another: names
    are told then, and what is said knowing them is no comparison.
    """
    run = get_outcome(run_id, actor)
    keys = [node.key for node in who_did_it(run.mode, list_work([run_id]))]
    if node_key not in keys or len(keys) < 2:
        raise NotFound(f"This run has no answer '{node_key[:60]}' beside others.")
    said = Rating.objects.filter(user_id=_person(actor), run_id=run_id)
    if said.filter(verdict=Verdict.PREFERRED).exclude(node_key=node_key).exists():
        raise Conflict(
            "You have chosen already, and know whose answers these are. Take that back first if it was a slip."
        )
    scored = set(said.filter(score__isnull=False).values_list("node_key", flat=True))
    words = {key: Verdict.PREFERRED if key == node_key else Verdict.PASSED_OVER for key in keys}
    judged = [(Subject(run_id, key), Said(verdict=word)) for key, word in words.items() if key not in scored]
    if judged:
        rate_many(judged=judged, actor=actor)


def withdraw(*, rating_id: int, actor: Actor) -> None:
    """Take back what this person said; what it taught is forgotten at once. Raises NotFound."""
    user_id = _person(actor)
    with transaction.atomic():
        lock_learner(user_id)
        rating = Rating.objects.filter(pk=rating_id, user_id=user_id).first()
        if rating is None:
            raise NotFound(f"There is no rating {rating_id} of yours.")
        told, subject = _told(rating), subject_of(rating)
        rating.delete()
        if subject.node_key:
            _teach_whole(subject, user_id, actor)
        relearn(user_id)
        review_judges(user_id=user_id, run_ids=_runs_of([rating]), actor=actor)
        record(actor=actor, action="rating.withdraw", subject=str(subject), before=told)


def record_outcome(*, note: OutcomeNote, actor: Actor, key: str = "") -> Rating:
    """Keep how a model did elsewhere. It counts for the person whose key or session sends it.

    What nobody in particular says is kept apart and moves no choice of anybody. Raises InvalidParam for a
    model that neither the catalogue nor this person's own log knows.
    """
    _check_model(note, actor)
    check_decision(note.decision_id, actor)
    repeat = repeat_of(key, actor, "outcome", note)
    return once(Rating, repeat, lambda: _write_outcome(note, actor, repeat))


def check(said: Said) -> None:
    """Raise InvalidParam for what is no rating."""
    if said.score is None and said.verdict is None:
        raise InvalidParam("A rating needs a score from 1 to 5, or a verdict.")
    if said.score is not None and not 1 <= said.score <= 5:
        raise InvalidParam("rating must be a whole number from 1 to 5")
    if said.score is not None and said.verdict is not None and said.verdict not in SAID_BY_HAND:
        raise InvalidParam(f"A score goes with {' or '.join(SAID_BY_HAND)} alone.")


# --- what a rating is about ----------------------------------------------------------------


def _person(actor: Actor) -> int:
    if actor.user_id is None:
        raise NotAllowed("Only a person, or a person's key, can rate.")
    return actor.user_id


def _open(subject: Subject, actor: Actor) -> _Case:
    run_id, key = subject.run_id, subject.node_key
    if subject.spawn_id is not None:
        spawn = Spawn.objects.filter(pk=subject.spawn_id, user_id=_person(actor)).first()
        if spawn is None:
            raise NotFound(f"There is no logged spawn {subject.spawn_id} of yours.")
        if spawn.run_id is None:
            return _spawn_case(spawn)
        run_id, key = spawn.run_id, spawn.node_key  # logged by a run of ours: it is that run's node
    if run_id is None:
        raise NotFound("There is no such work.")
    return _run_case(get_outcome(run_id, actor), key)


def _run_case(run: RunOutcome, key: str) -> _Case:
    subject = Subject(run.run_id, key)
    # Of a run whose text was let go nobody can tell any more: it is general, as in the log.
    asked = classify(run.task).category if run.task else Category.GENERAL
    category = Category(run.category or asked.value)
    if not key:
        nodes = who_did_it(run.mode, list_work([run.run_id]))
        return _Case(subject, run.title, run, nodes, category=category)
    node = find_work(run.run_id, key)
    if node is None:
        raise NotFound(f"'{key[:60]}' is no node of this run that a model has completed.")
    is_lesson = node.purpose in WORK and not run.is_simulated  # judging well is no coding
    own = share_credit([_place(run, node, category)]) if is_lesson else ()
    return _Case(subject, node.title[:200], run, (), own, category)


def _spawn_case(spawn: Spawn) -> _Case:
    own = share_credit([(spawn.model_id, Category(spawn.category), tuple(spawn.context_tags))])
    return _Case(Subject(spawn_id=spawn.pk), f"{spawn.model_id} on {spawn.category}", credits=own)


def _place(run: RunOutcome, node: NodeOutcome, otherwise: Category) -> tuple[str, Category, tuple[str, ...]]:
    return node.model_id, Category(node.category or otherwise), run.context_tags


# --- writing -------------------------------------------------------------------------------


def _write(case: _Case, said: Said, actor: Actor) -> Rating:
    user_id = _person(actor)
    before = Rating.objects.filter(user_id=user_id, subject_key=case.key).first()
    fields: dict[str, Any] = {
        "key_id": actor.key_id,
        "run_id": case.subject.run_id,
        "node_key": case.subject.node_key,
        "spawn_id": case.subject.spawn_id,
        "score": said.score,
        "verdict": said.verdict or "",
        "reasons": [reason.value for reason in said.reasons],
        "title": case.title,
        "at": timezone.now(),
    }
    rating, _ = Rating.objects.update_or_create(user_id=user_id, subject_key=case.key, defaults=fields)
    record(
        actor=actor,
        action="rating.set",
        subject=str(case.subject),
        before=_told(before) if before else None,
        after=_told(rating),
    )
    return rating


def _teach(case: _Case, user_id: int, actor: Actor) -> None:
    """Make the lessons of this case's rating anew; those of its run too, whose shares may have changed."""
    if case.run is not None:
        write_runs([case.run], source=AHEAD_OF_TURN)
    rating = Rating.objects.get(user_id=user_id, subject_key=case.key)
    is_whole = case.run is not None and not case.subject.node_key
    _write_lessons(rating, _run_credit(case, user_id) if is_whole else case.credits)
    if case.subject.node_key:
        _teach_whole(case.subject, user_id, actor)


def _teach_whole(node: Subject, user_id: int, actor: Actor) -> None:
    """Make the lessons of the rating of this node's run anew, where there is one."""
    subject = Subject(node.run_id)
    whole = Rating.objects.filter(user_id=user_id, subject_key=key_of(subject)).first()
    if whole is not None:
        _write_lessons(whole, _run_credit(_open(subject, actor), user_id))


def _run_credit(case: _Case, user_id: int) -> tuple[Credit, ...]:
    """The run's rating for those of its nodes that have none of their own."""
    if case.run is None or case.run.is_simulated:
        return ()
    rated = Rating.objects.filter(user_id=user_id, run_id=case.run.run_id).exclude(node_key="")
    keys = set(rated.exclude(verdict=Verdict.SET_ASIDE).values_list("node_key", flat=True))
    left = [_place(case.run, node, case.category) for node in case.nodes if node.key not in keys]
    return share_credit(left, of_count=len(case.nodes))


def _write_lessons(rating: Rating, credit: Iterable[Credit], decision_id: UUID | None = None) -> None:
    said = said_of(rating)
    worth = worth_of(said)
    rating.lessons.all().delete()
    if worth is None:
        return
    tried = tried_in(rating, decision_id)
    LessonRow.objects.bulk_create(
        LessonRow(
            rating=rating,
            tried_by=tried.get(item.model_id),
            user_id=rating.user_id,
            model_id=item.model_id,
            category=item.category,
            context_tags=list(item.context_tags),
            worth_share=worth,
            weight_share=item.weight_share * weight_of(said),
            at=rating.first_at,  # saying it again makes it no fresher
        )
        for item in credit
    )


def subject_of(rating: Rating) -> Subject:
    """What a kept rating is about."""
    return Subject(rating.run_id, rating.node_key, rating.spawn_id)


def said_of(rating: Rating) -> Said:
    """What a kept rating says."""
    return Said(
        rating.score,
        Verdict(rating.verdict) if rating.verdict else None,
        tuple(Reason(word) for word in rating.reasons),
    )


def _runs_of(ratings: Iterable[Rating]) -> list[UUID]:
    return list({rating.run_id for rating in ratings if rating.run_id is not None})


def _told(rating: Rating) -> dict[str, object]:
    return {"score": rating.score, "verdict": rating.verdict, "reasons": rating.reasons}


# --- outcomes from elsewhere ---------------------------------------------------------------


def _check_model(note: OutcomeNote, actor: Actor) -> None:
    if find_entry(note.model_id) is not None:
        return
    if actor.user_id is None or not Spawn.objects.filter(user_id=actor.user_id, model_id=note.model_id).exists():
        raise InvalidParam(f"'{note.model_id[:80]}' is neither in the catalogue nor in your log of work.")


def _write_outcome(note: OutcomeNote, actor: Actor, repeat: Repeat) -> Rating:
    with transaction.atomic():
        spawn = None
        if actor.user_id is not None:
            lock_learner(actor.user_id)
            spawn = _find_same_work(note, actor.user_id)
        rating = Rating.objects.create(
            user_id=actor.user_id,
            key_id=actor.key_id,
            spawn=spawn,
            subject_key=key_of(Subject(spawn_id=spawn.pk)) if spawn else None,
            score=note.score,
            title=f"{note.model_id} on {note.category}",
            said_under=repeat.said_under,
            body_sha256=repeat.body_sha256,
        )
        tags = note.context_tags or (tuple(spawn.context_tags) if spawn else ())
        _write_lessons(rating, share_credit([(note.model_id, note.category, tags)]), note.decision_id)
        if actor.user_id is not None:
            relearn(actor.user_id)
            record(actor=actor, action="rating.set", subject=f"{note.model_id} on {note.category}", after=_told(rating))
    return rating


def _find_same_work(note: OutcomeNote, user_id: int) -> Spawn | None:
    """The newest logged spawn that this outcome can be about."""
    is_of_it = Q() if note.decision_id is None else Q(decision_id=None) | Q(decision_id=note.decision_id)
    return (
        Spawn.objects.filter(user_id=user_id, model_id=note.model_id, category=note.category, is_estimate=True)
        .filter(is_of_it)
        .filter(at__gte=timezone.now() - _SAME_WORK, ratings=None)
        .order_by("-at", "-pk")
        .first()
    )
