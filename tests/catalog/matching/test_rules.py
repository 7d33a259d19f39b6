"""One rule at a time, on small invented catalogues."""

from __future__ import annotations

from datetime import date

import pytest

from catalog.matching import build_index, match_name
from catalog.shapes import MatchRule, ModelFacts, Source
from tests.catalog.matching.catalogue import match, model

# --- what must agree -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("Rocket 4", "acme/rocket-4.1"),
        ("Rocket 4.1", "acme/rocket-4"),
        ("Rocket 4", "acme/rocket"),
        ("Rocket", "acme/rocket-4"),
        ("Rocket 4V", "acme/rocket-4"),
        ("rocket-7b", "acme/rocket-8b"),
        ("rocket-7b", "acme/rocket"),
        ("rocket-8x7b", "acme/rocket-7b"),
        ("rocket-30b-a3b", "acme/rocket-30b-a6b"),
        ("rocket-30b-a3b", "acme/rocket-3b"),
        ("rocket-mini", "acme/rocket"),
        ("rocket", "acme/rocket-mini"),
        ("rocket-mini", "acme/rocket-nano"),
        ("rocket-coder", "acme/rocket-codex"),
        ("rocket-vl-8b", "acme/rocket-8b"),
        ("rocket-turbo", "acme/rocket"),
        ("rocket-base", "acme/rocket"),
        ("rocket-chat", "acme/rocket"),
        ("rocket-16k", "acme/rocket"),
        ("Rocket A+", "acme/rocket-a"),
        ("rocket-distill-8b", "acme/rocket-8b"),
        ("rocket-whatever", "acme/rocket"),
    ],
)
def test_versions_sizes_and_every_unknown_word_must_agree(name: str, listed: str) -> None:
    assert match(name, listed).model_id is None


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("Rocket 4.1 Pro", "acme/rocket-pro-4.1"),
        ("rocket-4-1-pro", "acme/rocket-4.1-pro"),
        ("ROCKET_4.1_PRO", "acme/rocket-4.1-pro"),
        ("Rocket4.1 Pro", "acme/rocket-4.1-pro"),
        ("Rocket 4.0", "acme/rocket-4"),
        ("Rocket v4", "acme/rocket-4"),
        ("Rocket Pro", "acme/rocket-pro-v1"),
        ("Rocket Pro 1.0", "acme/rocket-pro-v1"),
        ("rocket-pro-001", "acme/rocket-pro"),
        ("rocket-8b-bf16", "acme/rocket-8b"),
        ("Acme: Rocket", "acme/rocket"),
    ],
)
def test_order_case_separators_and_first_revisions_do_not_matter(name: str, listed: str) -> None:
    facts = model(listed, name=f"Acme: {listed.partition('/')[2]}")

    assert match(name, facts).model_id == listed


def test_the_second_revision_is_another_model() -> None:
    assert match("rocket-pro-002", "acme/rocket-pro-001").model_id is None


def test_each_of_the_catalogues_names_counts() -> None:
    facts = model(
        "acme/rocket",
        name="Acme: Rocket Large 3",
        canonical_slug="acme/rocket-480b-a35b",
        hugging_face_id="acme-org/Rocket-Text-480B",
    )

    for name in ("rocket", "Rocket Large 3", "rocket-480b-a35b", "Rocket-Text-480B"):
        assert match(name, facts).model_id == "acme/rocket"


def test_a_canonical_slug_that_names_another_model_does_not_count() -> None:
    facts = model("z-ai/glm-4.6v", canonical_slug="z-ai/glm-4.6-20251208")

    assert match("glm-4.6", facts).model_id is None
    assert match("glm-4.6v", facts).model_id == "z-ai/glm-4.6v"


def test_a_display_name_that_drops_a_telling_word_does_not_count() -> None:
    facts = model("acme/granite-h-micro", name="Granite Micro", hugging_face_id="acme/granite-h-micro")

    assert match("Granite Micro", facts).model_id is None
    assert match("Granite H Micro", facts).model_id == "acme/granite-h-micro"


