"""Which models may judge whose runs: published by those who hold verdicts against ratings, heeded by planning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from runs.models import JudgeRecord, Node
from runs.shapes import NodeStatus, Purpose
from runs.texts.verdicts import Verdict
from smartspawn.access.audit import record
from smartspawn.access.shapes import Actor
from smartspawn.lib.errors import NotAllowed, NotFound

# A judge that a person put back is looked at again after so many more ratings: what is known of it was overruled.
TRUSTED_FOR_PAIRS: Final = 20
_SINGLE: Final = (Verdict.SCORE, Verdict.CRITIQUE)  # verdicts on one answer


@dataclass(frozen=True, slots=True)
class JudgeStanding:
    """How well one judge agrees with one person."""

    model_id: str
    kappa: float | None
    lower: float | None
    upper: float | None
    pair_count: int
    is_below: bool = False  # surely, by whatever rule its agreement is judged
    set_aside_at: datetime | None = None

    @property
    def told(self) -> str:
        """The record in words."""
        if self.kappa is None or self.lower is None or self.upper is None:
            return f"no agreement can be worked out from {self.pair_count} ratings"
        return f"kappa {self.kappa:.2f} ({self.lower:.2f} to {self.upper:.2f}) over {self.pair_count} ratings"


@dataclass(frozen=True, slots=True)
class GivenVerdict:
    """What a judge said of one answer."""

    run_id: object
    judge_id: str
    judged_key: str
    score: float  # 1-10
    category: str


def list_verdicts(run_ids: Iterable[object]) -> tuple[GivenVerdict, ...]:
    """Every score that a judge or critic gave to one answer of these runs; simulated runs say nothing."""
    rows = Node.objects.filter(
        run_id__in=list(run_ids),
        purpose__in=[Purpose.JUDGE, Purpose.CRITIC],
        status=NodeStatus.COMPLETED,
        score__isnull=False,
        run__is_simulated=False,
    ).order_by("run_id", "position")
    fields = ("run_id", "model_id", "depends_on", "score", "run__category", "spec__params__verdict")
    return tuple(
        GivenVerdict(run_id, model_id, str(depends_on[0]), score, category)
        for run_id, model_id, depends_on, score, category, kind in rows.values_list(*fields)
        if kind in _SINGLE and depends_on and model_id
    )


def publish_judges(standings: Iterable[JudgeStanding], *, user_id: int, actor: Actor) -> None:
    """Let these records hold for the person's next run, and no others; who is set aside or back is audited."""
    now = timezone.now()
    with transaction.atomic():
        before = {row.model_id: row for row in JudgeRecord.objects.select_for_update().filter(user_id=user_id)}
        for item in standings:
            row = before.pop(item.model_id, None) or JudgeRecord(user_id=user_id, model_id=item.model_id)
            is_aside = item.is_below and item.pair_count >= row.trusted_until_count
            was_aside = row.set_aside_at is not None
            row.kappa, row.kappa_lower, row.kappa_upper = item.kappa, item.lower, item.upper
            row.pair_count, row.updated_at = item.pair_count, now
            row.set_aside_at = (row.set_aside_at or now) if is_aside else None
            row.save()
            if is_aside != was_aside:
                action = "judge.set_aside" if is_aside else "judge.back"
                record(actor=actor, action=action, subject=f"judge {item.model_id}", after={"record": item.told})
        JudgeRecord.objects.filter(pk__in=[row.pk for row in before.values()]).delete()


def restore_judge(*, model_id: str, actor: Actor) -> None:
    """Let a judge that was set aside judge this person's runs again. Raises NotFound or NotAllowed."""
    if actor.user_id is None:
        raise NotAllowed("Only a person, or a person's key, has judges of their own.")
    with transaction.atomic():
        row = JudgeRecord.objects.select_for_update().filter(user_id=actor.user_id, model_id=model_id).first()
        if row is None or row.set_aside_at is None:
            raise NotFound(f"'{model_id[:200]}' is not set aside.")
        row.set_aside_at = None
        row.trusted_until_count = row.pair_count + TRUSTED_FOR_PAIRS
        row.save()
        record(actor=actor, action="judge.restore", subject=f"judge {model_id}", after={"record": _standing(row).told})


def list_judges(user_id: int | None) -> tuple[JudgeStanding, ...]:
    """The records of this person's judges, those with most ratings first."""
    rows = JudgeRecord.objects.filter(user_id=user_id).order_by("-pair_count", "model_id") if user_id else ()
    return tuple(map(_standing, rows))


def judges_aside(user_id: int | None) -> Mapping[str, str]:
    """The judges that this person's runs do without, with why."""
    return {item.model_id: item.told for item in list_judges(user_id) if item.set_aside_at is not None}


def _standing(row: JudgeRecord) -> JudgeStanding:
    return JudgeStanding(
        row.model_id,
        row.kappa,
        row.kappa_lower,
        row.kappa_upper,
        row.pair_count,
        is_below=row.set_aside_at is not None,
        set_aside_at=row.set_aside_at,
    )
