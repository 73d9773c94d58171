"""The nature of values: amounts, of which each row has its own, or states, which a row tells of as they stand."""

from __future__ import annotations

import numpy as np

from lstmcast.ingest.time.rows import Rows

_FEWEST = 30  # rows below which nothing shows
_UNLIKE = 0.7  # von Neumann's ratio above which neighbours tell hardly anything of each other


def are_amounts(rows: Rows) -> bool:
    """Return whether the target (rows in order) is made of amounts.

    Amounts are never negative, and neighbours are as unlike as any two.

    The measure is von Neumann's ratio of the mean square step to twice the variance, within series: 1 for values that
    have nothing to do with each other, near 0 for a temperature.
    """
    values = rows.values[:, 0]
    is_pair = rows.inner() & np.isfinite(values[1:]) & np.isfinite(values[:-1])
    if is_pair.sum() < _FEWEST or np.nanmin(values) < 0:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        steps = float(np.mean(np.diff(values)[is_pair] ** 2))
        variance = float(np.mean((values - _means(rows)) ** 2, where=np.isfinite(values)))
        return steps > 2 * _UNLIKE * variance


def _means(rows: Rows) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(n,) the mean of each row's series."""
    values = rows.values[:, 0]
    known = np.isfinite(values)
    sums = np.bincount(rows.codes[known], values[known], len(rows.ids))
    sizes = np.bincount(rows.codes[known], minlength=len(rows.ids))
    means = sums / np.maximum(sizes, 1)
    return np.asarray(means[rows.codes])
