"""Paths of whole horizons: the errors of validation windows, laid around a forecast, so that they keep together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers
from lstmcast.forecasters.intervals import order_statistic

Numbers = NDArray[np.float64]

MOST_TEMPLATES = 300
MOST_SERIES = 64  # that have templates of their own
LEVEL = 80  # of the band whose half-width is the unit of an error
FAR = 30.0  # half-widths; no error is believed to be further out
_THOUSANDTHS = 1000
_MOST_WIDER = 0.25  # what a factor may add
_HORIZONS = 20  # that count for half of what a factor asks for


@dataclass(frozen=True, eq=False)
class Templates:
    """The errors of n validation windows whose K targets are all known, at the same times in every series.

    errors: (S', n, K) int16, actual less point over the window's own 80 % half-width on that side, in thousandths;
    S' is the number of series, or MOST_SERIES of them; horizons: disjoint ones that the windows span; total, peak,
    across: how many times as wide as the paths make them the bands of a total, of a peak, and of a total over series
    are.
    """

    errors: NDArray[np.int16]
    horizons: int
    total: float = 1.0
    peak: float = 1.0
    across: float = 1.0

    @property
    def count(self) -> int:
        """The number of paths that there are without chance: each template and its negative."""
        return 2 * int(self.errors.shape[1])

    @cached_property
    def units(self) -> Numbers:
        """(S', n, K) errors in half-widths, so that at each step 80 % of them and their negatives are below one."""
        errors = self.errors / _THOUSANDTHS
        rank = min(math.ceil((errors.shape[1] + 1) * LEVEL / 100), errors.shape[1]) - 1
        usual = np.partition(np.abs(errors), rank, axis=1)[:, rank : rank + 1]
        return np.asarray(errors / np.where(usual > 0, usual, 1.0))

    def place(self, series: int, count: int) -> int:
        """Return the place of the errors that stand for one of so many series."""
        own = len(self.errors)
        if count == own:
            return series
        return series * own // max(count, 1)

    def mirrored(self, place: int, ahead: int) -> Numbers:
        """(2n, K') the errors of a series and their negatives; beyond K steps the same errors follow again."""
        own = self.units[place][:, np.arange(ahead) % self.errors.shape[2]]
        return np.concatenate([own, -own])

    def drawn(self, count: int, seed: int) -> Numbers:
        """(count, n) what each path takes of each template: evenly spaced ones and their negatives, and where more are
        asked for than there are, pairs of them turned by random angles, which keeps their covariance."""
        n = self.errors.shape[1]
        half = np.linspace(0, n - 1, min(-(-count // 2), n)).round().astype(np.int64)
        weights = np.zeros((2 * len(half), n))
        weights[np.arange(len(half)), half] = 1.0
        weights[len(half) + np.arange(len(half)), half] = -1.0
        more = count - len(weights)
        if more <= 0:
            return weights[:count]
        rng = np.random.default_rng(seed)
        turned = np.zeros((more, n))
        rows = np.arange(more)
        first, angle = rng.integers(n, size=more), rng.uniform(0, 2 * np.pi, size=more)
        turned[rows, first] = np.cos(angle)
        turned[rows, (first + rng.integers(1, max(n, 2), size=more)) % n] += np.sin(angle)
        return np.concatenate([weights, turned])


def as_errors(actual: Numbers, point: Numbers, below: Numbers, above: Numbers) -> Numbers:
    """Errors in half-widths of the side they are on; zero where there is no width, NaN where nothing came."""
    error = actual - point
    width = np.where(error < 0, below, above)
    units = np.where(width > 0, error / np.where(width > 0, width, 1.0), 0.0)
    return np.clip(np.where(np.isnan(error), np.nan, units), -FAR, FAR)


def kept(errors: Numbers) -> NDArray[np.int16]:
    """Errors as they are kept."""
    return np.asarray(np.round(np.clip(errors, -FAR, FAR) * _THOUSANDTHS), dtype=np.int16)


def laid(point: Numbers, below: Numbers, above: Numbers, units: Numbers) -> Numbers:
    """(P, K) paths, scaled: units (P, K) of half-widths (K,) around a point (K,)."""
    return np.asarray(point + units * np.where(units < 0, below, above))


def spread_times(count: int, most: int = MOST_TEMPLATES) -> Integers:
    """At most so many of `count` places, one in each of equal parts, at no fixed distance: an even one that is a
    multiple of a day would see one hour of it only."""
    if count <= most:
        return np.arange(count)
    number = np.arange(most)
    return np.asarray(((number + (number * 0.6180339887498949) % 1.0) * count / most).astype(np.int64))


def factor(scores: Numbers, horizons: int) -> float:
    """Return the factor on the width of quantiles at which a band holds, as far as horizons tell.

    scores: distances from the centre over the half-width on that side. The conformal order statistic at a level raised
    for few horizons; never below one, by a quarter more at most, and the less the fewer they are.
    """
    asked = order_statistic(scores, min(LEVEL * (1 + 1 / 3 / max(horizons, 1)), 99.5))
    wider = min(max(asked - 1.0, 0.0), _MOST_WIDER) if math.isfinite(asked) else 0.0
    return 1.0 + wider * horizons / (horizons + _HORIZONS)


def band_of(values: Numbers, level: float, wider: float = 1.0) -> tuple[Numbers, Numbers, Numbers]:
    """Centre, lower and upper (...,) of paths' values (P, ...): median and quantiles, so many times as far from it."""
    tail = (100 - level) / 2
    low, centre, high = np.percentile(values, [tail, 50, 100 - tail], axis=0)
    return centre, centre - wider * (centre - low), centre + wider * (high - centre)
