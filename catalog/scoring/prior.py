"""What facts predict of quality: price, age, provider, family, size, context, reasoning.

A ridge regression over the models that the snapshot measured. It is pulled toward the policy's own
coefficients instead of toward zero, so with no measurement at all it is a sensible rule of thumb, and with
many it is what this snapshot shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from catalog.scoring.features import Matrix, design_matrix, feature_rows, group_names
from catalog.shapes import ModelFacts
from catalog.weights import PriorPolicy

Vector = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Prediction:
    """A z and how far such predictions usually miss."""

    z: float
    stddev_z: float


@dataclass(frozen=True, slots=True)
class Known:
    """What was measured of a model, and how much of it."""

    z: float
    weight: float


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """The features of all models, laid out once for the regressions of all categories."""

    model_ids: tuple[str, ...]
    matrix: Matrix
    coefficients: Vector  # the policy's; zero for providers and families

    @classmethod
    def of(cls, models: Sequence[ModelFacts], policy: PriorPolicy, *, as_of: date) -> FeatureTable:
        """The table of these models."""
        if not models:
            return cls((), np.zeros((0, 0)), np.zeros(0))
        matrix = design_matrix(feature_rows(models, policy, as_of=as_of), group_names(models), policy)
        coefficients = np.zeros(matrix.shape[1])
        coefficients[: len(policy.coefficients)] = list(policy.coefficients.values())
        return cls(tuple(facts.model_id for facts in models), matrix, coefficients)


def predict(table: FeatureTable, known: Mapping[str, Known], policy: PriorPolicy) -> dict[str, Prediction]:
    """What the facts of each model predict, given what was measured of some of them."""
    rows = [row for row, model_id in enumerate(table.model_ids) if model_id in known]
    rule_of_thumb = table.matrix @ table.coefficients
    if len(rows) < policy.min_rows:
        return _by_rule_of_thumb(table, rule_of_thumb, known, rows, policy)
    measured = np.array([known[table.model_ids[row]].z for row in rows])
    weights = np.array([known[table.model_ids[row]].weight for row in rows])
    weights = weights / weights.max()
    seen = table.matrix[:, table.matrix[rows].any(axis=0)]  # of a group without measured members nothing is learned
    fit = _Ridge.fit(seen[rows], measured - rule_of_thumb[rows], weights, policy.penalty)
    predicted = rule_of_thumb + fit.predict(seen)
    low, high = measured.min() - policy.extrapolation_z, measured.max() + policy.extrapolation_z
    stddev = max(fit.left_out_stddev, policy.min_stddev_z)
    return {
        model_id: Prediction(float(z) - _caution_z(model_id, known, policy), stddev)
        for model_id, z in zip(table.model_ids, np.clip(predicted, low, high), strict=True)
    }


def _caution_z(model_id: str, known: Mapping[str, Known], policy: PriorPolicy) -> float:
    return 0.0 if model_id in known else policy.unmeasured_caution_z


def _by_rule_of_thumb(
    table: FeatureTable,
    rule_of_thumb: Vector,
    known: Mapping[str, Known],
    rows: Sequence[int],
    policy: PriorPolicy,
) -> dict[str, Prediction]:
    """The policy's coefficients, set so that the few measured models, or all, average as they should."""
    trust = len(rows) / policy.min_rows
    level = -(1 - trust) * float(rule_of_thumb.mean()) if len(rule_of_thumb) else 0.0
    if rows:
        misses = [known[table.model_ids[row]].z - rule_of_thumb[row] for row in rows]
        level += trust * float(np.mean(misses))
    return {
        model_id: Prediction(float(z) + level - _caution_z(model_id, known, policy), policy.stddev_z)
        for model_id, z in zip(table.model_ids, rule_of_thumb, strict=True)
    }


@dataclass(frozen=True, slots=True)
class _Ridge:
    """A weighted ridge regression with a free intercept."""

    intercept: float
    slopes: Vector
    centre: Vector
    left_out_stddev: float  # of the error on each row when that row is left out

    @classmethod
    def fit(cls, matrix: Matrix, target: Vector, weights: Vector, penalty: float) -> _Ridge:
        total = weights.sum()
        centre = weights @ matrix / total
        intercept = float(weights @ target / total)
        centred = matrix - centre
        weighted = centred * weights[:, None]
        gram = centred.T @ weighted + penalty * np.eye(matrix.shape[1])
        solved = np.linalg.solve(gram, weighted.T)
        slopes = solved @ (target - intercept)
        leverage = np.einsum("ij,ji->i", centred, solved) + weights / total
        errors = (target - intercept - centred @ slopes) / np.maximum(1 - leverage, 0.1)
        return cls(intercept, slopes, centre, float(np.sqrt(weights @ errors**2 / total)))

    def predict(self, matrix: Matrix) -> Vector:
        predicted: Vector = self.intercept + (matrix - self.centre) @ self.slopes
        return predicted
