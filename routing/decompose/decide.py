"""The use cases of taking a task apart: the rules of this folder, with models chosen as everywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils import timezone

from catalog.shapes import Budget
from routing.classifier import classify_all
from routing.decisions import store
from routing.decompose.assemble import assemble_steps, assemble_swarm
from routing.decompose.categories import settle_category
from routing.decompose.kept import main_category, pack_basis, pack_outcome
from routing.decompose.shapes import DecomposeRequest, Steps, Swarm
from routing.features import extract
from routing.ground import Ground, choose_on, find_ground
from routing.models import StoredDecision
from routing.shapes import Choice, Limits, TaskRequest
from routing.thresholds import CURRENT_POLICY
from smartspawn.access.shapes import Actor


def decompose(*, request: DecomposeRequest, actor: Actor, is_stored: bool = True) -> Steps:
    """The task's parts in order, a model for each. Raises InvalidParam for too many parts."""
    chooser = _Chooser(request, find_ground(actor))
    steps = assemble_steps(request, chooser.choose)
    return replace(steps, decision_id=_store("decompose", steps, None, chooser, actor)) if is_stored else steps


def swarm(*, request: DecomposeRequest, actor: Actor, is_stored: bool = True) -> Swarm:
    """The task's parts as a graph in waves, a model for each. Raises InvalidParam for too many parts."""
    chooser = _Chooser(request, find_ground(actor))
    found = assemble_swarm(request, chooser.choose)
    if not is_stored:
        return found
    decision_id = _store("swarm", found.steps, found, chooser, actor)
    return replace(found, steps=replace(found.steps, decision_id=decision_id))


@dataclass(frozen=True, slots=True)
class _Chooser:
    """Chooses on one ground, so that all parts are compared by the same data and limits."""

    request: DecomposeRequest
    ground: Ground

    @property
    def limits(self) -> Limits:
        """The limits of the whole; a part has a budget of its own."""
        return replace(self.ground.limits, budget=self.request.budget, exclude=frozenset())

    def choose(self, parts: Sequence[tuple[str, Budget]]) -> list[Choice]:
        """The model for each part, of this text and at this budget."""
        texts = [text for text, _ in parts]
        classified = dict(zip(texts, classify_all(texts), strict=True))
        limits, tags = self.limits, self.request.context_tags
        choices = []
        for text, budget in parts:
            task = TaskRequest(task=text, budget=budget, context_tags=tags)
            features = settle_category(extract(task, classified.__getitem__))
            choices.append(choose_on(self.ground, features, replace(limits, budget=budget), None))
        return choices


def _store(kind: str, steps: Steps, found: Swarm | None, chooser: _Chooser, actor: Actor) -> str:
    """Keep what was decided, that nothing was to be taken apart included, and return the id of its row."""
    row = StoredDecision(
        made_at=timezone.now(),
        kind=kind,
        category=main_category(steps.subtasks),
        budget=steps.request.budget,
        chosen=list(dict.fromkeys(part.model.model_id for part in steps.subtasks if part.model)),
        reason=steps.split.reason,
        catalog_revision=chooser.ground.desk.snapshot.revision,
        policy_version=CURRENT_POLICY.version,
        adjustment_revision=chooser.ground.mark[0],
        basis=pack_basis(steps, chooser.limits, actor.user_id),
        outcome=pack_outcome(steps, found),
    )
    return store(row, task=steps.request.task, actor=actor)
