"""Thinking, efforts, previews and the like; on small invented catalogues."""

from __future__ import annotations

import pytest

from catalog.shapes import MatchRule, Source
from tests.catalog.matching.catalogue import match, model

# --- thinking ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Rocket (Reasoning)", "rocket-thinking", "rocket-thinking-32k", "Rocket Thinking"])
def test_a_name_that_thinks_goes_to_the_listing_that_thinks(name: str) -> None:
    found = match(name, "acme/rocket", "acme/rocket-thinking")

    assert found.model_id == "acme/rocket-thinking"
    assert "thinking" not in found.effort.split()


@pytest.mark.parametrize("name", ["Rocket", "Rocket (Non-reasoning)", "rocket-no-thinking", "Rocket (high)"])
def test_a_name_that_does_not_say_thinking_goes_to_the_other(name: str) -> None:
    assert match(name, "acme/rocket", "acme/rocket-thinking").model_id == "acme/rocket"
    assert match(name, "acme/rocket-thinking").model_id is None


def test_a_thinking_variant_of_a_listing_counts_as_one() -> None:
    models = ("acme/rocket", "acme/rocket:thinking")

    assert match("Rocket (Reasoning)", *models).model_id == "acme/rocket:thinking"
    assert match("Rocket", *models).model_id == "acme/rocket"


def test_thinking_is_an_attribute_of_a_model_that_can_do_both() -> None:
    found = match("rocket-thinking-32k", model("acme/rocket", can_think=True))

    assert (found.model_id, found.effort, found.rule) == ("acme/rocket", "thinking-32k", MatchRule.VARIANT)


def test_a_model_that_cannot_think_was_not_measured_thinking() -> None:
    found = match("Rocket (Reasoning)", model("acme/rocket", can_think=False))

    assert found.model_id is None
    assert found.reason == "acme/rocket does not think before it answers, and this row was measured thinking"


def test_an_undated_thinking_name_is_not_a_later_dated_thinking_listing() -> None:
    models = (model("acme/rocket-30b", can_think=True), "acme/rocket-30b-thinking-2507")

    assert match("rocket-30b-thinking", *models).model_id == "acme/rocket-30b"
    assert match("rocket-30b-thinking-2507", *models).model_id == "acme/rocket-30b-thinking-2507"


def test_effort_variants_are_one_model() -> None:
    facts = model("acme/rocket-5", can_think=True, efforts=("max", "xhigh", "high", "low"))

    for name, effort in (
        ("Rocket 5 (xhigh)", "xhigh"),
        ("rocket-5-high", "high"),
        ("rocket-5-max", "max"),
        ("rocket-5-low-effort", "low"),
        ("Rocket 5 (Adaptive Reasoning, Max Effort)", "adaptive reasoning max"),
    ):
        found = match(name, facts)
        assert (found.model_id, found.effort) == ("acme/rocket-5", effort)
        assert f"effort '{effort}' set aside" in found.reason


def test_a_listing_of_its_own_for_an_effort_takes_that_effort() -> None:
    models = (model("acme/rocket", can_think=True), model("acme/rocket-high", can_think=True))

    assert match("Rocket (high)", *models).model_id == "acme/rocket-high"
    assert match("rocket-high", *models).model_id == "acme/rocket-high"
    assert match("rocket-low", *models).model_id == "acme/rocket"


def test_a_bare_level_is_no_effort_of_a_model_that_has_none() -> None:
    assert match("rocket-medium", model("acme/rocket", can_think=False)).model_id is None
    assert match("rocket-max", model("acme/rocket", can_think=True, efforts=("high", "low"))).model_id is None
    assert match("rocket-2.5-max", "acme/rocket-2.5-70b").model_id is None


def test_base_means_not_thinking_only_on_livebench() -> None:
    assert match("rocket-base", "acme/rocket", source=Source.LIVEBENCH).effort == "non-reasoning"
    assert match("rocket-base", "acme/rocket", source=Source.LMARENA).model_id is None


def test_instant_is_a_mode_but_with_gpt_the_chat_model() -> None:
    assert match("kimi-k2.5-instant", model("moonshotai/kimi-k2.5", can_think=True)).effort == "instant"
    assert match("gpt-5.5-instant", model("openai/gpt-5.5", can_think=True)).model_id is None
    assert match("gpt-5.3-instant", "openai/gpt-5.3", "openai/gpt-5.3-chat").model_id == "openai/gpt-5.3-chat"


# --- stages --------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["preview", "beta", "alpha", "exp", "experimental"])
def test_an_unfinished_release_is_not_the_release(word: str) -> None:
    assert match(f"rocket-{word}", "acme/rocket").model_id is None
    assert match("rocket", f"acme/rocket-{word}").model_id is None
    assert match(f"rocket-{word}", "acme/rocket", f"acme/rocket-{word}").model_id == f"acme/rocket-{word}"


def test_experimental_is_one_word_however_short() -> None:
    assert match("Rocket Experimental", "acme/rocket-exp").model_id == "acme/rocket-exp"


def test_google_previews_stand_for_the_model_while_nothing_else_is_listed() -> None:
    preview, release = "google/gemini-9-flash-preview", "google/gemini-9-flash"

    assert match("gemini-9-flash", preview).model_id == preview
    assert match("gemini-9-flash", preview, release).model_id == release
    assert match("gemini-9-flash-preview", preview, release).model_id == preview


def test_a_preview_of_the_date_that_the_catalogue_gives_is_the_listed_one() -> None:
    facts = model("acme/rocket", name="Rocket 0711", listed_on="2025-07-11")

    assert match("rocket-0711-preview", facts).model_id == "acme/rocket"
    assert match("rocket-preview", facts).model_id is None
    assert match("rocket-0711-experimental", facts).model_id is None
    assert match("rocket-0711-preview", model("acme/rocket", listed_on="2025-07-11")).model_id is None


def test_the_preview_of_that_day_and_the_release_of_that_month_divide_the_evidence() -> None:
    release = model("google/gemini-9-pro", listed_on="2025-06-17")
    preview = model("google/gemini-9-pro-preview", canonical_slug="google/gemini-9-pro-preview-06-05")

    assert match("gemini-9-pro-06-05", release, preview).model_id is None
    assert match("gemini-9-pro-06-05", release).model_id == "google/gemini-9-pro"
    assert match("gemini-9-pro-preview-06-05", release, preview).model_id == "google/gemini-9-pro-preview"
    assert match("gemini-9-pro", release, preview).model_id == "google/gemini-9-pro"


def test_latest_is_a_name_of_chat_models_alone() -> None:
    assert match("gpt-5.3-chat-latest", "openai/gpt-5.3-chat").model_id == "openai/gpt-5.3-chat"
    assert match("rocket-latest", "acme/rocket").model_id is None


def test_what_the_chat_application_uses_is_only_its_own_listing() -> None:
    models = ("openai/gpt-4o", model("openai/chatgpt-4o-latest", listed_on="2024-08-14"))

    assert match("ChatGPT-4o-latest", *models).model_id == "openai/chatgpt-4o-latest"
    assert match("GPT-4o (ChatGPT)", *models[:1]).model_id is None
    assert match("chatgpt-4o-latest-20250326", *models).model_id is None
    assert match("GPT-4o", *models).model_id == "openai/gpt-4o"
