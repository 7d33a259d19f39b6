"""Seven chains for work that comes back again and again; a caller brings a text, a task, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from runs.chains.shapes import Chain, Stage, StageMode, StagePrompt

TEMPLATES_VERSION: Final = "1"


@dataclass(frozen=True, slots=True)
class Template:
    """A ready chain with what it is good for."""

    key: str
    title: str
    description: str
    stages: tuple[Stage, ...]


def _single(name: str, perspective: str, prompt: str, *, searches: bool = False, is_required: bool = True) -> Stage:
    return Stage(
        name,
        prompts=(StagePrompt(prompt),),
        perspectives=(perspective,),
        uses_web_search=searches,
        is_required=is_required,
    )


def _fan_out(name: str, perspectives: tuple[str, ...], prompt: str) -> Stage:
    return Stage(name, StageMode.FAN_OUT, (StagePrompt(prompt),), perspectives)


def _reduce(name: str, perspective: str, prompt: str) -> Stage:
    return Stage(name, StageMode.REDUCE, (StagePrompt(prompt),), (perspective,))


_ALL: Final = (
    Template(
        "swot",
        "Strengths and weaknesses",
        "Strengths, weaknesses, opportunities and threats, each with its evidence, and what follows from them.",
        (
            _single(
                "Facts", "extractor", "Draw out all facts about the subject: its means, results, market and limits."
            ),
            _fan_out(
                "Views",
                ("analyst", "strategist", "challenger"),
                "Name strengths, weaknesses, opportunities and threats as you see them. Each needs evidence from the "
                "material, or the word 'assumed'.",
            ),
            _reduce(
                "SWOT",
                "synthesizer",
                "Write one SWOT analysis: four lists ordered by weight, each point in one sentence with its evidence; "
                "then three moves that use a strength or mend a weakness, with the first step of each.",
            ),
        ),
    ),
    Template(
        "competitor",
        "Competitors",
        "Who else serves this need, how they differ, and where there is room.",
        (
            _single(
                "Field",
                "researcher",
                "List the competitors and substitutes: what they offer, to whom, at what price, since when. Mark what "
                "is known and what is guessed.",
                searches=True,
            ),
            _fan_out(
                "Comparison",
                ("analyst", "strategist", "critic"),
                "Compare them with the subject: offer, price, reach, trust, speed. Say where each is hard to beat.",
            ),
            _reduce(
                "Report",
                "synthesizer",
                "Write the report: a table of competitors, the three differences that decide, the open room, and what "
                "the subject should do and leave alone.",
            ),
        ),
    ),
    Template(
        "market-entry",
        "Entering a market",
        "Size, rules, competition and risk of a market, ending in go, wait or no.",
        (
            _single(
                "Market",
                "researcher",
                "Describe the market: size and growth with their sources, buyers, prices, rules, channels.",
                searches=True,
            ),
            _fan_out(
                "Views",
                ("analyst", "strategist", "challenger"),
                "Judge an entry into this market: what it takes, what it brings, what stands against it.",
            ),
            _single("Objections", "challenger", "Take the strongest case for entering, and try to break it."),
            _reduce(
                "Decision",
                "strategist",
                "Decide: go, wait or no. Give the three reasons that carry the decision, what it costs, the first "
                "ninety days, and the sign at which to stop.",
            ),
        ),
    ),
    Template(
        "content-pipeline",
        "A text for publication",
        "Research, draft, criticism and polish of one text.",
        (
            _single(
                "Research",
                "researcher",
                "Gather what the text needs: facts with their sources, examples, the questions that readers will have.",
                searches=True,
            ),
            _single(
                "Draft",
                "You write for a public that has little time. You open with what matters most, use short sentences and "
                "concrete words, and never claim more than the research bears out.",
                "Write the whole text for its readers. Use the facts of the research and no others.",
            ),
            _single(
                "Critique",
                "critic",
                "Check the draft against the facts and as a reader would: errors, gaps, dull or unclear places. Then "
                "repeat the draft whole below your remarks.",
            ),
            _single(
                "Polish",
                "optimizer",
                "Rewrite the draft with every justified remark met. Return the finished text alone.",
            ),
        ),
    ),
    Template(
        "due-diligence",
        "Due diligence",
        "What a buyer, investor or customer should know before they commit, with a verdict.",
        (
            _single(
                "Facts", "extractor", "Draw out every checkable statement: figures, contracts, people, dates, claims."
            ),
            _fan_out(
                "Examination",
                ("analyst", "critic", "challenger", "strategist"),
                "Examine the statements: what is proven, what is missing, what contradicts, what could go wrong.",
            ),
            _single(
                "Red flags", "challenger", "List the red flags by gravity, and for each the question that settles it."
            ),
            _reduce(
                "Verdict",
                "synthesizer",
                "Write the finding: proceed, proceed on conditions, or stop. Conditions as a list that can be ticked "
                "off; what could not be examined, and how much that matters.",
            ),
        ),
    ),
    Template(
        "brainstorm",
        "Ideas",
        "Many ideas from four sides, scored and worked out.",
        (
            _fan_out(
                "Ideas",
                (
                    "You are a practitioner of the field. Your ideas can be started on Monday with what is at hand.",
                    "You come from quite another field. You carry over what works there, and say from where.",
                    "You are the one the idea is for. You ask for what you would really use, and say why.",
                    "You turn the problem round: what if the opposite were right, or the constraint were gone?",
                ),
                "Give seven ideas, each in two sentences: what it is, and why it could work. No two alike.",
            ),
            _reduce(
                "Scores",
                "filter",
                "Join ideas that are the same. Score each from 1 to 10 for benefit, effort and novelty, and keep the "
                "ten best in a table.",
            ),
            _single(
                "Refined",
                "strategist",
                "Work out the three best: who it is for, how it works, the first experiment, and what would kill it.",
            ),
        ),
    ),
    Template(
        "summarize",
        "Summary",
        "The facts of a text, and then the text in short.",
        (
            _single("Facts", "extractor", "Draw out what a reader must know of the material."),
            _reduce(
                "Summary",
                "synthesizer",
                "Summarise the material: one sentence that says it all, then at most seven points, then what is left "
                "open.",
            ),
        ),
    ),
)

TEMPLATES: Final[Mapping[str, Template]] = MappingProxyType({template.key: template for template in _ALL})


def build_template(key: str, *, text: str, task: str) -> Chain:
    """The template's chain for this text; the task stands in every prompt."""
    template = TEMPLATES[key]
    stages = tuple(_with_task(stage, task) for stage in template.stages)
    return Chain(template.title, stages, input=text or task, task=task, origin=f"template {key}")


def _with_task(stage: Stage, task: str) -> Stage:
    if not task:
        return stage
    return replace(
        stage,
        prompts=tuple(replace(item, instruction=f"{item.instruction}\n\nThe task: {task}") for item in stage.prompts),
    )
