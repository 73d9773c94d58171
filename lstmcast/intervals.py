"""Bands that hold what they promise: widths calibrated on validation rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.errors import UsageError

Numbers = NDArray[np.float64]
Bands = dict[float, tuple[Numbers, Numbers]]

LEVELS = (20, 40, 60, 80, 90, 95, 98)
QUANTILES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_MEDIAN = len(QUANTILES) // 2
FEWEST_HORIZONS = 4
TRUSTED_HORIZONS = 8


@dataclass(frozen=True, eq=False)
class Intervals:
    """How wide the band of each of LEVELS is around the point forecast, in the table's scaled units.

    kind `quantiles`: widths (levels,) are factors on the network's own half-widths (conformalised quantiles, Romano
    et al. 2019, multiplicative); kind `split`: widths (levels, K) are half-widths for each step ahead (split
    conformal, Lei et al. 2018).
    """

    kind: str
    widths: Numbers

    def bands(self, point: Numbers, quantiles: Numbers | None, levels: Sequence[float]) -> Bands:
        """Lower and upper (K, B) around a point forecast (K, B) at each level in percent; quantiles: (K, Q, B).

        Bands never cross: a higher level is at least as wide. Raises UsageError for a level above the highest.
        """
        below, above = self._offsets(point, quantiles)
        return {level: (point - _at(level, below), point + _at(level, above)) for level in levels}

    def _offsets(self, point: Numbers, quantiles: Numbers | None) -> tuple[Numbers, Numbers]:
        """(levels, K, B) how far each level's edges are from the point, below and above."""
        if self.kind == "split" or quantiles is None:
            widths = np.broadcast_to(self.widths[:, :, None], (len(LEVELS), *point.shape))
            return widths, widths
        sides = half_widths(quantiles)
        widened = [np.maximum.accumulate(self.widths[:, None, None] * side, axis=0) for side in sides]
        return widened[0], widened[1]


def _at(level: float, offsets: Numbers) -> Numbers:
    """(K, B) the offset of any level, straight between those of LEVELS; at level 0 it is zero."""
    if not 0 < level <= LEVELS[-1]:
        raise UsageError(f"a level goes from 1 to {LEVELS[-1]} percent; got {level:g}")
    upper = int(np.searchsorted(LEVELS, level))
    lower_level = LEVELS[upper - 1] if upper else 0
    share = (level - lower_level) / (LEVELS[upper] - lower_level)
    lower = offsets[upper - 1] if upper else 0.0
    return np.asarray(np.minimum(lower + share * (offsets[upper] - lower), offsets[upper]))


def half_widths(quantiles: Numbers) -> tuple[Numbers, Numbers]:
    """(levels, K, B) distance of each level's quantiles (K, Q, B) from the median, below and above.

    Levels beyond the outermost quantiles take those: the factor makes up for it. No distance is zero, and what is
    least depends on the window alone: its forecast is the same whatever stands beside it.
    """
    pairs = [pair(level) for level in LEVELS]
    median = quantiles[:, _MEDIAN]
    below = np.stack([median - quantiles[:, low] for low, _ in pairs])
    above = np.stack([quantiles[:, high] - median for _, high in pairs])
    least = 1e-6 + 1e-3 * (below + above).mean(axis=(0, 1))
    return np.maximum(below, least), np.maximum(above, least)


def pair(level: int) -> tuple[int, int]:
    """Which of QUANTILES are the lower and the upper end of a level in percent, the outermost beyond them."""
    low = int(np.argmin([abs(q - (1 - level / 100) / 2) for q in QUANTILES[:_MEDIAN]]))
    return low, len(QUANTILES) - 1 - low


def calibrate(
    actual: Numbers,
    point: Numbers,
    quantiles: Numbers | None,
    horizons: int,
    wanted: str = "auto",
    factor: float = 1.0,
) -> Intervals:
    """The widths that validation windows ask for.

    actual: (K, n) in scaled units, NaN where missing; point: (K, n); quantiles: (K, Q, n) or None;
    horizons: disjoint ones in the validation block. With few, factors below one are not believed; with very few, or
    without quantiles, each step ahead has a width of its own; wanted: a kind, or `auto`; factor: how many times as
    wide as that.
    """
    error = actual - point
    if quantiles is None or wanted == "split" or (wanted == "auto" and horizons < FEWEST_HORIZONS):
        return Intervals("split", factor * _split(np.abs(error)))
    below, above = half_widths(quantiles)
    factors = [
        order_statistic(np.abs(error) / np.where(error < 0, low, high), level)
        for level, low, high in zip(LEVELS, below, above, strict=True)
    ]
    least = 1.0 if horizons < TRUSTED_HORIZONS else 0.0
    return Intervals("quantiles", factor * np.maximum(factors, least))


def _split(error: Numbers) -> Numbers:
    """(levels, K) half-widths; a step without any known target takes the one before it."""
    widths = np.array([[order_statistic(errors, level) for errors in error] for level in LEVELS])
    for step in range(1, widths.shape[1]):
        widths[:, step] = np.where(np.isnan(widths[:, step]), widths[:, step - 1], widths[:, step])
    return np.asarray(np.nan_to_num(widths))


def order_statistic(scores: Numbers, level: int) -> float:
    """The ceil((n + 1) level)-th smallest of n scores, which covers `level` percent of exchangeable new ones;
    the largest when n is too small for that, NaN without any. NaN scores do not count."""
    scores = scores[np.isfinite(scores)]
    if not len(scores):
        return math.nan
    rank = min(math.ceil((len(scores) + 1) * level / 100), len(scores))
    return float(np.partition(scores, rank - 1)[rank - 1])
