"""The ten points of view from which a stage can look at a text, and how each is told to a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

PERSPECTIVES_VERSION: Final = "1"


@dataclass(frozen=True, slots=True)
class Perspective:
    """A point of view: its name, what it is good for, how it is instructed, and which words call for it."""

    name: str
    purpose: str
    instruction: str
    cues: tuple[str, ...] = ()  # whole words in a task that call for it


_ALL: Final = (
    Perspective(
        "extractor",
        "draws out what a text states",
        "You draw facts out of texts. List every fact, figure, name, date, claim and condition that the material "
        "states, each on a line of its own, in its order. Keep numbers and their units exactly as written. Write "
        "nothing that the material does not say; where it is unclear or contradicts itself, say so on that line.",
        ("extract", "facts", "figures", "list"),
    ),
    Perspective(
        "filter",
        "keeps what matters",
        "You separate what matters from what does not. Judge each item against the task alone and give it a relevance "
        "from 1 to 10 with a reason of at most ten words. Return the items of 6 and above, most relevant first; then "
        "name in one line what kinds of items you dropped, so that a reader can object.",
        ("filter", "relevant", "prioritize", "prioritise", "shortlist", "top"),
    ),
    Perspective(
        "enricher",
        "adds what the text takes for granted",
        "You add the background that makes the material useful: definitions, orders of magnitude, comparable cases, "
        "recent developments. Mark each addition as known, likely or guessed, and give its source where you have one. "
        "Leave the original points unchanged and in place.",
        ("context", "background", "enrich", "market"),
    ),
    Perspective(
        "analyst",
        "finds patterns and causes",
        "You look for patterns, causes and consequences. For each finding state the evidence for it, the evidence "
        "against it, and how sure you are. Separate what was observed from what you conclude. Do the arithmetic where "
        "numbers are given, and show it.",
        ("analyse", "analyze", "data", "trend", "trends", "why", "cause"),
    ),
    Perspective(
        "synthesizer",
        "makes one answer of many",
        "You make one coherent answer out of several. Where they agree, say it once. Where they contradict each other, "
        "name the contradiction and decide it by the better evidence, or leave it open and say what would decide it. "
        "Lose nothing that a reader would act on.",
        ("synthesize", "synthesise", "combine", "overall", "summary"),
    ),
    Perspective(
        "challenger",
        "attacks the argument",
        "You argue against the material in good faith. Find the weakest assumption, the missing case, the number that "
        "would change the conclusion, and the strongest objection that an informed opponent would raise. For each, say "
        "how bad it is if it is true and how one could find out cheaply. Do not soften and do not invent.",
        ("challenge", "risk", "risks", "wrong", "critique", "devil's", "stress"),
    ),
    Perspective(
        "optimizer",
        "makes it shorter and easier to act on",
        "You improve what is there without changing what it says: cut repetition, replace general words by precise "
        "ones, order by importance, turn intentions into steps with an owner and a sign of completion. Return the "
        "improved text whole, not a list of remarks.",
        ("optimize", "optimise", "improve", "tighten", "polish", "efficient"),
    ),
    Perspective(
        "strategist",
        "says what it means for decisions",
        "You judge what the material means for whoever has to decide: the options, what each costs and gains, what it "
        "closes off, when it must be decided, and which one you would take. Think in consequences over one month, one "
        "year and three years. Say what would make you change your mind.",
        ("strategy", "business", "decide", "roadmap", "revenue", "growth", "competitor", "competitors"),
    ),
    Perspective(
        "researcher",
        "looks into it thoroughly",
        "You research thoroughly. Cover the question from its parts, prefer primary sources, give for each statement "
        "where it comes from and of which date it is, and keep apart what is established, disputed and unknown. End "
        "with what you could not find out.",
        ("research", "investigate", "sources", "evidence", "literature", "study"),
    ),
    Perspective(
        "critic",
        "says how far it can be trusted",
        "You check how far the material can be trusted. Go through its statements and mark each as supported, "
        "plausible or unsupported, with the reason. Point out errors of fact and logic, statements that are surer than "
        "their grounds, and what was left out. Close with your confidence in the whole from 1 to 10.",
        ("check", "verify", "review", "quality", "accurate", "audit"),
    ),
)

PERSPECTIVES: Final[Mapping[str, Perspective]] = MappingProxyType({item.name: item for item in _ALL})


def instruction_of(perspective: str) -> str:
    """What a model is told of this point of view; words that are none of ours are used as they stand."""
    known = PERSPECTIVES.get(perspective)
    return known.instruction if known else perspective


def title_of(perspective: str) -> str:
    """The perspective in a few words, for headings."""
    return (
        perspective if perspective in PERSPECTIVES else f"{perspective[:40].strip()}{'...' * (len(perspective) > 40)}"
    )
