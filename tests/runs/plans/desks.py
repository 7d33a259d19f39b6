"""A desk for tests of planning: eight made-up models, real dividing of tasks, no catalogue and no database."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from catalog.rules import BUDGET_RANGES_USD_PER_MTOK
from catalog.shapes import Budget, Category
from routing.decompose.budgets import step_budget
from routing.decompose.graph import build_graph
from routing.decompose.shapes import CostInterval, DecomposeRequest, Steps, Subtask, Swarm
from routing.decompose.split import split_task
from routing.decompose.topics import describe
from routing.decompose.waves import plan_waves
from runs.plans.desk import Ask, Chosen, Desk, RoleText, family_of
from runs.shapes import ModelChoice, RoleRequest


def model(model_id: str, score: float, prompt_usd: str, **changes: object) -> ModelChoice:
    """A model with one score for everything; what it writes costs four times what it reads."""
    price = Decimal(prompt_usd)
    choice = ModelChoice(
        model_id,
        score=score,
        category=Category.GENERAL,
        prompt_usd_per_mtok=price,
        completion_usd_per_mtok=4 * price,
        context_length_tokens=200_000,
        max_output_tokens=64_000,
    )
    return replace(choice, **changes)


MODELS = (
    model("anthropic/grand", 88, "15"),
    model("openai/big", 84, "4"),
    model("anthropic/middle", 82, "3"),
    model("x-ai/wide", 76, "2"),
    model("google/quick", 72, "0.3"),
    model("openai/small", 70, "0.4"),
    model("deepseek/thrifty", 71, "0.5"),
    model("meta/open", 60, "0.1"),
)
GROUNDED = frozenset({"google"})


class Counter:
    """A desk's choosing, remembering what it was asked."""

    def __init__(self, models: tuple[ModelChoice, ...]) -> None:
        self.models = models
        self.asks: list[Ask] = []

    def choose(self, ask: Ask) -> Chosen:
        self.asks.append(ask)
        low, high = BUDGET_RANGES_USD_PER_MTOK[ask.budget]
        ranked = [
            item
            for item in sorted(self.models, key=lambda item: -(item.score or 0))
            if low <= (item.prompt_usd_per_mtok or 0) <= (Decimal(10**9) if high is None else high)
            and item.model_id not in ask.exclude
            and family_of(item.model_id) not in ask.exclude_providers
            and (not ask.is_grounded or family_of(item.model_id) in GROUNDED)
        ]
        first: dict[str, ModelChoice] = {}
        for item in ranked:
            first.setdefault(family_of(item.model_id), item)
        taken = (*first.values(), *(item for item in ranked if item not in first.values()))
        named = tuple(replace(item, decision_id=f"d{len(self.asks)}") for item in taken)
        return Chosen(named[: ask.count], named[ask.count : ask.count + 2] if ask.count == 1 else (), "nothing fits")


def make_desk(models: tuple[ModelChoice, ...] = MODELS, **changes: object) -> Desk:
    """The desk; ``can_search`` and the like may be changed."""
    counter = Counter(models)
    by_id = {item.model_id: item for item in models}
    desk = Desk(
        choose=counter.choose,
        split=_split,
        swarm=_swarm,
        compose=_compose,
        find_model=by_id.get,
        why_unreachable=lambda _model_id: "",
        can_ground=lambda model_id: family_of(model_id) in GROUNDED,
        can_search=False,
        why_no_search="No search provider is set up.",
    )
    return replace(desk, **changes)


def _compose(role: RoleRequest) -> RoleText:
    parts = [role.persona, *role.stack, role.domain, role.format, *role.guardrails]
    return RoleText(" ".join(part for part in parts if part), ("Unknown persona",) if role.persona == "nobody" else ())


def _split(task: str, budget: Budget) -> Steps:
    split = split_task(task)
    parts = tuple(Subtask(part, Category.GENERAL, step_budget(part, budget), "", None, "") for part in split.parts)
    return Steps(DecomposeRequest(task, budget), split, parts)


def _swarm(task: str, budget: Budget) -> Swarm:
    steps = _split(task, budget)
    graph = build_graph([describe(part) for part in steps.split.parts], steps.split.kind)
    return Swarm(steps, graph, plan_waves(len(steps.subtasks), graph.edges, 5), CostInterval(None, None))
