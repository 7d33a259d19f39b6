from __future__ import annotations

import pytest

from catalog.matching import build_index, match_records, suggest
from catalog.shapes import Source, SourceRecord
from tests.catalog.matching.catalogue import model, real_index


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("kimi-k2-thinking-turbo", "moonshotai/kimi-k2-thinking"),
        ("DeepSeek V4 Flash 0731", "deepseek/deepseek-v4-flash"),
        ("gpt-4-0613", "openai/gpt-4"),
        ("Granite 4.0 Micro", "ibm-granite/granite-4.0-h-micro"),
        ("Qwen3 Max (Preview)", "qwen/qwen3-max"),
        ("meta-llama/Llama-3.1-8B", "meta-llama/llama-3.1-8b-instruct"),
        ("o1-mini", "openai/o1"),
    ],
)
def test_the_likest_model_comes_first(name: str, first: str) -> None:
    assert suggest(real_index(), name)[0].model_id == first


def test_suggestions_are_ranked_and_say_how_they_differ() -> None:
    index = build_index(
        [model("acme/rocket-4-8b"), model("acme/rocket-4-70b"), model("acme/rocket-4-8b-vision"), model("qwen/lunar")]
    )
    suggestions = suggest(index, "Rocket 4 8B Coder")

    assert [suggestion.model_id for suggestion in suggestions] == [
        "acme/rocket-4-8b",
        "acme/rocket-4-8b-vision",
        "acme/rocket-4-70b",
    ]
    assert suggestions[0].why == "without coder"
    assert suggestions[1].why == "without coder; with vision"
    assert suggestions[2].why == "without 8b, coder; with 70b"
    shares = [suggestion.similarity_share for suggestion in suggestions]
    assert shares == sorted(shares, reverse=True)
    assert all(0.3 <= share <= 1 for share in shares)


def test_a_known_maker_decides_between_equals() -> None:
    index = build_index([model("acme/rocket"), model("qwen/rocket")])

    assert suggest(index, "Rocket Mini", "Alibaba")[0].model_id == "qwen/rocket"
    assert suggest(index, "Rocket Mini", "Acme")[0].model_id == "acme/rocket"


def test_no_more_than_asked_and_nothing_unlike() -> None:
    assert len(suggest(real_index(), "gpt-9", limit=3)) == 3
    assert suggest(real_index(), "zzz") == ()
    assert suggest(real_index(), "") == ()


def test_records_carry_suggestions_only_when_asked_and_refused() -> None:
    records = [SourceRecord(Source.LMARENA, "o1-mini"), SourceRecord(Source.LMARENA, "o1")]

    assert [bool(match.suggestions) for match in match_records(real_index(), records)] == [False, False]
    assert [bool(match.suggestions) for match in match_records(real_index(), records, with_suggestions=True)] == [
        True,
        False,
    ]
