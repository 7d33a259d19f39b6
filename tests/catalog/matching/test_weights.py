"""Rows that measure published weights, as the Hugging Face leaderboard has them."""

from __future__ import annotations

import pytest

from catalog.matching import build_index, match_name
from catalog.shapes import Match, MatchRule, ModelFacts, Source
from tests.catalog.matching.catalogue import match, model


def found(name: str, *models: ModelFacts, organization: str = "") -> Match:
    return match(name, *models, source=Source.HF_LEADERBOARD, organization=organization)


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("acme/Rocket-8B-Instruct", "acme/Rocket-8B-Instruct"),
        ("ACME/rocket-8b-instruct", "acme/Rocket-8B-Instruct"),
        ("meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Meta-Llama-3.1-8B-Instruct"),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B-Instruct"),
        ("CohereLabs/c4ai-rocket", "CohereForAI/c4ai-rocket"),
        ("nvidia/Rocket-30B", "nvidia/NVIDIA-Rocket-30B-BF16"),
        ("nvidia/Llama-3_3-Rocket-v1_5", "nvidia/Llama-3.3-Rocket-v1.5"),
    ],
)
def test_the_same_weights_are_found_through_renames(name: str, weights: str) -> None:
    answer = found(name, model("vendor/anything", hugging_face_id=weights))

    assert (answer.model_id, answer.rule) == ("vendor/anything", MatchRule.HUGGING_FACE_ID)


@pytest.mark.parametrize(
    "name",
    [
        "acme/Rocket-8B",  # not tuned
        "acme/Rocket-8B-Base",
        "acme/Rocket-8B-Instruct-v2",
        "acme/Rocket-8B-Instruct-1M",
        "acme/Rocket-70B-Instruct",
        "somebody/Rocket-8B-Instruct",  # a copy, or tuned further
        "qwen/Rocket-8B-Instruct",
        "Rocket-8B-Instruct",  # published by nobody
    ],
)
def test_other_weights_are_refused_however_alike_their_names(name: str) -> None:
    facts = (model("acme/rocket-8b-instruct", hugging_face_id="acme/Rocket-8B-Instruct"), model("qwen/lunar"))

    assert found(name, *facts).model_id is None


def test_the_publisher_may_stand_in_a_column_of_its_own() -> None:
    facts = model("acme/rocket-8b", hugging_face_id="acme/Rocket-8B")

    assert found("Rocket-8B", facts, organization="acme").rule is MatchRule.HUGGING_FACE_ID


def test_free_and_base_serve_the_same_weights() -> None:
    facts = [model(f"acme/rocket-8b{variant}", hugging_face_id="acme/Rocket-8B") for variant in (":free", "", ":batch")]

    assert found("acme/Rocket-8B", *facts).model_id == "acme/rocket-8b"


def test_two_listings_of_the_same_weights_are_ambiguous() -> None:
    facts = [model(f"acme/{name}", hugging_face_id="acme/Rocket-8B") for name in ("rocket", "rocket-8b")]

    assert found("acme/Rocket-8B", *facts).reason == "ambiguous: acme/rocket and acme/rocket-8b all serve these weights"


def test_a_listing_without_named_weights_is_found_by_its_name_and_maker() -> None:
    facts = model("cohere/command-r-plus-08-2024")

    assert found("CohereForAI/c4ai-command-r-plus-08-2024", facts).model_id == facts.model_id
    assert found("CohereForAI/c4ai-command-r-plus", facts).model_id is None
    assert found("somebody/c4ai-command-r-plus-08-2024", facts).model_id is None


def test_weights_leave_nothing_out() -> None:
    assert found("acme/Rocket-3.1", model("acme/rocket-3.1-24b")).model_id is None
    assert found("acme/Rocket-3.1-24B", model("acme/rocket-3.1-24b")).model_id == "acme/rocket-3.1-24b"


def test_a_publisher_without_a_listed_model_is_refused_at_once() -> None:
    answer = found("somebody/Rocket-8B-Merge", model("acme/rocket-8b"))

    assert answer.reason == "published by somebody, who makes no listed model"
    assert answer.confidence_prob > 0.99


def test_full_names_count_for_every_source() -> None:
    index = build_index([model("vendor/anything", hugging_face_id="acme/Rocket-8B")])

    assert match_name(index, source=Source.LMARENA, name="acme/Rocket-8B").rule is MatchRule.HUGGING_FACE_ID
