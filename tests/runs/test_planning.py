"""Planning on the real desk: a published catalogue, real choosing, and connections by their keys."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from catalog.shapes import Budget
from routing.limits import set_limits
from routing.models import StoredDecision
from routing.shapes import Limits
from runs.connections.held import forget
from runs.forecast import forecast
from runs.planning import plan_run
from runs.plans.desk import family_of
from runs.shapes import Mode, Plan, RoleRequest, RunOptions, RunRequest
from smartspawn.access.shapes import COMMAND_LINE
from smartspawn.lib.errors import Conflict, InvalidParam, NoModel
from tests.factories import make_snapshot, publish_snapshot
from tests.routing.conftest import entry, models

pytestmark = pytest.mark.django_db

LIST = "1. Write the database schema\n2. Write the REST API\n3. Write the tests"


@pytest.fixture(autouse=True)
def _site(settings: Any) -> Any:
    claude = entry("anthropic/claude-opus-4.6", 87, "15"), entry("anthropic/claude-sonnet-4.5", 81, "3")
    publish_snapshot(make_snapshot(*models(), *claude))
    settings.PROVIDER_KEYS = {"OPENROUTER_API_KEY": "sk-or-test"}
    settings.SEARCH_PROVIDER = ""
    forget()
    yield
    forget()


def connect(settings: Any, **keys: str) -> None:
    settings.PROVIDER_KEYS = keys
    forget()


def plan(mode: Mode = Mode.SINGLE, *, is_stored: bool = True, **changes: object) -> Plan:
    request = RunRequest(mode, **{"task": "Explain how photosynthesis works.", **changes})
    return plan_run(request=request, actor=COMMAND_LINE, is_stored=is_stored)


def test_the_model_is_the_one_that_routing_chooses_with_price_limits_and_reason():
    (node,) = plan().nodes
    assert node.model.model_id == "openai/big"
    assert node.model.prompt_usd_per_mtok == Decimal(5)
    assert node.model.context_length_tokens == 200_000
    assert "leads" in node.model.reason
    assert node.model.category


def test_each_of_several_models_says_why_it_was_taken_itself():
    *workers, _ = plan(Mode.COLLECTIVE).nodes
    reasons = [worker.model.reason for worker in workers]
    assert "leads" in reasons[0]
    for worker, reason in zip(workers[1:], reasons[1:], strict=True):
        assert "is the next best of another provider" in reason
        assert f"with {worker.model.score:.1f}" in reason
    assert len(set(reasons)) == len(reasons) >= 2


def test_each_choice_is_a_decision_that_can_be_looked_up():
    made = plan(Mode.SWARM, task=LIST)
    assert len(made.decision_ids) == 4  # three parts and the merge
    assert set(made.decision_ids) <= {str(pk) for pk in StoredDecision.objects.values_list("pk", flat=True)}


def test_a_preview_keeps_no_decision():
    assert plan(Mode.SWARM, task=LIST, is_stored=False).decision_ids == ()
    assert not StoredDecision.objects.exists()


def test_a_simulated_run_keeps_no_decision():
    with pytest.raises(NoModel, match="simulate_provider"):
        plan(is_simulated=True)
    assert not StoredDecision.objects.exists()


def test_only_models_that_a_connection_serves_are_chosen(settings: Any):
    connect(settings, ANTHROPIC_API_KEY="sk-ant-test")
    made = plan(Mode.COLLECTIVE, budget=Budget.ANY)
    families = {family_of(node.model.model_id) for node in made.nodes}
    assert families == {"anthropic"}
    assert any("one provider" in note for note in made.notes)


def test_without_any_connection_it_is_said_what_to_do(settings: Any):
    connect(settings)
    with pytest.raises(NoModel, match="Connections page"):
        plan()


def test_a_named_model_without_a_connection_is_refused_with_the_key_that_would_help(settings: Any):
    connect(settings, ANTHROPIC_API_KEY="sk-ant-test")
    with pytest.raises(InvalidParam, match="openai/big"):
        plan(model="openai/big")


def test_a_named_model_of_no_catalogue_is_refused():
    with pytest.raises(InvalidParam, match="no model 'nobody/nothing'"):
        plan(model="nobody/nothing")


def test_a_named_model_that_the_sites_limits_forbid_is_refused():
    set_limits(Limits(deny_models=frozenset({"openai/big"})), scope="site", actor=COMMAND_LINE)
    with pytest.raises(InvalidParam, match="not allowed here"):
        plan(model="openai/big")
    with pytest.raises(InvalidParam, match="not allowed here"):
        plan(Mode.COLLECTIVE, merge_model="openai/big")


def test_excluded_models_are_not_chosen():
    made = plan(exclude=frozenset({"openai/big"}))
    assert made.nodes[0].model.model_id != "openai/big"
    assert "openai/big" not in {spare.model_id for spare in made.nodes[0].fallbacks}


def test_the_judge_of_a_cascade_is_of_another_family_by_the_real_choosing():
    made = {node.key: node for node in plan(Mode.CASCADE, budget=Budget.HIGH).nodes}
    assert family_of(made["judge"].model.model_id) != family_of(made["cheap"].model.model_id)
    assert made["premium"].model.score > made["cheap"].model.score


def test_a_role_is_composed_by_its_blocks_without_the_task():
    (node,) = plan(role=RoleRequest(persona="fullstack-engineer", stack=("react",))).nodes
    assert node.system.startswith("## Role:")
    assert "### Stack" in node.system
    assert "photosynthesis" not in node.system
    assert node.prompt == "Explain how photosynthesis works."


def test_unknown_role_blocks_are_noted():
    assert any("Unknown persona" in note for note in plan(role=RoleRequest(persona="wizard")).notes)


def test_a_prompt_that_is_too_long_for_most_models_finds_one_with_room():
    made = plan(task="Summarise: " + "word " * 250_000)
    assert made.nodes[0].model.model_id == "x-ai/wide"


def test_openrouter_can_search_and_a_plain_key_cannot(settings: Any):
    made = plan(Mode.RESEARCH, subjects=("Mars",), topic="moons", options=RunOptions(web_search=True))
    assert made.nodes[0].uses_web_search
    connect(settings, OPENAI_API_KEY="sk-test")
    with pytest.raises(Conflict, match="SEARCH_PROVIDER"):
        plan(Mode.RESEARCH, subjects=("Mars",), topic="moons")


@pytest.mark.parametrize("subject", ["PostgreSQL", "Rust macros", "a poem"])
def test_research_is_research_whatever_it_is_about(subject: str):
    made = plan(Mode.RESEARCH, task="", subjects=(subject,), options=RunOptions(web_search=True))
    assert {node.model.category for node in made.nodes} == {"research"}
    assert StoredDecision.objects.get().category == "research"


def test_a_search_provider_is_used_where_it_is_set_up(settings: Any):
    settings.SEARCH_PROVIDER, settings.SEARCH_API_KEY, settings.SEARCH_BASE_URL = "brave", "k", ""
    made = plan(Mode.RESEARCH, subjects=("Mars",), topic="moons")
    assert [node.kind.value for node in made.nodes] == ["search", "fetch", "call"]


@pytest.mark.parametrize(
    ("driver", "is_simulated", "why"),
    [("claude", False, "switched off"), ("sh", False, "there is no agent 'sh'"), ("claude", True, "starts no agent")],
)
def test_an_agent_that_cannot_be_started_is_refused(settings: Any, driver: str, is_simulated: bool, why: str):
    settings.HARNESSES = []
    with pytest.raises(InvalidParam, match=why):
        plan(driver=driver, is_simulated=is_simulated)


@pytest.mark.parametrize("mode", Mode)
def test_every_mode_can_be_planned_and_priced(mode: Mode):
    made = plan(mode, task=LIST, prompts=("a", "b"), subjects=("Mars", "Venus"), budget=Budget.ANY)
    costs = forecast(made)
    assert 0 < costs.expected_nano_usd <= costs.likely_worst_nano_usd <= costs.worst_nano_usd
