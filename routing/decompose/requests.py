"""The running text of a request: sentences, lead-ins, courtesies."""

from __future__ import annotations

import re
from typing import Final

from routing.decompose.verbs import leading_verb

_POLITE: Final = re.compile(
    r"(?:(?:hi|hey|hello|ok|okay|so|now|also|and|but|please|pls|kindly|just|claude|chatgpt|"
    r"(?:can|could|would|will) you|i(?:'d| would) like (?:you )?to|i (?:want|need)(?: you)? to|"
    r"we (?:want|need|have) to|you (?:should|must|need to|have to)|we should|let's|"
    r"let us|help me(?: to)?|help us(?: to)?|your (?:task|job) is to|the (?:task|goal) is to|bitte|kannst du|"
    r"könntest du|s'il (?:te|vous) pla[iî]t|peux-tu|pouvez-vous|por favor|puedes|podrías|você pode|per favore|puoi|"
    r"alsjeblieft|kun je|пожалуйста)(?!\w)|请|請|帮我)[\s,:!，、]*",
    re.IGNORECASE,
)
_MOST_COURTESIES: Final = 6
_LEAD: Final = re.compile(r"\s{0,20}([^:：\n;.!?]{1,120})[:：](?:\s{1,20}|(?=[\u3040-\u9fff\uac00-\ud7af]))(?=\S)")
_TRAILING: Final = re.compile(r"(?:[\s,;，、；]|(?<!\w)(?:and|or|but|und|oder|et|ou|y|и)(?!\w))+\Z", re.IGNORECASE)
_LONGEST_TRAIL: Final = 40
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])[\"'”)]?[ \t]+|(?<=[。！？])[ \t]*|\n+[ \t]*")
_SIGNIFICANT: Final = re.compile(r"[^\W_]")


def strip_polite(text: str) -> str:
    """The request without "could you please"."""
    text = text.lstrip()
    for _ in range(_MOST_COURTESIES):
        found = _POLITE.match(text)
        if not found:
            break
        text = text[found.end() :]
    return text


def asks_for_work(text: str) -> bool:
    """Whether the text opens, after courtesies, with a verb that asks for a piece of work."""
    return leading_verb(strip_polite(text[:400])) is not None


def find_lead_end(masked: str) -> int:
    """Where the request begins after "Please do the following:" or "Project X:"; 0 without a lead-in."""
    found = _LEAD.match(masked)
    return found.end() if found and asks_for_work(masked[found.end() :]) else 0


def tidy(part: str) -> str:
    """The part without the words and signs that tied it to its neighbours; "" where nothing is left."""
    part = part.strip()
    cut = max(0, len(part) - _LONGEST_TRAIL)
    part = part[:cut] + _TRAILING.sub("", part[cut:])
    return part.strip() if _SIGNIFICANT.search(part) else ""


def sentence_spans(masked: str) -> list[tuple[int, int]]:
    """Where each sentence or line begins and ends."""
    spans = []
    start = 0
    for found in _SENTENCE_END.finditer(masked):
        spans.append((start, found.start()))
        start = found.end()
    return [(begin, end) for begin, end in [*spans, (start, len(masked))] if masked[begin:end].strip()]
