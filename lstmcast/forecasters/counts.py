"""The mean of what comes for series of many zeros: where the median is zero, sums need the mean.

A level, exponentially smoothed, times the share of the weekday. The smoothing follows goods that die out, which a mean
of the last year does not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

ALPHA = 0.05
FADING = 0.01  # the same for quantiles, which need more rows
ROWS = 400  # of the history that are looked at: the rest has no weight left
MEDIAN_TOO_LOW = 0.7
MANY_ZEROS = 0.3  # of the known rows: skewed rows that are never zero may grow, which this mean does not
SHRINKAGE = 30.0
FEWEST_OF_PLACE = 8


def asks_for_mean(values: Numbers, season: int) -> bool:
    """Return whether a mean is to be forecast: zeros are many, and medians of a season's places add up to far too
    little.

    values: (n,) rows of one series, NaN where missing; season: m, whose places are looked at where each has
    FEWEST_OF_PLACE rows. A shop that is closed on Sundays, or the sun at night, does not ask for it; rare sales do.
    """
    recent = values[-ROWS:]
    known = recent[np.isfinite(recent)]
    if not len(known) or known.min() < 0 or not known.max() > 0 or (known == 0).mean() < MANY_ZEROS:
        return False
    m = season if len(recent) >= FEWEST_OF_PLACE * season else 1
    back = np.arange(len(recent))[::-1]
    # by stretches, each with a level of its own: growth alone makes the median of all rows low
    stretch = np.minimum(back // (FEWEST_OF_PLACE * m), max(len(recent) // (FEWEST_OF_PLACE * m), 1) - 1)
    groups = stretch * m + back % m
    own = [recent[(groups == each) & np.isfinite(recent)] for each in np.unique(groups)]
    found = [(np.median(rows), rows.mean()) for rows in own if len(rows)]
    medians, means = (float(sum(column)) for column in zip(*found, strict=True))
    return medians < MEDIAN_TOO_LOW * means


def mean_of_counts(values: Numbers, season: int, horizon: int) -> Numbers:
    """(K, B) the expected value of what follows rows (T, B), NaN where missing."""
    values, phase, ahead = _recent(values, season, horizon)
    index = season_index(values, phase, season)
    above, below = _sums(values, index[phase], ALPHA)
    return np.asarray(above / np.where(below > 0, below, 1.0) * index[ahead])


def quantiles_of_counts(values: Numbers, season: int, horizon: int, shares: Sequence[float]) -> Numbers:
    """(len(shares), K, B) the values below which so much of what follows rows (T, B) lies.

    Quantiles of the rows without their place's share of the season, later rows counting for more.
    """
    values, phase, ahead = _recent(values, season, horizon)
    index = np.maximum(season_index(values, phase, season), np.finfo(float).tiny)
    plain, known = values / index[phase], np.isfinite(values)
    order = np.argsort(np.where(known, plain, np.inf), axis=0)
    weight = ((1 - FADING) ** np.arange(len(values))[::-1])[:, None] * known
    reached = np.cumsum(np.take_along_axis(weight, order, axis=0), axis=0)
    total, ranked = reached[-1], np.take_along_axis(np.where(known, plain, 0.0), order, axis=0)
    found = []
    for share in shares:
        row = np.minimum((reached < share * total).sum(axis=0), len(values) - 1)
        found.append(np.take_along_axis(ranked, row[None], axis=0) * index[ahead])
    return np.stack(found)


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


def _recent(
    values: Numbers, season: int, horizon: int
) -> tuple[Numbers, NDArray[np.int64], NDArray[np.int64]]:
    """The last ROWS, and the place in a season of each of them and of the K rows after them."""
    values = values[-ROWS:]
    return values, (np.arange(len(values)) - len(values)) % season, np.arange(horizon) % season


def _sums(values: Numbers, index: Numbers, alpha: float) -> tuple[Numbers, Numbers]:
    """(B,) each: exponentially weighted sums of known rows, and of what their places would make of a level of one."""
    known, weight = np.isfinite(values), ((1 - alpha) ** np.arange(len(values))[::-1])[:, None]
    above = (weight * np.where(known, values, 0.0)).sum(axis=0)
    return above, (weight * np.where(known, index, 0.0)).sum(axis=0)
