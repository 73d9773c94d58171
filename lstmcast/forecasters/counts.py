"""The mean of what comes for series of many zeros: where the median is zero, sums need the mean.

A level, exponentially smoothed, times the share of the weekday. The smoothing follows goods that die out, which a mean
of the last year does not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

ALPHA = 0.05
ROWS = 400  # of the history that are looked at: the rest has no weight left
MANY_ZEROS = 0.3
MEDIAN_TOO_LOW = 0.7
SHRINKAGE = 30.0


def asks_for_mean(values: Numbers, medians: Numbers | None = None) -> bool:
    """Whether the mean is to be forecast: never negative with MANY_ZEROS, or medians that add up to far too little.

    values: (n,) known rows; medians: forecasts of rows whose mean is that of the values, where there are any.
    """
    known = values[np.isfinite(values)]
    if not len(known) or known.min() < 0 or not known.max() > 0:
        return False
    if (known == 0).mean() >= MANY_ZEROS:
        return True
    return medians is not None and float(np.mean(medians)) < MEDIAN_TOO_LOW * float(known.mean())


def mean_of_counts(
    values: Numbers, phase: NDArray[np.int64], ahead: NDArray[np.int64], season: int
) -> Numbers:
    """(K, B) the expected value of what follows rows (T, B), NaN where missing.

    phase: (T,) and ahead: (K,) place of each row within a season of m rows (its weekday).
    """
    index = season_index(values, phase, season)
    known, weight = np.isfinite(values), (1 - ALPHA) ** np.arange(len(values))[::-1][:, None]
    above = (weight * np.where(known, values, 0.0)).sum(axis=0)
    below = (weight * np.where(known, index[phase], 0.0)).sum(axis=0)
    return np.asarray(above / np.where(below > 0, below, 1.0) * index[ahead])


def season_index(values: Numbers, phase: NDArray[np.int64], season: int) -> Numbers:
    """(m, B) each place's mean over the mean of all, pulled towards one as if SHRINKAGE rows had said so."""
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    mean = filled.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    mean = np.where(mean > 0, mean, 1.0)
    rows = [phase == place for place in range(season)]
    sums = np.stack([filled[row].sum(axis=0) for row in rows])
    counts = np.stack([known[row].sum(axis=0) for row in rows])
    return np.asarray((sums / mean + SHRINKAGE) / (counts + SHRINKAGE))