# --- what may not be a target --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("claude-opus-latest", "~anthropic/claude-opus-latest"),
        ("auto", "openrouter/auto"),
        ("rocket", "acme/rocket:batch"),
    ],
)
def test_pointers_routers_and_batch_queues_are_never_meant(name: str, listed: str) -> None:
    assert match(name, listed).model_id is None


def test_a_free_variant_shares_its_bases_benchmarks() -> None:
    assert match("rocket", "acme/rocket:free", "acme/rocket", "acme/rocket:extended").model_id == "acme/rocket"


def test_a_model_listed_only_as_free_is_that() -> None:
    assert match("rocket", "acme/rocket:free", "acme/rocket:batch", "acme/rocket:exacto").model_id == "acme/rocket:free"


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


def test_latest_is_a_name_of_chat_models_alone() -> None:
    assert match("gpt-5.3-chat-latest", "openai/gpt-5.3-chat").model_id == "openai/gpt-5.3-chat"
    assert match("rocket-latest", "acme/rocket").model_id is None


def test_what_the_chat_application_uses_is_only_its_own_listing() -> None:
    models = ("openai/gpt-4o", model("openai/chatgpt-4o-latest", listed_on="2024-08-14"))

    assert match("ChatGPT-4o-latest", *models).model_id == "openai/chatgpt-4o-latest"
    assert match("GPT-4o (ChatGPT)", *models[:1]).model_id is None
    assert match("chatgpt-4o-latest-20250326", *models).model_id is None
    assert match("GPT-4o", *models).model_id == "openai/gpt-4o"


# --- dates ---------------------------------------------------------------------------------


def dated_catalogue() -> tuple[ModelFacts, ...]:
    return (
        model("acme/rocket-4o", listed_on="2024-05-13"),
        model("acme/rocket-4o-2024-05-13", listed_on="2024-05-13"),
        model("acme/rocket-4o-2024-08-06", listed_on="2024-08-06"),
        model("acme/rocket-4o-2024-11-20", listed_on="2024-11-20"),
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Rocket-4o", "acme/rocket-4o"),
        ("Rocket-4o (Nov '24)", "acme/rocket-4o-2024-11-20"),
        ("Rocket-4o (Aug)", "acme/rocket-4o-2024-08-06"),
        ("rocket-4o-2024-08-06", "acme/rocket-4o-2024-08-06"),
        ("rocket-4o-0513", "acme/rocket-4o-2024-05-13"),
        ("rocket-4o-2024-05-13", "acme/rocket-4o-2024-05-13"),
        ("rocket-4o-2025-01-01", None),
        ("Rocket-4o (Mar '25)", None),
    ],
)
def test_a_dated_name_goes_to_its_checkpoint_and_an_undated_one_to_the_current(name: str, expected: str | None) -> None:
    assert match(name, *dated_catalogue()).model_id == expected


def test_an_undated_name_is_not_the_only_dated_checkpoint() -> None:
    found = match("rocket-r", "acme/rocket-r-08-2024")

    assert found.model_id is None
    assert found.reason == "acme/rocket-r-08-2024 is the checkpoint of 2024-08, and the name gives no date"


def test_an_undated_name_with_a_release_date_may_be() -> None:
    index = build_index(
        [model("acme/rocket-3.5-plus-02-15", listed_on="2026-02-16"), model("acme/rocket-3.5-plus-20260420")]
    )

    def found(released_on: date | None) -> str | None:
        source = Source.ARTIFICIAL_ANALYSIS
        return match_name(index, source=source, name="Rocket 3.5 Plus", released_on=released_on).model_id

    assert found(date(2026, 2, 15)) == "acme/rocket-3.5-plus-02-15"
    assert found(date(2026, 4, 20)) == "acme/rocket-3.5-plus-20260420"
    assert found(date(2026, 3, 1)) is None
    assert found(None) is None


def test_a_date_that_stands_for_the_version_is_not_needed_beside_it() -> None:
    facts = model("acme/rocket-large-2512", name="Acme: Rocket Large 3 2512")

    assert match("Rocket Large 3", facts).model_id == "acme/rocket-large-2512"
    assert match("rocket-large-2512", facts).model_id == "acme/rocket-large-2512"
    assert match("Rocket Large", facts).model_id is None


