"""Bands that hold what they promise: widths calibrated on validation rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import UsageError
from lstmcast.evaluation.metrics import winkler

Numbers = NDArray[np.float64]
Bands = dict[float, tuple[Numbers, Numbers]]

LEVELS = (20, 40, 60, 80, 90, 95, 98)
QUANTILES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_MEDIAN = len(QUANTILES) // 2
FEWEST_HORIZONS = 4
TRUSTED_HORIZONS = 8
POWERS = (0.0, 0.25, 0.5)
CALMEST, WILDEST = 0.2, 5.0  # how far from usual a window's volatility is believed to be
_JUDGED = 80
_AS_GOOD = 1.01
# The conformal rank takes n errors for exchangeable ones, and n is large. But errors within one horizon go together:
# a band that just holds on few horizons is too sure of itself, so its level is raised by this share over their number.
_TOGETHER = 1 / 3
_HIGHEST = 99.5
_LEAST_STEP = 1.02  # a band is at least so many times as wide as that of the next lower level


@dataclass(frozen=True, eq=False)
class Intervals:
    """The width of each of LEVELS' bands around the point forecast, in the table's scaled units.

    kind `quantiles`: widths (levels,) are factors on the network's own half-widths (conformalised quantiles, Romano
    et al. 2019, multiplicative); kind `split`: widths (levels, K) are half-widths for each step ahead (split
    conformal, Lei et al. 2018); kind `spread`: widths (levels,) are factors, ones, on the edges that a part says by
    itself, two for each level. All are stretched by how restless the window is: see `stretch`.
    """

    kind: str
    widths: Numbers
    power: float = 0.0
    reference: float = 1.0

    def bands(
        self, point: Numbers, quantiles: Numbers | None, levels: Sequence[float], volatility: Numbers
    ) -> Bands:
        """Lower and upper (K, B) around a point forecast (K, B) at each level in percent.

        quantiles: (K, Q, B) or None; volatility: (B,) of the windows that it starts from. Bands never cross: a higher
        level is at least as wide. Raises UsageError for a level above the highest.
        """
        below, above = self._offsets(point, quantiles)
        wider = stretch(volatility, self.power, self.reference)
        return {
            level: (point - wider * _at(level, below), point + wider * _at(level, above)) for level in levels
        }

    def _offsets(self, point: Numbers, quantiles: Numbers | None) -> tuple[Numbers, Numbers]:
        """(levels, K, B) how far each level's edges are from the point, below and above."""
        if self.kind == "split" or quantiles is None:
            widths = np.broadcast_to(self.widths[:, :, None], (len(LEVELS), *point.shape))
            return widths, widths
        sides = half_widths(quantiles) if self.kind == "quantiles" else _edges(quantiles)
        widened = [np.maximum.accumulate(self.widths[:, None, None] * side, axis=0) for side in sides]
        return widened[0], widened[1]


def spread_intervals() -> Intervals:
    """Those of a forecaster that says its own edges."""
    return Intervals("spread", np.ones(len(LEVELS)))


def _edges(quantiles: Numbers) -> tuple[Numbers, Numbers]:
    """(levels, K, B) distance of each level's own edges from the point (K, 2 levels + 1, B), below and above."""
    count = len(LEVELS)
    point = quantiles[:, count]
    below = np.stack([point - quantiles[:, count - 1 - place] for place in range(count)])
    above = np.stack([quantiles[:, count + 1 + place] - point for place in range(count)])
    return below, above


def _at(level: float, offsets: Numbers) -> Numbers:
    """(K, B) the offset of any level, straight between those of LEVELS; at level 0 it is zero."""
    if not 0 < level <= LEVELS[-1]:
        raise UsageError(f"a level goes from 1 to {LEVELS[-1]} percent; got {level:g}")
    upper = int(np.searchsorted(LEVELS, level))
    lower_level = LEVELS[upper - 1] if upper else 0
    share = (level - lower_level) / (LEVELS[upper] - lower_level)
    lower = offsets[upper - 1] if upper else 0.0
    return np.asarray(np.minimum(lower + share * (offsets[upper] - lower), offsets[upper]))


def stretch(volatility: Numbers, power: float, reference: float) -> Numbers:
    """(B,) how many times as wide as usual the bands of windows of this volatility (B,) are.

    The volatility over that of the usual window, the reference, not believed beyond CALMEST and WILDEST, to a power:
    0 is the same width always, 1 in proportion. One that is too large to be a number is WILDEST.
    """
    believed = np.fmax(np.fmin(volatility, WILDEST * reference), CALMEST * reference)
    return np.asarray((believed / reference) ** power)


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


@cache
def pair(level: int) -> tuple[int, int]:
    """Return the places in QUANTILES of the ends of a level in percent, of the outermost beyond them."""
    low = int(np.argmin([abs(q - (1 - level / 100) / 2) for q in QUANTILES[:_MEDIAN]]))
    return low, len(QUANTILES) - 1 - low


@dataclass(frozen=True, eq=False)
class Evidence:
    """The validation windows that bands are calibrated on.

    actual: (K, n) in scaled units, NaN where missing; point: (K, n); quantiles: (K, Q, n) or None;
    volatility: (n,) of each window; horizons: disjoint ones in the validation block.
    """

    actual: Numbers
    point: Numbers
    quantiles: Numbers | None
    volatility: Numbers
    horizons: int


@dataclass(frozen=True)
class VolatilityFit:
    """The rule by which bands follow the volatility of their windows: power and reference as in `stretch`.

    scores: power -> mean Winkler score of the 80 % band on validation windows, of each power that was tried.
    """

    power: float
    reference: float
    scores: dict[float, float]


