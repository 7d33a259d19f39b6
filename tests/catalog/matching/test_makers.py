"""Who made the model; on small invented catalogues."""

from __future__ import annotations

import pytest

from tests.catalog.matching.catalogue import match


@pytest.mark.parametrize(
    ("organization", "listed"),
    [
        ("Kimi", "moonshotai/rocket"),
        ("Moonshot AI", "moonshotai/rocket"),
        ("SpaceXAI", "x-ai/rocket"),
        ("Z AI", "z-ai/rocket"),
        ("Zhipu", "z-ai/rocket"),
        ("Alibaba", "qwen/rocket"),
        ("Microsoft Azure", "microsoft/rocket"),
        ("Allen Institute for AI", "allenai/rocket"),
        ("AllenAI/UW", "allenai/rocket"),
        ("KwaiKAT", "kwaipilot/rocket"),
        ("Meta", "meta-llama/rocket"),
        ("Thinking Machines", "thinkingmachines/rocket"),
        ("Liquid AI", "liquid/rocket"),
        ("Nous Research", "nousresearch/rocket"),
        ("", "acme/rocket"),
        ("Acme Labs, Inc.", "acme/rocket"),
    ],
)
def test_one_maker_has_many_spellings(organization: str, listed: str) -> None:
    assert match("Rocket", listed, organization=organization).model_id == listed


def test_another_makers_model_of_the_same_name_is_refused() -> None:
    found = match("Rocket", "qwen/rocket", organization="NVIDIA")

    assert found.model_id is None
    assert found.reason == "made by NVIDIA, and qwen/rocket is not"


def test_an_organization_that_nobody_knows_lowers_the_confidence() -> None:
    unheard, known = (match("Rocket", "qwen/rocket", organization=name) for name in ("Somebody Else", "Alibaba"))

    assert unheard.model_id == "qwen/rocket"
    assert unheard.confidence_prob < known.confidence_prob


def test_a_maker_before_the_name_must_be_the_models() -> None:
    assert match("nvidia-rocket-8b", "nvidia/rocket-8b").model_id == "nvidia/rocket-8b"
    assert match("nvidia-rocket-8b", "qwen/rocket-8b").model_id is None
    assert match("nvidia/rocket-8b", "qwen/rocket-8b").model_id is None
    assert match("c4ai-command-a", "cohere/command-a").model_id == "cohere/command-a"
    assert match("hunyuan-hy3", "tencent/hy3").model_id == "tencent/hy3"


def test_two_makers_of_one_name_are_ambiguous_until_one_is_said() -> None:
    models = ("acme/rocket", "qwen/rocket")

    assert match("Rocket", *models).model_id is None
    assert match("Rocket", *models, organization="Alibaba").model_id == "qwen/rocket"