def test_a_date_beside_the_same_version_tells_checkpoints_apart() -> None:
    assert match("Rocket K2", model("acme/rocket-k2-0905", name="Rocket K2 0905")).model_id is None
    assert match("Rocket V3", model("acme/rocket-v3-0324", name="Rocket V3 0324")).model_id is None


def test_the_canonical_slug_is_evidence_for_a_date() -> None:
    facts = model("acme/rocket-4.1", canonical_slug="acme/rocket-4.1-2025-04-14", listed_on="2025-06-30")

    assert match("rocket-4.1-2025-04-14", facts).model_id == "acme/rocket-4.1"
    assert match("rocket-4.1-2025-10-14", facts).model_id is None


def test_the_date_in_the_id_outweighs_stamp_and_listing() -> None:
    facts = model("acme/rocket-pro-05-06", canonical_slug="acme/rocket-pro-03-25", listed_on="2025-05-07")

    assert match("Rocket Pro (May' 25)", facts).model_id == "acme/rocket-pro-05-06"
    assert match("Rocket Pro (Mar' 25)", facts).model_id is None


def test_a_checkpoint_of_the_days_before_the_listing_is_the_listed_one() -> None:
    facts = model("acme/rocket-4", listed_on="2025-05-22")

    assert match("rocket-4-20250514-thinking-16k", facts).model_id == "acme/rocket-4"
    assert match("rocket-4-20250101", facts).model_id is None
    assert match("rocket-4-20250731", facts).model_id is None


def test_contradictory_dates_of_the_catalogue_refute_nothing() -> None:
    facts = model("acme/rocket-4", canonical_slug="acme/rocket-4-20230311", listed_on="2026-03-11")
    found = match("rocket-4-20250514", facts)

    assert found.model_id == "acme/rocket-4"
    assert found.confidence_prob < 0.9
    assert match("Rocket 4 (May '25)", facts).model_id is None


# --- what may be left out ------------------------------------------------------------------


def test_instruct_may_be_left_out_for_open_weights() -> None:
    assert match("rocket-8b", "acme/rocket-8b-instruct").model_id == "acme/rocket-8b-instruct"
    assert match("rocket-8b-it", "acme/rocket-8b").model_id == "acme/rocket-8b"
    assert match("rocket-turbo-instruct", "acme/rocket-turbo").model_id is None
    models = ("acme/rocket-turbo", "acme/rocket-turbo-instruct")
    assert match("rocket-turbo", *models).model_id == "acme/rocket-turbo"
    assert match("rocket-turbo-instruct", *models).model_id == "acme/rocket-turbo-instruct"


def test_a_hosts_quicker_copy_is_the_same_model() -> None:
    assert match("rocket-8b-instruct-turbo", "acme/rocket-8b-instruct").model_id == "acme/rocket-8b-instruct"


def test_the_active_size_may_be_left_out_but_not_the_whole() -> None:
    models = ("acme/rocket-3-30b-a3b", "acme/rocket-3-32b")

    assert match("Rocket 3 30B", *models).model_id == "acme/rocket-3-30b-a3b"
    assert match("Rocket 3 A3B", *models).model_id is None


def test_a_size_may_be_left_out_where_one_is_listed() -> None:
    assert match("Rocket 3.1", "acme/rocket-3.1-24b").model_id == "acme/rocket-3.1-24b"
    found = match("Rocket 3.1", "acme/rocket-3.1-24b", "acme/rocket-3.1-70b")
    assert found.model_id is None
    assert found.reason == "ambiguous: acme/rocket-3.1-24b and acme/rocket-3.1-70b fit alike"
    assert match("Rocket 3.1", "acme/rocket-3.1-24b-instruct", "acme/rocket-3.1-70b").model_id is None


