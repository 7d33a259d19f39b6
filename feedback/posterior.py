"""What a sample of ratings lets one believe about a rate: a Beta posterior and its interval."""

from __future__ import annotations

from typing import Final

from feedback.shapes import Posterior
from smartspawn.lib.beta import beta_cdf, beta_quantile

__all__ = ["PRIOR_COUNT", "PRIOR_SHARE", "beta_cdf", "beta_quantile", "expected", "posterior"]

# Before the first rating a model is taken for an average one (routing expects 0.60 at score 50), as sure as
# four ratings would make one: a first 5 says 68 %, not 100 %.
PRIOR_SHARE: Final = 0.6
PRIOR_COUNT: Final = 4.0
# Intervals hold eight of ten, like those of the catalogue's scores.
_TAIL: Final = 0.1


def expected(success_share: float, sample_count: float) -> float:
    """The rate to be expected after so many (decayed) ratings with this mean."""
    return (PRIOR_SHARE * PRIOR_COUNT + success_share * sample_count) / (PRIOR_COUNT + sample_count)


def posterior(success_share: float, sample_count: float) -> Posterior:
    """The belief after so many (decayed) ratings with this mean."""
    good = PRIOR_SHARE * PRIOR_COUNT + success_share * sample_count
    bad = (1 - PRIOR_SHARE) * PRIOR_COUNT + (1 - success_share) * sample_count
    return Posterior(
        expected(success_share, sample_count), beta_quantile(_TAIL, good, bad), beta_quantile(1 - _TAIL, good, bad)
    )
