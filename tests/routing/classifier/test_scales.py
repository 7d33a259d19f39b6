"""Scales fit the values that they round: outliers are cut where that costs less than it wins."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx", reason="packing a bundle needs the packages of [train]")

from routing.classifier.training.scales import LEVELS, Scale, fit_scale


def rounded(values: np.ndarray, scale: Scale) -> np.ndarray:
    bytes_ = np.clip(np.rint(values / scale.step) + scale.zero, 0, LEVELS)
    return (bytes_ - scale.zero) * scale.step


def test_values_within_their_range_are_off_by_half_a_step_at_most() -> None:
    values = np.linspace(-1, 3, 1000, dtype=np.float32)
    scale = fit_scale(values)
    assert np.abs(rounded(values, scale) - values).max() <= 0.51 * scale.step
    assert scale.step == pytest.approx(4 / LEVELS)


def test_a_rare_outlier_is_cut_for_the_many() -> None:
    values = np.append(np.linspace(-1, 1, 400_000, dtype=np.float32), np.float32(4))
    scale = fit_scale(values)
    assert scale.step < 4.5 / LEVELS  # with the outlier whole it were 5


def test_zero_stays_zero_and_nothing_but_zeros_can_be_rounded() -> None:
    scale = fit_scale(np.array([2, 3], dtype=np.float32))
    assert rounded(np.zeros(1), scale) == 0
    assert fit_scale(np.zeros(4, dtype=np.float32)).step == 1
