"""Weights of forecasters where there are few horizons to judge them by: mixed, never chosen.

On one to seven horizons the best of several forecasters is mostly the luckiest. Weights are pulled towards fixed ones,
the more so the fewer horizons there are; a panel, whose series share a length but not their noise, may say more.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

MOST_FOLDS = 4
PRIOR_FOLDS = 4.0  # as many folds as the prior is worth
HOPELESS = 2.0  # this many times as bad as the best on every fold, and on FEWEST_TO_DROP of them: left out
FEWEST_TO_DROP = 2
PRIOR_SERIES = 30.0  # as many series as a panel's prior is worth
NEARLY_BEST = 0.01
SHARE_OF_MIXTURES = 0.75
MOST_POOLED = 250


def weights_of_one(errors: Numbers, prior: Sequence[float]) -> Numbers:
    """(M,) weights of M forecasters from their errors (J, M) on J folds, NaN for one that has no answer.

    J / (J + 4) of inverse squared errors, the rest of the prior; a hopeless forecaster gets nothing.
    """
    fixed = np.asarray(prior, dtype=np.float64) / sum(prior)
    folds = errors[~np.isnan(errors).any(axis=1)][:MOST_FOLDS]
    if not len(folds):
        return fixed
    mean = np.maximum(folds.mean(axis=0), np.finfo(np.float64).tiny)
    inverse = (mean.min() / mean) ** 2
    share = len(folds) / (len(folds) + PRIOR_FOLDS)
    weights = share * inverse / inverse.sum() + (1 - share) * fixed
    if len(folds) >= FEWEST_TO_DROP:
        best = folds.min(axis=1, keepdims=True)
        weights = np.where((folds > HOPELESS * best).all(axis=0), 0.0, weights)
    return np.asarray(weights / weights.sum())


def weights_of_panel(
    points: Numbers, actual: Numbers, scale: Numbers, prior: Sequence[float], series: int
) -> Numbers:
    """(M,) weights of M forecasters, the same for every series of a panel.

    points: (M, K, n) of n windows of all series; actual: (K, n), NaN where missing; scale: (n,) what errors are
    divided by; series: N. The mean of all mixtures whose pooled error is within NEARLY_BEST of the best, a quarter of
    the prior with it, and of that N / (N + 30), the rest the prior.
    """
    fixed = np.asarray(prior, dtype=np.float64) / sum(prior)
    parts = 10 if len(points) < 5 else 5
    mixtures = np.array([w for w in product(range(parts + 1), repeat=len(points)) if sum(w) == parts]) / parts
    errors = np.array([_pooled(np.tensordot(w, points, axes=1), actual, scale) for w in mixtures])
    mean = mixtures[~(errors > (1 + NEARLY_BEST) * errors.min())].mean(axis=0)
    share = SHARE_OF_MIXTURES * series / (series + PRIOR_SERIES)
    return np.asarray(share * mean + (1 - share) * fixed)


def _pooled(point: Numbers, actual: Numbers, scale: Numbers) -> float:
    """The mean error of all windows, each over its series' scale."""
    return float(np.nanmean(np.abs(point - actual) / scale))


def pooled_places(series: int, most: int = MOST_POOLED) -> NDArray[np.int64]:
    """At most so many of the series, evenly spaced."""
    if series <= most:
        return np.arange(series)
    return np.linspace(0, series - 1, most).round().astype(np.int64)
