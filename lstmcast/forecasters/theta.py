"""Theta: exponential smoothing of the level with half the slope of the whole, the season taken out before.

Assimakopoulos and Nikolopoulos 2000, in the form of Hyndman and Billah 2003: simple exponential smoothing with a drift
of half the least squares slope. The forecast is the mean of that of the rows and that of their logarithms.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.forecasters.logarithms import highest_log, median_size

Numbers = NDArray[np.float64]

SEASONS_NEEDED = 3
_SIGNIFICANT = 1.645
_POSITIVE_FROM = 0.02
_ALPHAS = np.concatenate([[0.01, 0.02, 0.03], np.arange(0.05, 0.99, 0.025), [0.99]])[:, None]


def theta(values: Numbers, season: int, horizon: int) -> Numbers:
    """(K, B) the forecast of the rows after these (T, B), all known; season: m, 1 for none."""
    index = seasonal_index(values, season)
    rows, ahead = np.arange(len(values)), len(values) + np.arange(horizon)
    plain = values / index[rows % season]
    size = median_size(plain)
    is_positive = plain.min(axis=0) > _POSITIVE_FROM * size
    forecast, logs = _line(plain, horizon), np.log(np.where(is_positive, plain, 1.0) / size)
    other = size * np.exp(np.minimum(_line(logs, horizon), highest_log(logs)))
    return np.asarray(np.where(is_positive, (forecast + other) / 2, forecast) * index[ahead % season])


def seasonal_index(values: Numbers, season: int) -> Numbers:
    """(m, B) by how many times each row of a season is above the level; one where no season is to be seen.

    Classical ratios to a centred moving average, the median of each row's, where there are SEASONS_NEEDED, rows are
    positive, and the autocorrelation at lag m is significant (one-sided, 5 %).
    """
    count, columns = values.shape
    if season == 1 or count < SEASONS_NEEDED * season:
        return np.ones((season, columns))
    weights = np.full(season + 1 - season % 2, 1.0 / season)
    weights[[0, -1]] *= 1.0 if season % 2 else 0.5
    half = len(weights) // 2
    with np.errstate(all="ignore"):  # of what is not positive
        level = np.apply_along_axis(np.convolve, 0, values, weights, "valid")
        ratio, rows = values[half : count - half] / level, np.arange(half, count - half) % season
        index = np.stack([np.median(ratio[rows == row], axis=0) for row in range(season)])
        index = index / index.mean(axis=0)
    good = (values > 0).all(axis=0) & (index > 0).all(axis=0) & np.isfinite(index).all(axis=0)
    return np.where(good & _is_seasonal(values, season), index, 1.0)


def _is_seasonal(values: Numbers, season: int) -> NDArray[np.bool_]:
    """(B,) whether the autocorrelation at lag m is significant."""
    left = values - values.mean(axis=0)
    squares, products = (left**2).sum(axis=0), (left[season:] * left[:-season]).sum(axis=0)
    return np.asarray(products > _SIGNIFICANT / np.sqrt(len(values)) * squares)


def _line(values: Numbers, horizon: int) -> Numbers:
    """(K, B) the smoothed level with half the slope; the best of _ALPHAS for each series by its squared errors."""
    count = len(values)
    time = np.arange(count) - (count - 1) / 2
    slope = time @ values / (time @ time)
    level, alpha = _smoothed(values)
    ahead = np.arange(horizon)[:, None] + (1 - (1 - alpha) ** count) / alpha
    return np.asarray(level + slope / 2 * ahead)


def _smoothed(values: Numbers) -> tuple[Numbers, Numbers]:
    """(B,) each series' level after its last row, and its alpha; the first level is the least squares solution."""
    count, columns = values.shape
    errors, level = np.empty((count, len(_ALPHAS), columns)), np.zeros((len(_ALPHAS), columns))
    for row in range(count):
        errors[row] = values[row] - level
        level = level + _ALPHAS * errors[row]
    effect = (1 - _ALPHAS) ** np.arange(count)  # (alphas, T) of the first level on each row
    first = np.einsum("at,tab->ab", effect, errors) / (effect**2).sum(axis=1)[:, None]
    errors -= effect.T[:, :, None] * first
    best = (errors**2).sum(axis=0).argmin(axis=0)
    last = level + (1 - _ALPHAS) ** count * first
    return last[best, np.arange(columns)], _ALPHAS[best, 0]
