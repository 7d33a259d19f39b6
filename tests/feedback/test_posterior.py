"""Intervals of rates, against a sum of ten thousand slices."""

from __future__ import annotations

import math

import pytest

from feedback.posterior import PRIOR_SHARE, beta_cdf, beta_quantile, posterior

SLICES = 20_000


def slow_cdf(x: float, a: float, b: float) -> float:
    """The area under the density by the midpoint rule, in a variable in which it has no pole."""
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    top = math.asin(math.sqrt(x))
    step, total = top / SLICES, 0.0
    for index in range(SLICES):
        angle = (index + 0.5) * step
        sine, cosine = math.log(math.sin(angle)), math.log(math.cos(angle))
        total += math.exp(front + (2 * a - 1) * sine + (2 * b - 1) * cosine)
    return 2 * total * step


@pytest.mark.parametrize(("a", "b"), [(2.4, 1.6), (1, 1), (12.3, 3.1), (300.0, 45.5), (2.4, 301.6), (40, 40)])
@pytest.mark.parametrize("x", [0.02, 0.3, 0.5, 0.87, 0.99])
def test_the_distribution_agrees_with_the_area_under_its_density(a: float, b: float, x: float) -> None:
    assert beta_cdf(x, a, b) == pytest.approx(slow_cdf(x, a, b), abs=1e-6)


@pytest.mark.parametrize("prob", [0.1, 0.5, 0.9])
def test_a_quantile_is_where_the_distribution_reaches_it(prob: float) -> None:
    assert beta_cdf(beta_quantile(prob, 14.4, 3.6), 14.4, 3.6) == pytest.approx(prob, abs=1e-5)


def test_without_ratings_the_prior_is_believed() -> None:
    assert posterior(0.0, 0.0).mean == PRIOR_SHARE


def test_more_ratings_make_the_interval_narrower_and_take_the_mean_to_the_rate() -> None:
    beliefs = [posterior(0.82, count) for count in (1, 5, 41, 1000)]
    widths = [item.upper - item.lower for item in beliefs]

    assert widths == sorted(widths, reverse=True)
    assert [abs(item.mean - 0.82) for item in beliefs] == sorted(
        (abs(item.mean - 0.82) for item in beliefs), reverse=True
    )
    assert all(item.lower < item.mean < item.upper for item in beliefs)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_hundred_equal_ratings_leave_the_scale_intact(share: float) -> None:
    belief = posterior(share, 100.0)

    assert 0 <= belief.lower <= belief.mean <= belief.upper <= 1
