"""The estimate of tokens stays between what no tokenizer goes below and what none exceeds."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import sentencepiece
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from runs.tokens.estimate import estimate_tokens, text_tokens

PROSE = (
    "The committee met on Thursday to discuss the proposed changes to the harbour. Most of the members agreed that "
    "the present arrangement could not continue, but nobody wanted to be the first to say what it would cost. "
    "After two hours of careful argument they decided to ask an engineer, who had been waiting in the corridor."
)
CODE = '''
def moving_average(values: list[float], width: int) -> list[float]:
    """The mean of each window of so many values."""
    if width <= 0:
        raise ValueError(f"width must be positive, not {width}")
    total = sum(values[:width])
    means = [total / width]
    for old, new in zip(values, values[width:]):
        total += new - old
        means.append(total / width)
    return means
'''
# Tokens per character that tokenizers of 2023 to 2025 with 100,000 to 260,000 entries are known to make.
KNOWN = [
    ("English prose", PROSE, 0.20, 0.29),
    ("Python", CODE, 0.24, 0.42),
    ("German", "Die Abgeordneten stimmten dem Gesetzentwurf nach langer Beratung über die Gebühren zu. ", 0.2, 0.45),
    ("Russian", "Комитет собрался в четверг, чтобы обсудить предложенные изменения в гавани. ", 0.25, 0.65),
    ("Chinese", "委员会于周四开会讨论港口的拟议变更。大多数成员同意现有安排无法继续。", 0.6, 1.4),
    ("Japanese", "委員会は木曜日に会合を開き、港の変更案について話し合いました。", 0.7, 1.4),
    ("Korean", "위원회는 목요일에 모여 항구 변경 제안을 논의했습니다.", 0.5, 1.4),
    ("Hindi", "समिति ने गुरुवार को बंदरगाह में प्रस्तावित बदलावों पर चर्चा की।", 0.3, 1.4),
    ("Arabic", "اجتمعت اللجنة يوم الخميس لمناقشة التغييرات المقترحة على الميناء.", 0.3, 1.0),
]


@pytest.mark.parametrize(("language", "text", "least", "most"), KNOWN, ids=[row[0] for row in KNOWN])
def test_each_language_is_counted_as_tokenizers_count_it(language: str, text: str, least: float, most: float) -> None:
    per_character = text_tokens(text * 20) / len(text * 20)
    assert least <= per_character <= most


@pytest.mark.parametrize("text", [PROSE, CODE, json.dumps({"rows": [{"id": n, "name": f"n{n}"} for n in range(50)]})])
def test_a_real_tokenizer_counts_at_most_the_estimate_and_not_far_below_it(text: str) -> None:
    model = next(Path(settings.CLASSIFIER_DIR).glob("*.model"))
    counted = len(sentencepiece.SentencePieceProcessor(model_file=str(model)).encode(text))
    # The classifier's vocabulary is a small one: it cuts finer than a language model of today does.
    assert counted * 0.65 <= text_tokens(text) <= counted * 1.6


@given(st.text(max_size=300))
def test_no_text_takes_more_tokens_than_it_has_bytes(text: str) -> None:
    assert text_tokens(text) <= len(text.encode("utf-8", "surrogatepass")) + 1


@given(st.text(max_size=100), st.text(max_size=100))
def test_more_text_never_takes_fewer_tokens(text: str, more: str) -> None:
    assert text_tokens(text + more) >= text_tokens(text) - 1


def test_every_message_and_tool_adds_to_the_prompt() -> None:
    one = [{"role": "user", "content": PROSE}]
    tool = {"type": "function", "function": {"name": "search", "parameters": {"type": "object", "properties": {}}}}
    assert estimate_tokens(one * 2) > estimate_tokens(one) > text_tokens(PROSE)
    assert estimate_tokens(one, [tool]) > estimate_tokens(one) + 350
    assert estimate_tokens(one, [tool, tool]) > estimate_tokens(one, [tool])


def test_pictures_sounds_and_files_are_counted_by_what_they_are_and_not_by_their_letters() -> None:
    picture = "data:image/png;base64," + "A" * 2_000_000

    def part(kind: str, **fields: object) -> int:
        return estimate_tokens([{"role": "user", "content": [{"type": kind, **fields}]}])

    assert 4_000 < part("image_url", image_url={"url": picture}) < 6_000  # its head says nothing: the most
    assert 4_000 < part("input_audio", input_audio={"data": "A" * 2_000_000, "format": "mp3"}) < 8_000
    assert part("file", file={"file_data": "A" * 600_000}) > 90_000
    assert part("file", file={"file_id": "file-1"}) > 10_000


def test_calls_of_tools_and_odd_contents_count_too() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": json.dumps({"q": PROSE})}}
    assert estimate_tokens([{"role": "assistant", "content": None, "tool_calls": [call]}]) > text_tokens(PROSE)
    assert estimate_tokens([{"role": "user", "content": {"strange": PROSE}}]) > text_tokens(PROSE)
    assert estimate_tokens([{"role": "user", "content": ["plain", {"type": "new_kind", "x": PROSE}]}]) > text_tokens(
        PROSE
    )
    assert estimate_tokens([]) > 0


def test_a_megabyte_is_estimated_in_the_time_of_a_blink() -> None:
    began = time.process_time()
    estimate_tokens([{"role": "user", "content": (PROSE + "é") * 3_000}])
    assert time.process_time() - began < 1
