"""Rows as logarithms in units of their median size, and how far a forecast of these is believed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def median_size(values: Numbers) -> Numbers:
    """(B,) median size of the rows (n, B) of each series; where that is zero, the mean; where all are zero, one."""
    sizes = np.abs(values)
    median, mean = np.median(sizes, axis=0), sizes.mean(axis=0)
    return np.where(median > 0, median, np.where(mean > 0, mean, 1.0))


def logs_of(values: Numbers) -> tuple[Numbers, Callable[[Numbers], Numbers]]:
    """log1p(y / c) of rows (T, B), c the median size of a value, and the way back of (K, B); y / c of a series that
    goes below zero."""
    size = median_size(values)
    is_log = (values >= 0).all(axis=0)
    logs = np.where(is_log, np.log1p(np.maximum(values, 0.0) / size), values / size)
    most = highest_log(logs)

    def undo(forecast: Numbers) -> Numbers:
        return np.asarray(np.where(is_log, np.expm1(np.minimum(forecast, most)), forecast) * size)

    return logs, undo


def highest_log(logs: Numbers) -> Numbers:
    """(B,) what no forecast of logarithms goes beyond: twice their range, and a little, above the highest of (T, B)."""
    highest = logs.max(axis=0)
    return np.asarray(highest + 2 * (highest - logs.min(axis=0)) + 1.0)
