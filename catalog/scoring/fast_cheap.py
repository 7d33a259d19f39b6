"""Fast and cheap, yet of use: price, speed and enough quality, each as a z with a fixed weight."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from catalog.scoring.combination import part_of, score_of
from catalog.scoring.features import blended_price_usd_per_mtok
from catalog.scoring.readings import Reading
from catalog.scoring.scales import Standing
from catalog.shapes import CategoryScore, Measure, ModelFacts, ScorePart, Source, SourceRecord
from catalog.weights import FastCheapPolicy, ScoringPolicy

SPEED_BENCHMARK: Final = "aa.output_tokens_per_s"
DELAY_BENCHMARK: Final = "aa.time_to_first_token_s"
PRICE_BENCHMARK: Final = "openrouter.blended_price_usd_per_mtok"
QUALITY_BENCHMARK: Final = "catalog.general"


@dataclass(frozen=True, slots=True)
class LogScale:
    """The spread of prices or speeds over a catalogue; both differ by factors, not by sums."""

    mean: float
    stddev: float

    @classmethod
    def of(cls, values: Iterable[float]) -> LogScale:
        """The scale of these values; of too few or equal ones, a scale on which a factor of e is 1."""
        logs = np.log(np.array([value for value in values if value > 0]))
        if not len(logs):
            return cls(0.0, 1.0)
        return cls(float(logs.mean()), float(logs.std()) or 1.0)

    def z(self, value: float) -> float:
        """The value's logarithm in spreads above the mean."""
        return (math.log(value) - self.mean) / self.stddev


def price_scale(models: Iterable[ModelFacts], policy: FastCheapPolicy) -> LogScale:
    """How prices spread over the models whose price is known."""
    prices = (blended_price_usd_per_mtok(facts) for facts in models)
    return LogScale.of(max(price, policy.price_floor_usd_per_mtok) for price in prices if price is not None)


def score_fast_cheap(
    facts: ModelFacts,
    *,
    general: CategoryScore,
    speed: Standing | None,
    prices: LogScale,
    policy: ScoringPolicy,
) -> CategoryScore | None:
    """The score; None without a known price, for nobody can say that such a model is cheap.

    Quality counts by the careful end of its interval: a model that nobody measured must not pass for
    useful because it costs nothing.
    """
    own = policy.fast_cheap
    price = blended_price_usd_per_mtok(facts)
    if price is None:
        return None
    price_z = -prices.z(max(price, own.price_floor_usd_per_mtok))
    quality_z = _useful_quality_z(general, policy)
    speed_z = own.unmeasured_speed_z if speed is None else speed.z
    speed_stddev_z = own.unmeasured_speed_stddev_z if speed is None else 0.0
    general_stddev_z = (general.upper - general.lower) / (2 * policy.interval_z * policy.score_per_z)
    parts = (
        _own_part(facts, PRICE_BENCHMARK, price, price_z, own.price_weight),
        _own_part(facts, QUALITY_BENCHMARK, general.lower, quality_z, own.quality_weight),
        _own_part(facts, SPEED_BENCHMARK, 0.0, speed_z, own.speed_weight)
        if speed is None
        else part_of(speed, weight_share=own.speed_weight),
    )
    known_weight = own.price_weight + own.speed_weight * (speed is not None)
    return score_of(
        z=own.price_weight * price_z + own.speed_weight * speed_z + own.quality_weight * quality_z,
        stddev_z=math.hypot(own.speed_weight * speed_stddev_z, own.quality_weight * general_stddev_z),
        policy=policy,
        coverage_share=known_weight + own.quality_weight * general.coverage_share,
        parts=parts if speed is not None else parts[:2],
        prior=None if speed is not None else (speed_z, own.speed_weight),
    )


def speed_standing(reading: Reading, scale: LogScale) -> Standing:
    """A measured speed on the scale of speeds."""
    return Standing(SPEED_BENCHMARK, reading.record.source, reading, scale.z(reading.measure.value), 0.0)


def _useful_quality_z(general: CategoryScore, policy: ScoringPolicy) -> float:
    """The careful z of general quality: steep below the bar of use, flat where it is more than enough."""
    own = policy.fast_cheap
    z = (general.lower - policy.score_mean) / policy.score_per_z
    if not general.coverage_share:
        z = min(z, own.unmeasured_quality_z)
    return min(z, own.quality_ceiling_z) - own.below_useful_slope * max(own.useful_quality_z - z, 0.0)


def _own_part(facts: ModelFacts, benchmark: str, value: float, z: float, weight: float) -> ScorePart:
    record = SourceRecord(Source.OPENROUTER, facts.model_id, payload_sha256=facts.payload_sha256)
    reading = Reading(record, Measure(benchmark, value))
    return part_of(Standing(benchmark, Source.OPENROUTER, reading, z, 0.0), weight_share=weight)
