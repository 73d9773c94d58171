"""The series whose forecasts are means and not medians, and their answers as means."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers
from lstmcast.data.windows import Windows
from lstmcast.evaluation.backtest import Answer
from lstmcast.forecasters.counts import ROWS, asks_for_mean, mean_of_counts, quantiles_of_counts
from lstmcast.forecasters.intervals import LEVELS

Numbers = NDArray[np.float64]

MEDIAN, OF_COUNTS, OF_BANDS = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Means:
    """kinds: (S,) of each of the model's series: MEDIAN; OF_COUNTS, where zeros are many: mean and bands from its own
    rows; or OF_BANDS: the mean of the distribution that the bands of all levels outline."""

    kinds: Integers

    def is_of(self, series: int) -> bool:
        """Return whether the forecast of one of the model's series is a mean."""
        return bool(self.kinds[series] != MEDIAN)

    @property
    def is_judged(self) -> bool:
        """True where at least half of the series are means: then all are judged by squares and by their total."""
        return bool((self.kinds != MEDIAN).mean() >= 0.5)

    @property
    def needs_all_levels(self) -> bool:
        """True where a mean is made of bands."""
        return bool((self.kinds == OF_BANDS).any())

    def applied(
        self, answer: Answer, windows: Windows, origins: Integers, is_own: NDArray[np.bool_] | None = None
    ) -> Answer:
        """The answer of B windows with means where they are asked for, and its medians beside them.

        is_own: (B,) windows that the model answers itself; what stands in for it stays as it is.
        """
        kinds = self.kinds[windows.table.series[origins - 1]]
        kinds = kinds if is_own is None else np.where(is_own, kinds, MEDIAN)
        point, horizon = answer.point.copy(), len(answer.values)
        bands = {level: (low.copy(), high.copy()) for level, (low, high) in answer.bands.items()}
        of_bands, of_counts = np.flatnonzero(kinds == OF_BANDS), np.flatnonzero(kinds == OF_COUNTS)
        if len(of_bands):
            point[:, of_bands] = _mean_within(answer, of_bands)
        medians = answer.point.copy()
        for place in of_counts:
            rows = _history(windows, int(origins[place]))
            shares = [0.5, *(share for level in bands for share in (0.5 - level / 200, 0.5 + level / 200))]
            point[:, place] = mean_of_counts(rows, windows.season, horizon)[:, 0]
            middle, *edges = quantiles_of_counts(rows, windows.season, horizon, shares)[:, :, 0]
            medians[:, place] = middle
            for (low, high), below, above in zip(bands.values(), edges[::2], edges[1::2], strict=True):
                low[:, place], high[:, place] = below, above
        return dataclasses.replace(answer, values=point[:, None], bands=bands, median=medians)


def _history(windows: Windows, origin: int) -> Numbers:
    """(T, 1) the last rows before an origin in the units of the CSV, NaN where missing."""
    table = windows.table
    first = max(int(table.firsts(np.array([origin]))[0]), origin - ROWS)
    assert table.target is not None
    return table.target[first:origin, None]


def _mean_within(answer: Answer, places: Integers) -> Numbers:
    """(K, n) the mean of a distribution whose quantiles are the edges of the bands, straight between them."""
    edges = [(0.5, answer.point[:, places])]
    for level in LEVELS:
        low, high = answer.bands[level]
        edges += [(0.5 - level / 200, low[:, places]), (0.5 + level / 200, high[:, places])]
    edges.sort(key=lambda edge: edge[0])
    shares = np.array([0.0, *(share for share, _ in edges), 1.0])
    values = np.stack([edges[0][1], *(value for _, value in edges), edges[-1][1]])
    return np.asarray(np.tensordot(np.diff(shares), (values[1:] + values[:-1]) / 2, axes=1))


def choose_means(series: Sequence[Numbers], season: int, wanted: str) -> Means | None:
    """By the rows (n,) of each series and what is wanted: auto, mean or median; None where all are medians."""
    if wanted == "median":
        return None
    counts = np.array([asks_for_mean(rows, season) for rows in series])
    kinds = np.where(counts, OF_COUNTS, OF_BANDS if wanted == "mean" else MEDIAN).astype(np.int64)
    return Means(kinds) if kinds.any() else None
