"""What the classifier answers, by the names and in the orders of spawn-router's model card, and our one head more."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.shapes import Category
from routing.shapes import Complexity, Risk, TaskType

HEADS: Mapping[str, tuple[str, ...]] = {
    "complexity": tuple(Complexity),
    "task_type": tuple(TaskType),
    "risk": tuple(Risk),
    "category": tuple(Category),
}
OPTIONAL_HEADS = frozenset({"category"})  # a spawn-router folder has none

COMPLEXITY_SUBS = ("reasoning_depth", "scope_breadth", "domain_knowledge", "spec_completeness")
RISK_SUBS = ("security_surface", "data_sensitivity", "production_exposure", "reversal_cost")
SUB_DIMENSIONS = COMPLEXITY_SUBS + RISK_SUBS

LOGITS_OUTPUT: Mapping[str, str] = {head: f"{head}_logits" for head in HEADS}
SUB_OUTPUT: Mapping[str, str] = {
    **{name: f"complexity_sub_{name}" for name in COMPLEXITY_SUBS},
    **{name: f"risk_sub_{name}" for name in RISK_SUBS},
}
