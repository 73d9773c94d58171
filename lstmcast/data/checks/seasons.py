"""Seasons: how strong a season of so many rows is, and which one a series without a calendar has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_FEWEST_CYCLES = 3
_MOST_ROWS = 1 << 18  # a season that does not show in so many rows is none
_CLEAR = 0.3  # least strength, and least correlation of rows a season apart, that make a season
_AS_GOOD = 0.1  # a shorter season is taken where it is hardly weaker: twice a season is one too
_TRIED = 8


def strength(values: Numbers, season: int) -> float | None:
    """The share of what varies around the trend of a series (n,) that its mean season explains: 0 none, 1 all.

    One less the variance of the remainder over that of season and remainder (Wang, Smith and Hyndman 2006), each by
    its degrees of freedom; the trend is a centred mean over one season. None with fewer than three seasons.
    """
    values = values[-_MOST_ROWS:]
    if values.size < _FEWEST_CYCLES * season:
        return None
    around = values - _trend(values, season)
    rows = np.flatnonzero(np.isfinite(around))
    if rows.size < _FEWEST_CYCLES * season:
        return None
    around, phase = around[rows], rows % season
    number = np.bincount(phase, minlength=season)
    mean = np.bincount(phase, around, minlength=season) / np.maximum(number, 1)
    whole = float(around.var()) / (rows.size - 1)
    rest = float((around - mean[phase]).var()) / (rows.size - season)
    return max(0.0, 1.0 - rest / whole) if whole > 0 else None


def strengths(series: Sequence[Numbers], seasons: tuple[int, ...]) -> dict[int, float]:
    """The median strength of each season over several series; those that no series is long enough for are left out."""
    found = {season: [strength(values, season) for values in series] for season in seasons}
    known = {season: [share for share in shares if share is not None] for season, shares in found.items()}
    return {season: float(np.median(shares)) for season, shares in known.items() if shares}


def _trend(values: Numbers, season: int) -> Numbers:
    """(n,) the mean of what is known in the season around each row; NaN near the ends and in long gaps.

    An even season takes half of the row at either end, so that every phase counts once.
    """
    known = np.isfinite(values)
    centre = float(np.mean(values[known])) if known.any() else 0.0
    weights = np.ones(season + 1 - season % 2)
    if season % 2 == 0:
        weights[[0, -1]] = 0.5
    trend = np.full(values.size, np.nan)
    if values.size < weights.size:
        return trend
    total = _moving_sum(np.where(known, values - centre, 0.0), weights)
    number = _moving_sum(known.astype(np.float64), weights)
    half = weights.size // 2
    inner = slice(half, values.size - half)
    trend[inner] = np.where(number > season / 2, total / np.maximum(number, 1) + centre, np.nan)
    return trend


def _moving_sum(values: Numbers, weights: Numbers) -> Numbers:
    """The weighted sum over every window, all weights but the outermost being one."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    width = weights.size
    whole = sums[width:] - sums[:-width]
    missing = 1.0 - weights[0]
    summed: Numbers = whole - missing * (values[: values.size - width + 1] + values[width - 1 :])
    return summed


def find_season(values: Numbers) -> int | None:
    """The season of a series (n,) that has no calendar, from where its rows resemble those of earlier; None without.

    Of the lags at which the autocorrelation peaks highest, the shortest that is about as strong as the strongest.
    """
    values = values[-_MOST_ROWS:]
    correlation = _autocorrelation(values)
    inner = correlation[1:-1]
    peaks = np.flatnonzero((inner > correlation[:-2]) & (inner >= correlation[2:]) & (inner > _CLEAR)) + 1
    peaks = peaks[peaks > 1]
    if not peaks.size:
        return None
    best = peaks[correlation[peaks] >= correlation[peaks].max() - _AS_GOOD][:_TRIED]
    found = {lag: share for lag in best.tolist() if (share := strength(values, lag)) is not None}
    if not found or max(found.values()) < _CLEAR:
        return None
    good = [lag for lag, share in found.items() if share >= max(found.values()) - _AS_GOOD]
    return int(min(good))


def _autocorrelation(values: Numbers) -> Numbers:
    """Correlation of a series, less its straight line, with itself 0, 1, … rows later, up to a quarter of it."""
    known = np.isfinite(values)
    if known.sum() < 3 * _FEWEST_CYCLES:
        return np.zeros(3)
    rows = np.arange(values.size)
    level = np.where(known, values - np.mean(values[known]), 0.0)
    slope, offset = np.polyfit(rows[known], level[known], 1)
    level = np.where(known, level - slope * rows - offset, 0.0)
    size = 1 << (2 * values.size - 1).bit_length()
    power = np.abs(np.fft.rfft(level, size)) ** 2
    lags = np.fft.irfft(power, size)[: values.size // (_FEWEST_CYCLES + 1) + 1]
    pairs = values.size - np.arange(lags.size)  # else long lags look weak only for having fewer pairs
    whole = lags[0] / values.size
    return lags / pairs / whole if whole > 0 else np.zeros(3)
