"""What a benchmark's value means: the scale on which all benchmarks of a snapshot can be compared.

The average of a leaderboard depends on whom it lists: 0 among forty frontier models is far above 0 among
all models of three years. So one wide leaderboard gives the scale (mean 0, spread 1 over its base models),
and every other one is placed on it through the models that both list: what they average and how far they
spread on the reference becomes their average and spread here. Older releases are placed on the newest one
first, in the same way. A scale remains a straight line, so ``z = (value - mean) / stddev`` holds for all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from catalog.scoring.readings import Population, Reading, ScaleKey
from catalog.shapes import BenchmarkStats, Source
from catalog.weights import ScoringPolicy

_NO_SPREAD: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight line from a benchmark's own scale to z."""

    mean: float
    stddev: float
    count: int

    def z(self, value: float) -> float:
        """The value in spreads of the reference population above its mean."""
        return (value - self.mean) / self.stddev

    def placed(self, *, offset: float, slope: float) -> Scale:
        """The scale whose z is ``offset + slope * z`` of this one."""
        stddev = self.stddev / slope
        return Scale(self.mean - offset * stddev, stddev, self.count)


@dataclass(frozen=True, slots=True)
class Standing:
    """One reading on the common scale."""

    benchmark: str
    source: Source
    reading: Reading
    z: float
    stderr_z: float  # of the measurement itself, from the publisher's own interval


@dataclass(frozen=True, slots=True)
class Scales:
    """Every usable benchmark's scale, and where each base model stands on it."""

    scales: Mapping[ScaleKey, Scale]
    standings: Mapping[str, Mapping[str, Standing]]  # base id -> benchmark -> the newest release's

    def stats(self) -> tuple[BenchmarkStats, ...]:
        """What a reader needs to work out any z by hand."""
        return tuple(
            BenchmarkStats(benchmark, release, scale.mean, scale.stddev, scale.count)
            for (benchmark, release), scale in sorted(self.scales.items())
        )


def fit_scales(populations: Mapping[ScaleKey, Population], policy: ScoringPolicy) -> Scales:
    """The scales of all benchmarks that have enough different values to have one."""
    own = {
        key: scale for key, population in populations.items() if (scale := _own_scale(population, policy)) is not None
    }
    newest = _newest_releases(own)
    reference = _reference(newest, own, policy)
    if reference is None:
        return Scales({}, {})
    linker = _Linker(populations, own, policy)
    scales = linker.link_newest(newest, reference)
    for key in sorted(own.keys() - scales.keys()):
        scales[key] = linker.link_older(key, scales, newest=dict(newest), reference=reference)
    return Scales(scales=scales, standings=_standings(scales, populations, policy))


# --- one benchmark -------------------------------------------------------------------------


def _own_scale(population: Population, policy: ScoringPolicy) -> Scale | None:
    values = np.array([reading.measure.value for reading in population.readings.values()])
    if len(values) < policy.min_population:
        return None
    mean, stddev = float(values.mean()), float(values.std())
    if not np.isfinite(stddev) or stddev <= _NO_SPREAD * max(1.0, abs(mean)):
        return None
    return Scale(mean, stddev, len(values))


def _newest_releases(scales: Mapping[ScaleKey, Scale]) -> list[ScaleKey]:
    """The newest release of each benchmark; releases are dates, or versions of one length."""
    return sorted(dict(sorted(scales)).items())  # of several releases, the last one stays


# --- placing one scale on another ----------------------------------------------------------


def _reference(newest: Sequence[ScaleKey], own: Mapping[ScaleKey, Scale], policy: ScoringPolicy) -> ScaleKey | None:
    """The first reference of the policy that is wide enough; else the widest benchmark there is."""
    present = dict(newest)
    for benchmark in policy.reference_benchmarks:
        key = (benchmark, present.get(benchmark, ""))
        if benchmark in present and own[key].count >= policy.min_reference_population:
            return key
    return max(newest, key=lambda key: own[key].count, default=None)


