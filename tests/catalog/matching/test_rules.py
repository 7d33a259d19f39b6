"""What must agree, what may be left out, and what an answer says; on small invented catalogues."""

from __future__ import annotations

import pytest

from catalog.matching import build_index, match_name
from catalog.shapes import MatchRule, Source
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
