"""Outliers: values far from the rest of a series and from their neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_FAR, _VERY_FAR = 4.0, 15.0  # interquartile ranges outside the quartiles
_STEEP = 10.0  # usual distances from the mean of both neighbours
_RARE = 0.002  # share above which such values belong to the series
_FEWEST = 20
_REPEATED = 3  # a value that comes again and again is a sign that stands for something, not an outlier


@dataclass(frozen=True)
class Outlier:
    """A value far from the rest of its series; ranges: how many interquartile ranges it lies outside the quartiles."""

    row: int
    value: float
    ranges: float

    @property
    def is_certain(self) -> bool:
        """True for one so far off that it cannot belong to the series."""
        return self.ranges > _VERY_FAR


def outliers(values: Numbers) -> list[Outlier]:
    """Values of a series (n,) far outside the quartiles and far from both neighbours; none where such values are
    common, as in rain or prices."""
    rows = np.flatnonzero(np.isfinite(values))
    known = values[rows]
    if known.size < _FEWEST:
        return []
    low, high = np.quantile(known, [0.25, 0.75])
    outside = np.maximum(low - known, known - high) / (high - low) if high > low else np.zeros(known.size)
    odd = np.flatnonzero(outside > _FAR)
    if not 0 < odd.size <= _RARE * known.size + _REPEATED:
        return []
    distance = np.abs(known - _between_neighbours(known))
    steep = distance[odd] > _STEEP * _usual(distance)
    odd = odd[steep | (outside[odd] > _VERY_FAR)]
    _, which, times = np.unique(known[odd], return_inverse=True, return_counts=True)
    odd = odd[times[which] < _REPEATED]
    return [Outlier(int(rows[i]), float(known[i]), float(outside[i])) for i in odd]


def _between_neighbours(known: Numbers) -> Numbers:
    """(n,) the mean of the values before and after; at the ends the only neighbour."""
    before = np.concatenate([known[1:2], known[:-1]])
    after = np.concatenate([known[1:], known[-2:-1]])
    mean: Numbers = (before + after) / 2
    return mean


def _usual(distance: Numbers) -> float:
    return float(np.median(distance)) or float(distance.mean())
