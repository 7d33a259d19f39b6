"""The command that matches the names in a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog.management.commands import match_names
from tests.catalog.matching.catalogue import HERE, real_index
from tests.catalog.matching.test_hand_checked_names import KNOWN_MISSES

HEADER = "source,source_name,source_slug,source_org\n"


@pytest.fixture(autouse=True)
def _current_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match_names, "current_name_index", real_index)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str, *, encoding: str = "utf-8") -> Path:
        path = tmp_path / "names.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def run(path: Path, *options: str) -> str:
    written = io.StringIO()
    call_command("match_names", str(path), *options, stdout=written)
    return written.getvalue()


def test_each_row_gives_one_line_in_its_order(write: Callable[..., Path]) -> None:
    path = write(
        f"{HEADER}aa,Claude 4.5 Sonnet (Reasoning),claude-4-5-sonnet-thinking,Anthropic\n"
        'arena,"Athene-70B, v2",,NexusFlow\n'
        "hf,meta-llama/Meta-Llama-3.1-8B-Instruct,,\n"
        "livebench,claude-4-1-opus-20250805-base,,\n"
    )

    header, *lines = csv.reader(io.StringIO(run(path)))

    assert header == ["source", "source_name", "openrouter_id", "rule", "confidence", "effort", "reason"]
    assert [line[:6] for line in lines] == [
        ["aa", "Claude 4.5 Sonnet (Reasoning)", "anthropic/claude-sonnet-4.5", "variant", "0.9801", "reasoning"],
        ["arena", "Athene-70B, v2", "NONE", "none", "0.99", ""],
        [
            "hf",
            "meta-llama/Meta-Llama-3.1-8B-Instruct",
            "meta-llama/llama-3.1-8b-instruct",
            "hugging-face-id",
            "0.999",
            "",
        ],
        [
            "livebench",
            "claude-4-1-opus-20250805-base",
            "anthropic/claude-opus-4.1",
            "variant",
            "0.9801",
            "non-reasoning",
        ],
    ]
    assert [line[6] for line in lines] == [
        "same family, version 4.5; effort 'reasoning' set aside",
        "the catalogue lists no model of this family",
        "the same weights on Hugging Face",
        "same family, version 4.1; checkpoint 2025-08-05; effort 'non-reasoning' set aside",
    ]


def test_json_gives_one_object_on_each_line(write: Callable[..., Path]) -> None:
    path = write(f"{HEADER}lmarena,GLM-5.2 (max),,Z.ai\nlmarena,Über-Modell 9,,\n")
    lines = [json.loads(line) for line in run(path, "--json").splitlines()]

    assert lines[0] == {
        "source": "lmarena",
        "source_name": "GLM-5.2 (max)",
        "openrouter_id": "z-ai/glm-5.2",
        "rule": "variant",
        "confidence": 0.985,
        "effort": "max",
        "reason": "same family, version 5.2; effort 'max' set aside",
    }
    assert (lines[1]["source_name"], lines[1]["openrouter_id"]) == ("Über-Modell 9", "NONE")


def test_the_hand_checked_names_pass_through_the_command() -> None:
    path = HERE / "names.csv"
    with path.open(encoding="utf-8", newline="") as file:
        expected = [row["openrouter_id"] for row in csv.DictReader(file)]
    found = [row["openrouter_id"] for row in csv.DictReader(io.StringIO(run(path)))]

    assert len(found) == len(expected)
    assert sum(one != other for one, other in zip(found, expected, strict=True)) == len(KNOWN_MISSES)


@pytest.mark.parametrize(
    "spelling",
    [
        *("aa", "AA", "artificial-analysis", "artificial_analysis", "Artificial Analysis"),
        *("lmarena", "LMArena", "lmarena_text", "LM Arena (vision)", "arena", "livebench", "LiveBench"),
        *("hf", "hf-leaderboard", "hf_leaderboard", "HF Open LLM Leaderboard", "Hugging Face"),
    ],
)
def test_sources_are_known_by_their_common_spellings(write: Callable[..., Path], spelling: str) -> None:
    assert f"\n{spelling},gpt2," in run(write(f"{HEADER}{spelling},gpt2,,\n"))


def test_other_columns_order_byte_order_mark_and_line_ends_do_not_matter(write: Callable[..., Path]) -> None:
    text = "truth,source_org,source_name,source_slug,source\r\nx,OpenAI,GPT-5,gpt-5,aa\r\n"

    assert ",GPT-5,openai/gpt-5,exact," in run(write(text, encoding="utf-8-sig"))


def test_a_file_without_rows_gives_the_header_alone(write: Callable[..., Path]) -> None:
    assert run(write(HEADER)) == "source,source_name,openrouter_id,rule,confidence,effort,reason\n"
    assert run(write(HEADER), "--json") == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source,source_name\naa,x\n", "has no column source_slug and no column source_org."),
        ("", "has no column source and no column source_name"),
        (f"{HEADER}aa,ok,,\nnobody,x,,\n", "line 3: the source 'nobody' is not one of artificial-analysis"),
        (f"{HEADER},x,,\n", "line 2: the source '' is not one of"),
        (f'{HEADER}aa,"x,,\n', "after line 1: unexpected end of data"),
        (f"{HEADER}aa,{'x' * 200_000},,\n", "field larger than field limit"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(
    write: Callable[..., Path], text: str, message: str
) -> None:
    with pytest.raises(CommandError) as fault:
        run(write(text))

    assert message in str(fault.value)
    assert fault.value.returncode == 2


def test_a_missing_or_undecodable_file_is_refused(write: Callable[..., Path], tmp_path: Path) -> None:
    for path in (tmp_path / "absent.csv", tmp_path, write(f"{HEADER}aa,Ä,,\n", encoding="latin-1")):
        with pytest.raises(CommandError) as fault:
            run(path)
        assert fault.value.returncode == 2


def test_short_rows_and_nameless_rows_are_refused_names_not_failures(write: Callable[..., Path]) -> None:
    lines = run(write(f"{HEADER}aa\naa,,,\naa,,gpt-5,\n")).splitlines()[1:]

    assert [line.split(",")[2] for line in lines] == ["NONE", "NONE", "openai/gpt-5"]
