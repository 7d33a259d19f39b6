"""The page of one's judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from catalog.charts import Figure
from feedback.judges.agreement import LEAST_KAPPA, LEAST_PAIRS, Agreement, Pair, agreement_of
from feedback.judges.charts import RATINGS, crossing_figure, crossings
from feedback.judges.review import list_pairs
from runs.judges import TRUSTED_FOR_PAIRS, JudgeStanding, list_judges, restore_judge
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Role

_MOST_DRAWN = 6  # a chart each: who has more judges has their records


@dataclass(frozen=True, slots=True)
class ShownJudge:
    """A judge with all that the page says of it."""

    standing: JudgeStanding
    categories: tuple[tuple[str, Agreement], ...]
    crossings: tuple[tuple[int, tuple[int, ...]], ...]
    figure: Figure | None


@requires_role(Role.VIEWER)
@require_safe
def judges(request: ActorRequest) -> HttpResponse:
    """What judges said of the answers that one rated oneself."""
    user_id = request.actor.user_id
    pairs = list_pairs(user_id) if user_id else ()
    context = {
        "judges": [_shown(item, pairs, place) for place, item in enumerate(list_judges(user_id))],
        "ratings": RATINGS,
        "least_kappa": LEAST_KAPPA,
        "least_pairs": LEAST_PAIRS,
        "trusted_for": TRUSTED_FOR_PAIRS,
        "can_change": request.actor.has_role(Role.MEMBER),
    }
    return render(request, "feedback/judges/judges.html", context)


@requires_role(Role.MEMBER)
@require_POST
def restore(request: ActorRequest) -> HttpResponse:
    """Let a judge judge again."""
    model_id = request.POST.get("model", "")
    restore_judge(model_id=model_id, actor=request.actor)
    messages.success(request, f"{model_id} judges your runs again.")
    return redirect("feedback:judges")


def _shown(standing: JudgeStanding, pairs: Sequence[Pair], place: int) -> ShownJudge:
    own = [pair for pair in pairs if pair.judge_id == standing.model_id]
    names = sorted({pair.category for pair in own})
    by_category = ((name, agreement_of([pair for pair in own if pair.category == name])) for name in names)
    figure = crossing_figure(own) if place < _MOST_DRAWN else None
    return ShownJudge(standing, tuple(by_category), crossings(own), figure)
