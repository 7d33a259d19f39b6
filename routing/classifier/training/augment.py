"""Say a prompt as somebody else would: slips of the keyboard, politeness, cut ends. The labels must not move.

These slips are drawn by other rules than the fixed ones of `routing.classifier.perturb`, by which flips are measured.
"""

from __future__ import annotations

import random

from routing.classifier.slips import NEIGHBOURS

GREETINGS = (
    "hi,", "hi there!", "hey,", "hello,", "good morning,", "hey team,", "hello there.", "hi all,", "yo", "ok", "so,",
    "ok so", "right,", "well,", "alright:", "dear assistant,", "hello! hope you are well.", "hey, me again.",
    "thanks for yesterday!", "morning!", "hi, quick one.", "sorry to bother you,", "hope your day is going well.",
)  # fmt: skip
ASKS = (
    "please", "pls", "could you please", "can you", "could you", "would you mind to", "i need you to",
    "i'd like you to", "would you be so kind as to", "i was wondering if you could", "when you have a moment, please",
    "i would really appreciate it if you could", "could you please help me with this:", "here is what i need:",
    "can you help me with the following:", "one more thing:", "next task:", "todo:", "task:", "for today:", "kindly",
    "we need to get this done:", "i could use a hand with this one:", "if it is no trouble, please", "my request:",
    "it would be great if you could", "your next job:", "i have a small request for you:", "let's do this next:",
)  # fmt: skip
CODAS = (
    "thanks", "thanks!", "thank you", "thx", "please", "cheers", "pls", "thanks in advance", "much appreciated.",
    "let me know when it's done", "take your time", "ty",
)  # fmt: skip
HANDS_OFF = (
    "do not change code", "don't change any code", "no code changes", "do not touch the code", "don't edit anything",
    "don't change anything", "no changes please", "just explain", "just tell me", "read only", "without changing code",
    "do not modify any files", "only an answer, no edits", "i only want to understand it", "don't fix it yet",
)  # fmt: skip
SHARE_HANDS_OFF = 0.12  # the rubric: a task that forbids changes is exploration whatever else it says
SHARE_PREFACE, SHARE_CODA, SHARE_BARE_END, SHARE_JOINED_LINES = 0.15, 0.1, 0.15, 0.05
SHARE_SLIPS_FEW, SLIP_SHARE_FEW = 0.15, (0.03, 0.12)  # of prompts; of words
SLIP_SHARE_MANY = (0.05, 0.35)
SHORTEST_SLIPPED_WORD = 4
SHARE_LOST_SPACE = 0.06  # of slips: the word grows together with the next


def vary(text: str, rng: random.Random, *, changes_nothing: bool = False, slips: bool = False) -> str:
    """The prompt again, or a variant of it with the same labels; what changes nothing may say so."""
    if changes_nothing and rng.random() < SHARE_HANDS_OFF:
        text = f"{text.rstrip(' .!')}{rng.choice((', ', '. ', ' - ', '; '))}{rng.choice(HANDS_OFF)}"
    if slips:
        text = _slip(text, rng, SLIP_SHARE_MANY)
    elif rng.random() < SHARE_SLIPS_FEW:
        text = _slip(text, rng, SLIP_SHARE_FEW)
    if rng.random() < SHARE_BARE_END:
        text = text.rstrip(" .!?\n")
    if rng.random() < SHARE_JOINED_LINES:
        text = " ".join(text.split())
    if rng.random() < SHARE_PREFACE:
        text = f"{_preface(rng)} {text}"
    if rng.random() < SHARE_CODA:
        text = f"{text}{rng.choice((' ', '. ', ', ', chr(10)))}{rng.choice(CODAS)}"
    return text


def _preface(rng: random.Random) -> str:
    """A greeting, a plea, or both."""
    greeting, ask = rng.choice(GREETINGS), rng.choice(ASKS)
    return rng.choice((greeting, ask, f"{greeting} {ask}"))


def _slip(text: str, rng: random.Random, shares: tuple[float, float]) -> str:
    share = rng.uniform(*shares)
    slipped = []
    for word in text.split(" "):
        if rng.random() >= share:
            slipped.append(word + " ")
        elif rng.random() < SHARE_LOST_SPACE:
            slipped.append(word)
        else:
            slipped.append(_slip_word(word, rng) + " ")
    return "".join(slipped).rstrip(" ")


def _slip_word(word: str, rng: random.Random) -> str:
    if len(word) < SHORTEST_SLIPPED_WORD or not word.isalpha():
        return word
    at = rng.randrange(len(word) - 1)
    match rng.randrange(5):
        case 0 | 1:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        case 2:
            return word[:at] + word[at + 1 :]
        case 3:
            return word[: at + 1] + word[at:]
        case _:
            return word[:at] + rng.choice(NEIGHBOURS.get(word[at].lower(), word[at])) + word[at + 1 :]