def test_a_version_may_be_given_by_its_month() -> None:
    models = (
        model("acme/rocket-medium-3", listed_on="2025-05-07"),
        model("acme/rocket-medium-3.1", listed_on="2025-08-13"),
    )

    assert match("rocket-medium-2505", *models).model_id == "acme/rocket-medium-3"
    assert match("rocket-medium-2508", *models).model_id == "acme/rocket-medium-3.1"
    assert match("rocket-medium-2506", *models).model_id is None
    assert match("rocket-medium", *models).model_id is None


def test_a_listing_by_date_takes_the_version_of_that_date() -> None:
    assert match("Rocket Large 2 (Jul '24)", "acme/rocket-large-2407").model_id == "acme/rocket-large-2407"
    assert match("Rocket Large 2 (Nov '24)", "acme/rocket-large-2407").model_id is None
    assert match("Rocket Large 2", "acme/rocket-large-2407").model_id is None
    assert match("Rocket Large 2 (Jul '24)", model("acme/rocket-large", listed_on="2024-07-24")).model_id is None


def test_what_a_model_was_tuned_from_may_be_left_out_but_not_differ() -> None:
    for listed in ("nous/hermes-4-405b", "nous/hermes-4-llama-3.1-405b"):
        assert match("Hermes 4 - Llama-3.1 405B (Reasoning)", listed).model_id == listed
        assert match("Hermes 4 405B", listed).model_id == listed
    assert match("Hermes 4 - Llama-3.3 405B", "nous/hermes-4-llama-3.1-405b").model_id is None
    assert match("Maverick 405B", "meta-llama/llama-maverick-405b").model_id is None


# --- makers --------------------------------------------------------------------------------


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


# --- what an answer says -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rule", "reason"),
    [
        ("rocket-4.6", MatchRule.EXACT, "the catalogue's own name"),
        ("Rocket 4.6", MatchRule.EXACT, "the catalogue's own name"),
        ("4.6 Rocket", MatchRule.NORMALISED, "same family, version 4.6"),
        ("4.6 Rocket (high)", MatchRule.VARIANT, "same family, version 4.6; effort 'high' set aside"),
        (
            "rocket-4.6-20260204",
            MatchRule.VARIANT,
            "same family, version 4.6; checkpoint 2026-02-04, listed on 2026-02-04",
        ),
    ],
)
def test_a_match_says_how_it_was_found(name: str, rule: MatchRule, reason: str) -> None:
    found = match(name, model("acme/rocket-4.6", can_think=True, listed_on="2026-02-04"))

    assert (found.rule, found.reason) == (rule, reason)
    assert found.source is Source.LMARENA
    assert found.source_name == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Lunar 3", "the catalogue lists no model of this family"),
        ("Rocket 5 8B", "version 5 is not listed; of this family the catalogue lists 4"),
        ("Rocket 8B", "the name gives no version; of this family the catalogue lists 4"),
        ("Rocket 4 32B", "the catalogue lists no model of 32B in this family; it lists 70B, 8B"),
        ("Rocket 4 8B Vision", "'vision' sets it apart from acme/rocket-4-8b, and no such model is listed"),
        ("Rocket 4 8B (Jan '25)", "the name is of the checkpoint 2025-01, and acme/rocket-4-8b is another"),
        ("Falcon 4", "acme/falcon-pro-4 is 'pro', which the name does not say"),
        ("Falcon Mini 4", "the catalogue lists no such model; the nearest is acme/falcon-pro-4"),
    ],
)
def test_a_refusal_says_what_the_catalogue_lacks(name: str, reason: str) -> None:
    found = match(name, "acme/rocket-4-8b", "acme/rocket-4-70b", "acme/falcon-pro-4")

    assert (found.model_id, found.rule, found.reason) == (None, MatchRule.NONE, reason)


def test_a_slug_is_read_only_where_there_is_no_name() -> None:
    index = build_index([model("acme/rocket"), model("acme/rocket-2")])

    named = match_name(index, source=Source.ARTIFICIAL_ANALYSIS, name="Rocket 2", slug="rocket")
    unnamed = match_name(index, source=Source.ARTIFICIAL_ANALYSIS, name="", slug="rocket")

    assert (named.model_id, unnamed.model_id) == ("acme/rocket-2", "acme/rocket")
