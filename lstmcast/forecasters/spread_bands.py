"""Bands around a forecast whose variance is known, for files with too few horizons to calibrate widths on.

Half-width = z c sd. The factor c of a series of T rows is what 6,000 series of the M1, M3 and Tourism competitions
ask for; what the file's own folds say moves it a little, and the errors of a panel's series move it for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from lstmcast.forecasters.fold_weights import MOST_FOLDS, PRIOR_FOLDS

Numbers = NDArray[np.float64]

FACTORS = {80: (0.88, 6.0), 95: (0.97, 8.0)}  # level -> c without end and what 1 / T adds
MOST_BELIEVED = 4.0  # spreads by which a single error counts at most
_LEAST_STEP = 1.02  # a higher level is at least so many times as wide as the next lower one of FACTORS


@dataclass(frozen=True)
class SpreadBands:
    """The width of bands in standard deviations.

    folds: J, at most MOST_FOLDS, on which they rest; squares: the sum over folds of the mean squared error in standard
    deviations, of a single file; ratios: how many times as wide as by the prior a panel's errors are, at each of
    FACTORS.
    """

    folds: int = 0
    squares: float = 0.0
    ratios: tuple[float, ...] = ()

    def half_widths(self, levels: Sequence[float], rows: Numbers) -> dict[float, Numbers]:
        """(B,) each level's half-width in standard deviations, of series of so many rows (B,)."""
        places = [normal(level) for level in FACTORS]
        edges = [place * factor for place, factor in zip(places, self._factors(rows), strict=True)]
        return {level: _between(normal(level), places, edges) for level in levels}

    def check(self) -> None:
        """Raise ValueError for what no calibration gives."""
        numbers = (self.squares, *self.ratios)
        if not 0 <= self.folds <= MOST_FOLDS or not all(0 <= number < math.inf for number in numbers):
            raise ValueError("the bands rest on errors that are none")
        if self.ratios and (len(self.ratios) != len(FACTORS) or not all(self.ratios)):
            raise ValueError("the bands of a panel have a ratio for each of two levels")

    def _factors(self, rows: Numbers) -> list[Numbers]:
        """c (B,) at each of FACTORS; a higher level stays wider."""
        found: list[Numbers] = []
        for number, level in enumerate(FACTORS):
            factor = prior_factor(level, rows)
            if self.ratios:
                factor = factor * self.ratios[number] ** (self.folds / (self.folds + PRIOR_FOLDS))
            elif self.folds:
                factor = np.sqrt((PRIOR_FOLDS * factor**2 + self.squares) / (PRIOR_FOLDS + self.folds))
            if found:
                lower = found[-1] * normal(list(FACTORS)[number - 1]) / normal(level)
                factor = np.maximum(factor, _LEAST_STEP * lower)
            found.append(factor)
        return found


def _between(z: float, places: Sequence[float], widths: Sequence[Numbers]) -> Numbers:
    """(B,) the width at a normal quantile: straight between the two that are known, in proportion beyond them."""
    if z <= places[0]:
        return np.asarray(z / places[0] * widths[0])
    if z >= places[1]:
        return np.asarray(z / places[1] * widths[1])
    return np.asarray(widths[0] + (z - places[0]) / (places[1] - places[0]) * (widths[1] - widths[0]))


def normal(level: float) -> float:
    """Standard deviations on either side of a normal distribution's centre that hold a level in percent."""
    return NormalDist().inv_cdf(0.5 + level / 200)


def prior_factor(level: float, rows: Numbers) -> Numbers:
    """(B,) c of series of so many rows (B,), before any error is looked at; level: of FACTORS."""
    endless, more = FACTORS[int(level)]
    return np.asarray(endless + more / np.maximum(rows, 1.0))


def bands_of_one(errors: Numbers, spread: Numbers) -> SpreadBands:
    """From the errors (K, J) of a file's own folds, NaN where missing, and their standard deviations (K, J)."""
    known = np.isfinite(errors).any(axis=0)
    ratio = np.minimum(np.abs(errors[:, known]) / _positive(spread[:, known]), MOST_BELIEVED)
    squares = np.nanmean(ratio**2, axis=0)[:MOST_FOLDS] if known.any() else np.zeros(0)
    return SpreadBands(len(squares), float(squares.sum()))


def bands_of_panel(errors: Numbers, spread: Numbers, rows: Numbers, folds: int) -> SpreadBands:
    """From the errors (K, n) of all series on their folds, and their standard deviations; rows: (n,) T of each.

    folds: J, which counts folds and not series: series of one panel share their shocks.
    """
    ratios = []
    for level in FACTORS:
        ratio = np.abs(errors) / _positive(normal(level) * prior_factor(level, rows) * spread)
        ratios.append(float(np.nanquantile(ratio, level / 100)) if np.isfinite(ratio).any() else 1.0)
    return SpreadBands(min(folds, MOST_FOLDS), 0.0, tuple(max(ratio, 0.1) for ratio in ratios))


def _positive(spread: Numbers) -> Numbers:
    return np.maximum(spread, np.finfo(np.float64).tiny)
