"""Where a model can be had, in which order, at which price."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from catalog.shapes import Pricing
from runs.connections import held
from runs.connections.held import forget
from runs.models import Connection
from runs.places.endpoints import find_endpoints, reachable_models, why_unreachable
from tests.factories import make_entry, make_facts, make_snapshot, publish_snapshot
from tests.runs.connections.builders import make_connection

pytestmark = pytest.mark.django_db

SONNET = "anthropic/claude-sonnet-4.5"
LLAMA = "meta-llama/llama-3.3-70b-instruct"
WEIGHTS = "meta-llama/Llama-3.3-70B-Instruct"


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    llama = make_facts(LLAMA, hugging_face_id=WEIGHTS)
    dynamic = make_facts("openrouter/auto", pricing=Pricing(is_dynamic=True))
    publish_snapshot(
        make_snapshot(
            make_entry(SONNET),
            make_entry("openai/gpt-5"),
            make_entry("openai/gpt-5-pro"),
            make_entry(LLAMA, facts=llama),
            make_entry(f"{LLAMA}:free"),
            make_entry("openrouter/auto", facts=dynamic),
        )
    )


def places(model_id: str, **asked: Any) -> list[tuple[str, str]]:
    return [(endpoint.connection, endpoint.wire_model) for endpoint in find_endpoints(model_id, **asked)]


def test_a_direct_key_goes_before_openrouter() -> None:
    make_connection("openrouter")
    make_connection("anthropic")

    assert places(SONNET) == [("anthropic", "claude-sonnet-4-5"), ("openrouter", SONNET)]
    assert places("openai/gpt-5") == [("openrouter", "openai/gpt-5")]


def test_a_higher_priority_goes_first_whatever_the_kind() -> None:
    make_connection("openrouter", priority=5)
    make_connection("anthropic")
    make_connection("anthropic", key="anthropic-2", priority=1)

    assert [place for place, _ in places(SONNET)] == ["openrouter", "anthropic-2", "anthropic"]


def test_a_host_of_open_models_stands_between_the_maker_and_openrouter() -> None:
    make_connection("openrouter")
    make_connection("together", models=[{"id": "meta-llama/Llama-3.3-70B-Instruct-Turbo"}])
    make_connection("vllm", models=[{"id": WEIGHTS}])

    assert [place for place, _ in places(LLAMA)] == ["vllm", "together", "openrouter"]


def test_a_maker_that_lists_its_models_serves_only_those() -> None:
    make_connection("anthropic", models=[{"id": "claude-opus-4-1"}])

    assert places(SONNET) == []
    assert places("openai/gpt-5") == []


def test_what_the_maker_does_not_answer_over_chat_goes_through_openrouter() -> None:
    make_connection("openai")
    make_connection("openrouter")

    assert places("openai/gpt-5-pro") == [("openrouter", "openai/gpt-5-pro")]
    assert places(f"{LLAMA}:free") == [("openrouter", f"{LLAMA}:free")]


def test_a_local_server_serves_its_models_under_their_own_names() -> None:
    make_connection("ollama", models=[{"id": "qwen3:8b"}])

    assert places("qwen3:8b") == [("ollama", "qwen3:8b")]
    assert places("ollama/qwen3:8b") == [("ollama", "qwen3:8b")]
    assert places("qwen3:14b") == []
    assert find_endpoints("qwen3:8b")[0].allows_private


def test_a_key_of_the_environment_is_a_connection(settings: Any) -> None:
    settings.PROVIDER_KEYS = {"ANTHROPIC_API_KEY": " env-secret "}
    forget()

    assert places(SONNET) == [("anthropic-env", "claude-sonnet-4-5")]
    assert held.reveal_secret("anthropic-env") == "env-secret"


def test_a_stored_key_goes_before_the_environments(settings: Any) -> None:
    settings.PROVIDER_KEYS = {"ANTHROPIC_API_KEY": "env-secret"}
    make_connection("anthropic", key="z-anthropic")

    assert [place for place, _ in places(SONNET)] == ["z-anthropic", "anthropic-env"]


def test_simulated_runs_get_the_simulator_and_nobody_else_does() -> None:
    make_connection("openrouter")
    make_connection("simulator")

    assert places(SONNET, is_simulated=True) == [("simulator", SONNET)]
    assert places(SONNET) == [("openrouter", SONNET)]
    assert find_endpoints(SONNET, is_simulated=True)[0].is_simulated


def test_the_catalogues_price_is_named_as_such() -> None:
    make_connection("openrouter")
    make_connection("anthropic")
    direct, routed = find_endpoints(SONNET)

    assert direct.prompt_usd_per_mtok == routed.prompt_usd_per_mtok == Decimal("1.25")
    assert direct.cache_read_usd_per_mtok == Decimal("0.125")
    assert routed.price_source.startswith("catalogue revision ")
    assert direct.price_source == f"{routed.price_source}, as OpenRouter lists it"


def test_a_long_prompt_has_its_own_price() -> None:
    make_connection("openrouter")

    assert find_endpoints(SONNET, prompt_tokens=199_999)[0].prompt_usd_per_mtok == Decimal("1.25")
    assert find_endpoints(SONNET, prompt_tokens=200_000)[0].prompt_usd_per_mtok == Decimal("2.5")
    assert find_endpoints(SONNET, prompt_tokens=200_000)[0].completion_usd_per_mtok == Decimal(5)


def test_a_local_model_costs_nothing_unless_a_price_is_set() -> None:
    priced = {"id": "dear:8b", "prompt_usd_per_mtok": "0.5", "completion_usd_per_mtok": "1"}
    make_connection("ollama", models=[{"id": "qwen3:8b"}, priced])

    assert find_endpoints("qwen3:8b")[0].prompt_usd_per_mtok == 0
    assert find_endpoints("dear:8b")[0].completion_usd_per_mtok == Decimal(1)


def test_an_unknown_price_stays_unknown() -> None:
    make_connection("custom", models=[{"id": "house-model"}, {"id": WEIGHTS}])
    make_connection("openrouter")

    assert find_endpoints("house-model")[0].prompt_usd_per_mtok is None
    assert find_endpoints(LLAMA)[0].connection == "custom"
    assert find_endpoints(LLAMA)[0].prompt_usd_per_mtok is None
    assert find_endpoints("openrouter/auto")[0].prompt_usd_per_mtok is None


def test_without_a_connection_the_reason_names_the_key_that_would_help() -> None:
    assert places(SONNET) == []
    reason = why_unreachable(SONNET)

    assert "ANTHROPIC_API_KEY" in reason
    assert "OPENROUTER_API_KEY" in reason


def test_a_simulator_that_is_there_is_not_asked_for_again() -> None:
    assert "connect_simulator" in why_unreachable("no/such", is_simulated=True)
    make_connection("simulator")
    assert why_unreachable("no/such", is_simulated=True).startswith("The provider simulator does not list no/such")


def test_a_connection_that_is_switched_off_is_named_in_the_reason() -> None:
    make_connection("anthropic", is_enabled=False)

    assert places(SONNET) == []
    assert "Anthropic would serve" in why_unreachable(SONNET)
    assert "switched off" in why_unreachable(SONNET)


def test_all_models_are_reachable_through_openrouter_and_some_without() -> None:
    make_connection("anthropic")
    make_connection("ollama", models=[{"id": "qwen3:8b"}])
    assert reachable_models() == {SONNET, "qwen3:8b", "ollama/qwen3:8b"}
    assert reachable_models(is_simulated=True) == frozenset()

    make_connection("openrouter")
    assert reachable_models() is None


def test_a_thousand_questions_ask_the_database_once() -> None:
    make_connection("openrouter")
    find_endpoints(SONNET)

    with CaptureQueriesContext(database) as asked:
        for _ in range(1000):
            assert find_endpoints(SONNET)
    assert len(asked) == 0


def test_a_change_by_another_process_is_seen_within_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    row = make_connection("anthropic")
    assert places(SONNET)
    Connection.objects.filter(pk=row.pk).delete()
    assert places(SONNET)

    monkeypatch.setattr(held, "_checked_at_s", held._checked_at_s - held.KEPT_S)
    assert places(SONNET) == []
