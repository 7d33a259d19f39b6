"""Who does not judge: models that the person who asks was shown to disagree with. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from runs.plans.desk import Desk, family_of
from runs.shapes import ModelChoice


def families_aside(desk: Desk) -> Mapping[str, str]:
    """The families that judge no more for who asks, with a model of each."""
    return {family_of(model_id): model_id for model_id in sorted(desk.judges_aside)}


def aside_note(desk: Desk, judge: ModelChoice) -> str:
    """What a plan says about judges that were set aside; empty where there are none."""
    if not desk.judges_aside:
        return ""
    told = "; ".join(f"{model_id} ({why})" for model_id, why in sorted(desk.judges_aside.items()))
    if family_of(judge.model_id) in families_aside(desk):
        return f"No judge of another family can be reached, so {judge.model_id} judges, although set aside: {told}."
    return f"{judge.model_id} judges: set aside by your own ratings are {told}."