@dataclass(frozen=True, slots=True)
class _Linker:
    """Places each benchmark's own scale on another one, through the models that both list."""

    populations: Mapping[ScaleKey, Population]
    own: Mapping[ScaleKey, Scale]
    policy: ScoringPolicy

    def link_newest(self, newest: Sequence[ScaleKey], reference: ScaleKey) -> dict[ScaleKey, Scale]:
        """The newest releases on the reference; those that share too little with it, on what it placed."""
        linked = {reference: self.own[reference]}
        reference_z = self._z_by_model(reference, linked)
        unlinked = []
        for key in newest:
            if key == reference:
                continue
            placed = self._place(key, reference_z)
            if placed is None:
                unlinked.append(key)
            else:
                linked[key] = placed
        average_z = self._average_z(linked)
        return linked | {key: self._place(key, average_z) or self.own[key] for key in unlinked}

    def link_older(
        self,
        key: ScaleKey,
        linked: Mapping[ScaleKey, Scale],
        *,
        newest: Mapping[str, str],
        reference: ScaleKey,
    ) -> Scale:
        """An older release on the newest of its benchmark; else on the reference; else as it stands."""
        for target in ((key[0], newest[key[0]]), reference):
            placed = self._place(key, self._z_by_model(target, linked))
            if placed is not None:
                return placed
        return self.own[key]

    def _place(self, key: ScaleKey, target_z: Mapping[str, float]) -> Scale | None:
        """The scale under which the shared models average and spread as they do on the target."""
        own = self.own[key]
        own_z = self._z_by_model(key, self.own)
        shared = [model_id for model_id in own_z if model_id in target_z]
        if len(shared) < self.policy.min_shared:
            return None
        here = np.array([own_z[model_id] for model_id in shared])
        there = np.array([target_z[model_id] for model_id in shared])
        if here.std() <= _NO_SPREAD or there.std() <= _NO_SPREAD:
            return None
        slope = float(np.clip(there.std() / here.std(), *self.policy.slope_range))
        return own.placed(offset=float(there.mean()) - slope * float(here.mean()), slope=slope)

    def _z_by_model(self, key: ScaleKey, scales: Mapping[ScaleKey, Scale]) -> dict[str, float]:
        scale = scales[key]
        readings = self.populations[key].readings
        return {model_id: scale.z(reading.measure.value) for model_id, reading in readings.items()}

    def _average_z(self, linked: Mapping[ScaleKey, Scale]) -> dict[str, float]:
        every: dict[str, list[float]] = {}
        for key in sorted(linked):
            for model_id, z in self._z_by_model(key, linked).items():
                every.setdefault(model_id, []).append(z)
        return {model_id: sum(zs) / len(zs) for model_id, zs in every.items()}


# --- standings -----------------------------------------------------------------------------


def _standings(
    scales: Mapping[ScaleKey, Scale], populations: Mapping[ScaleKey, Population], policy: ScoringPolicy
) -> dict[str, dict[str, Standing]]:
    standings: dict[str, dict[str, Standing]] = {}
    for key, scale in sorted(scales.items()):  # releases ascend, so the newest one stays
        population = populations[key]
        usual_stderr_z = _usual_stderr_z(population, scale, policy)
        for model_id, reading in population.readings.items():
            stderr_z = _stderr_z(reading, scale, policy)
            standings.setdefault(model_id, {})[key[0]] = Standing(
                benchmark=key[0],
                source=population.source,
                reading=reading,
                z=scale.z(reading.measure.value),
                stderr_z=usual_stderr_z if stderr_z is None else stderr_z,
            )
    return standings


def _stderr_z(reading: Reading, scale: Scale, policy: ScoringPolicy) -> float | None:
    lower, upper = reading.measure.lower, reading.measure.upper
    if lower is None or upper is None or not 0 <= upper - lower < math.inf:
        return None
    return (upper - lower) / (2 * policy.interval_quantile_z) / scale.stddev


def _usual_stderr_z(population: Population, scale: Scale, policy: ScoringPolicy) -> float:
    """The median error of the benchmark: no published interval must not pass for no error."""
    known = [
        stderr for reading in population.readings.values() if (stderr := _stderr_z(reading, scale, policy)) is not None
    ]
    return float(np.median(known)) if known else 0.0