def follow(evidence: Evidence, wanted: str = "auto", power: float | None = None) -> VolatilityFit:
    """The largest of POWERS whose Winkler score is within one percent of the lowest, or the power that is given.

    The reference is the median volatility; where that is zero, nothing is followed. wanted: as `calibrate` has it.
    """
    reference, powers = float(np.median(evidence.volatility)), POWERS if power is None else (power,)
    if not reference > 0:
        return VolatilityFit(0.0, 1.0, {})
    scores = {tried: _score(evidence, wanted, tried, reference) for tried in powers}
    enough = _AS_GOOD * min(scores.values())
    chosen = max((tried for tried in powers if scores[tried] <= enough), default=powers[0])
    return VolatilityFit(chosen, reference, scores)


def _score(evidence: Evidence, wanted: str, power: float, reference: float) -> float:
    """Mean Winkler score of the windows' own 80 % band: what few horizons leave open is the same for every power."""
    intervals = _asked(evidence, wanted, power, reference, LEVELS)
    bands = intervals.bands(evidence.point, evidence.quantiles, [_JUDGED], evidence.volatility)
    return float(np.nanmean(winkler(evidence.actual, bands[_JUDGED], _JUDGED)))


def calibrate(
    evidence: Evidence,
    wanted: str = "auto",
    factor: float = 1.0,
    power: float = 0.0,
    reference: float = 1.0,
) -> Intervals:
    """The widths that validation windows ask for, a little more where they hold few horizons.

    With few, factors below one are not believed; with very few, or without quantiles, each step ahead has a width of
    its own; wanted: a kind, or `auto`; factor: how many times as wide as that; power, reference: as in `stretch`.
    """
    believed = 1 + _TOGETHER / max(evidence.horizons, 1)
    levels = [min(believed * level, _HIGHEST) for level in LEVELS]
    asked = _asked(evidence, wanted, power, reference, levels)
    return Intervals(asked.kind, factor * asked.widths, power, reference)


def _asked(
    evidence: Evidence, wanted: str, power: float, reference: float, levels: Sequence[float]
) -> Intervals:
    """The widths with which each of LEVELS covers so many percent of the windows' own targets; levels: (levels,)."""
    quantiles, horizons = evidence.quantiles, evidence.horizons
    error = (evidence.actual - evidence.point) / stretch(evidence.volatility, power, reference)
    if quantiles is None or wanted == "split" or (wanted == "auto" and horizons < FEWEST_HORIZONS):
        return Intervals("split", _split(np.abs(error), levels), power, reference)
    below, above = half_widths(quantiles)
    factors = [
        _held_by(np.abs(error) / np.where(error < 0, low, high), level)
        for level, low, high in zip(levels, below, above, strict=True)
    ]
    least = 1.0 if horizons < TRUSTED_HORIZONS else 0.0
    widths = np.maximum(factors, least)
    for place in range(1, len(LEVELS)):
        if pair(LEVELS[place]) == pair(LEVELS[place - 1]):  # the same edges, times another factor
            widths[place] = max(widths[place], _LEAST_STEP * widths[place - 1])
    return Intervals("quantiles", widths, power, reference)


def _split(error: Numbers, levels: Sequence[float]) -> Numbers:
    """(levels, K) half-widths; a step without any known target takes the one before it, and no two levels are alike."""
    ordered = [np.sort(errors[np.isfinite(errors)]) for errors in error]  # once for all levels
    widths = np.array([[_held(errors, level) for errors in ordered] for level in levels])
    for step in range(1, widths.shape[1]):
        widths[:, step] = np.where(np.isnan(widths[:, step]), widths[:, step - 1], widths[:, step])
    widths = np.nan_to_num(widths)
    for place in range(1, len(levels)):
        widths[place] = np.maximum(widths[place], _LEAST_STEP * widths[place - 1])
    return np.asarray(widths)


def _held_by(scores: Numbers, level: float) -> float:
    """Return the score that holds `level` percent; NaN without any. NaN scores do not count."""
    return _beyond(order_statistic(scores, level), int(np.isfinite(scores).sum()), level)


def _held(ordered: Numbers, level: float) -> float:
    """Return the score that holds `level` percent of known ones in order, as `_held_by` has it."""
    count = len(ordered)
    return _beyond(float(ordered[_place(count, level)]), count, level) if count else math.nan


def _beyond(found: float, count: int, level: float) -> float:
    """Return an order statistic of so many scores, or more where the largest of them holds too few.

    The largest of n scores holds n / (n + 1) of new ones; beyond that, widths grow as a normal distribution's do.
    """
    most, level = 100 * count / (count + 1), min(level, LEVELS[-1])
    return found if level <= most or not count else found * _deviations(level) / _deviations(most)


def _deviations(level: float) -> float:
    """Standard deviations on either side of a normal distribution's centre that hold a level in percent."""
    return NormalDist().inv_cdf(0.5 + level / 200)


def order_statistic(scores: Numbers, level: float) -> float:
    """The ceil((n + 1) level)-th smallest of n scores, which covers `level` percent of exchangeable new ones;
    the largest when n is too small for that, NaN without any. NaN scores do not count."""
    scores = scores[np.isfinite(scores)]
    if not len(scores):
        return math.nan
    place = _place(len(scores), level)
    return float(np.partition(scores, place)[place])


def _place(count: int, level: float) -> int:
    """The place of the ceil((n + 1) level)-th smallest of n scores, or of the largest."""
    return min(math.ceil((count + 1) * level / 100), count) - 1
