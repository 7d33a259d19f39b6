"""Every number that scoring depends on, in one frozen policy with a reason for each.

A change here is a new ``version``: snapshots and decisions name the version that made them.
How the numbers are used stands in ``catalog/scoring``; how well they do, ``manage.py evaluate_scoring`` tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from catalog.shapes import Category, Source

Relevance = Mapping[str, float]  # benchmark -> how much it says about the category; 3 says enough

# A source's readings of one model agree with one another more than with other sources, so weights are
# two-storeyed: within a source by relevance to the category, between sources by trust.


def _arena(**categories: float) -> dict[str, float]:
    """Style-controlled ratings; those without style control reward length, so they only stand in."""
    return {f"lmarena.text.{name}": relevance for name, relevance in categories.items()} | {
        f"lmarena.text_plain.{name}": relevance / 6 for name, relevance in categories.items()
    }


_CSV_ARENA: Final = {"lmarena.csv_text.overall": 1.5}  # the old CSV has one rating for everything

_GENERAL: Final[Mapping[Source, Relevance]] = {
    Source.LMARENA: _arena(overall=3, hard_prompts=1, expert=1, instruction_following=0.5, multi_turn=0.5)
    | {"lmarena.csv_text.overall": 3},
    Source.LIVEBENCH: {  # its own average: the mean of its categories
        f"livebench.{name}": 0.5
        for name in (
            "reasoning",
            "coding",
            "agentic_coding",
            "mathematics",
            "data_analysis",
            "language",
            "if",
        )
    },
    Source.ARTIFICIAL_ANALYSIS: {
        "aa.intelligence_index": 3,  # the publisher's own mean of its evaluations; the rest stand in for it
        "aa.agentic_index": 0.5,
        "aa.coding_index": 0.5,
        "aa.gpqa": 0.3,
        "aa.hle": 0.3,
        "aa.mmlu_pro": 0.3,
        "aa.ifbench": 0.3,
        "aa.lcr": 0.3,
        "aa.tau2": 0.3,
    },
    Source.HF_LEADERBOARD: {"hf.average": 3},
}
_CODING: Final[Mapping[Source, Relevance]] = {
    Source.LMARENA: _arena(coding=3, industry_software_and_it_services=1, hard_prompts=0.5) | _CSV_ARENA,
    Source.LIVEBENCH: {"livebench.coding": 1.5, "livebench.agentic_coding": 1.5, "livebench.reasoning": 0.5},
    Source.ARTIFICIAL_ANALYSIS: {
        "aa.coding_index": 3,
        "aa.livecodebench": 1,
        "aa.scicode": 1,
        "aa.terminalbench_hard": 1,
        "aa.terminalbench_v2_1": 1,
        "aa.intelligence_index": 1,  # measured for all, the coding index for a third
        "aa.agentic_index": 0.5,
    },
    Source.HF_LEADERBOARD: {"hf.average": 1},
}
_REASONING: Final[Mapping[Source, Relevance]] = {
    Source.LMARENA: _arena(math=2, hard_prompts=1, expert=1, overall=0.5) | _CSV_ARENA,
    Source.LIVEBENCH: {
        "livebench.reasoning": 1.5,
        "livebench.mathematics": 1.5,
        "livebench.data_analysis": 0.5,
    },
    Source.ARTIFICIAL_ANALYSIS: {
        "aa.intelligence_index": 1.5,
        "aa.gpqa": 1,
        "aa.hle": 1,
        "aa.aime_25": 1,
        "aa.math_index": 1,
        "aa.aime": 0.5,  # the older two are solved by nearly all newer models
        "aa.math_500": 0.5,
    },
    Source.HF_LEADERBOARD: {"hf.gpqa": 1, "hf.math_lvl_5": 1, "hf.bbh": 1, "hf.musr": 0.5},
}
_CREATIVE: Final[Mapping[Source, Relevance]] = {
    Source.LMARENA: _arena(creative_writing=3, industry_writing_and_literature_and_language=1, overall=0.5)
    | _CSV_ARENA,
    Source.LIVEBENCH: {"livebench.language": 1.5, "livebench.if": 1},
    Source.ARTIFICIAL_ANALYSIS: {"aa.intelligence_index": 1, "aa.ifbench": 0.5},
    Source.HF_LEADERBOARD: {"hf.ifeval": 1, "hf.average": 0.5},
}
_RESEARCH: Final[Mapping[Source, Relevance]] = {
    Source.LMARENA: _arena(longer_query=2, expert=1, hard_prompts=0.5, multi_turn=0.5) | _CSV_ARENA,
    Source.LIVEBENCH: {
        "livebench.data_analysis": 1,
        "livebench.reasoning": 0.75,
        "livebench.language": 0.5,
        "livebench.if": 0.5,
    },
    Source.ARTIFICIAL_ANALYSIS: {"aa.lcr": 2, "aa.intelligence_index": 1.5, "aa.hle": 0.5, "aa.tau2": 0.5},
    Source.HF_LEADERBOARD: {"hf.mmlu_pro": 1, "hf.average": 1},
}
_VISION: Final[Mapping[Source, Relevance]] = {
    Source.LMARENA: {
        "lmarena.vision.overall": 3,
        "lmarena.vision.diagram": 0.5,
        "lmarena.vision.ocr": 0.5,
        "lmarena.vision.homework": 0.5,
        "lmarena.vision_style_control.overall": 1,
        "lmarena.csv_vision.overall": 2,
        "lmarena.text.overall": 0.75,  # who writes better answers, describes pictures better
    },
    Source.LIVEBENCH: {"livebench.reasoning": 0.5, "livebench.language": 0.5},
    Source.ARTIFICIAL_ANALYSIS: {"aa.intelligence_index": 1},
}

_RELEVANCE: Final[Mapping[Category, Mapping[Source, Relevance]]] = MappingProxyType(
    {
        Category.GENERAL: _GENERAL,
        Category.CODING: _CODING,
        Category.REASONING: _REASONING,
        Category.CREATIVE: _CREATIVE,
        Category.RESEARCH: _RESEARCH,
        Category.VISION: _VISION,
    }
)


@dataclass(frozen=True, slots=True)
class PriorPolicy:
    """What facts alone predict, before the snapshot's own measurements correct it.

    ``coefficients`` are z per unit of a feature (see ``catalog/scoring/features.py``): where nothing is
    measured they are the prediction; where much is measured a ridge regression moves away from them.
    """

    coefficients: Mapping[str, float]
    penalty: float  # rows that the coefficients above are worth; flat from 4 to 30 in cross-validation
    group_scale: float  # how readily a provider or family gets an offset of its own
    min_rows: int  # fewer measured models than this teach less than the coefficients know
    extrapolation_z: float  # newer and dearer than anything measured may exceed the best by this much
    stddev_z: float  # the error where too little is measured to tell it
    min_stddev_z: float  # no prediction from facts is surer than this
    free_price_usd_per_mtok: float  # a free or unpriced model is taken for a cheap one
    price_range_usd_per_mtok: tuple[float, float]  # prices beyond say no more about quality
    unmeasured_caution_z: float  # leaderboards list what is worth listing: absence is a slight bad sign
    full_size_parameters_b: float  # above it, size says little: 405B of 2024 lose to 30B of 2026


@dataclass(frozen=True, slots=True)
class FastCheapPolicy:
    """Price first, speed and quality next; a model below the bar of use loses more than it saves."""

    price_weight: float
    speed_weight: float
    quality_weight: float
    price_floor_usd_per_mtok: float  # free endpoints are rate limited: free counts as this price
    unmeasured_speed_z: float  # an unknown speed counts as slower than most
    unmeasured_speed_stddev_z: float
    unmeasured_quality_z: float  # a model that nobody measured counts as no better than this
    useful_quality_z: float  # about the level of the mid-2024 small models
    below_useful_slope: float
    quality_ceiling_z: float  # being brilliant does not make a model fast or cheap


@dataclass(frozen=True, slots=True)
class ScoringPolicy:
    """All weights and cut-offs of one way of scoring."""

    version: str
    relevance: Mapping[Category, Mapping[Source, Relevance]]
    # 1 / variance (in z) of what a source says about a model around what the others agree on.
    source_precision: Mapping[Source, float]
    full_relevance: float = 3.0  # readings of this relevance in sum earn a source its whole precision
    # The first of these that is wide enough gives the scale that all others are placed on; else the widest.
    reference_benchmarks: tuple[str, ...] = (
        "lmarena.text.overall",
        "aa.intelligence_index",
        "lmarena.text_plain.overall",
        "lmarena.csv_text.overall",
        "livebench.reasoning",
        "hf.average",
    )
    min_reference_population: int = 30
    min_population: int = 5  # a mean and a spread of fewer values say nothing (the ancestor's bound too)
    min_shared: int = 5  # so many models on both sides link two scales
    slope_range: tuple[float, float] = (0.3, 2.0)  # a link through few models must not stretch a scale wildly
    score_mean: float = 50.0  # the ancestor's mapping: 50 + 20 z
    score_per_z: float = 20.0
    # Within this distance of 0 and 100 scores approach the end ever more slowly instead of stopping at it:
    # two models beyond 2.5 spreads must not tie.
    score_margin: float = 10.0
    interval_z: float = 1.2816  # 80 % of a normal distribution lie within
    # Intervals tell where a leaderboard not seen yet would place the model, so they hold more than the error
    # of the mean: leaderboards differ by about so much in what they ask. Checked by ``evaluate_scoring``.
    reading_stddev_z: float = 0.2
    interval_quantile_z: float = 1.96  # publishers give 95 % intervals
    # In research, the length of the context counts beside the sources: room to work in, no proof of work.
    context_precision: float = 1.0
    good_score: float = 55.0  # a measured score from here lists a model under coding, reasoning, creative
    prior: PriorPolicy = field(kw_only=True)
    fast_cheap: FastCheapPolicy = field(kw_only=True)


CURRENT_POLICY: Final = ScoringPolicy(
    version="1",
    relevance=_RELEVANCE,
    source_precision=MappingProxyType(
        {
            Source.LMARENA: 6.0,  # many votes and by far the most models; preference is not correctness
            Source.ARTIFICIAL_ANALYSIS: 6.0,  # a dozen evaluations run by one hand
            Source.LIVEBENCH: 3.0,  # objective, but a few dozen questions for each task
            Source.HF_LEADERBOARD: 0.5,  # archived in March 2025, base-model style prompting, contaminated
        }
    ),
    prior=PriorPolicy(
        coefficients=MappingProxyType(
            {
                "log_price": 0.30,
                "age_years": -0.40,
                "sqrt_age_years": -0.50,
                "has_reasoning": 0.30,
                "log2_context": 0.10,
                "log_size": 0.40,
                "is_small": -0.20,
                "is_large": 0.10,
            }
        ),
        penalty=8.0,
        group_scale=0.7,
        min_rows=12,
        extrapolation_z=1.0,
        stddev_z=1.0,
        min_stddev_z=0.45,
        free_price_usd_per_mtok=0.10,
        price_range_usd_per_mtok=(0.03, 15.0),
        unmeasured_caution_z=0.1,
        full_size_parameters_b=70.0,
    ),
    fast_cheap=FastCheapPolicy(
        price_weight=0.45,
        speed_weight=0.25,
        quality_weight=0.30,
        price_floor_usd_per_mtok=0.05,
        unmeasured_speed_z=-0.5,
        unmeasured_speed_stddev_z=1.0,
        unmeasured_quality_z=-1.0,
        useful_quality_z=-0.5,
        below_useful_slope=1.5,
        quality_ceiling_z=1.0,
    ),
)
