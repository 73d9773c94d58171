"""Missing values, filled from the past only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.panel import Integers

Numbers = NDArray[np.float64]


def fill_from_past(values: Numbers, offsets: Integers, season: int, start: float = 0.0) -> Numbers:
    """(N,) the values with each missing one replaced by what its own past suggests.

    A gap goes on like one season before, moved to the level at which the series stopped:
    y[t] = y[t-1] + y[t-m] - y[t-m-1]; without a season before it, the last value is held.
    Missing values at the very start of a series become `start`.
    """
    filled = values.copy()
    firsts = np.repeat(offsets[:-1], np.diff(offsets))
    for row in np.flatnonzero(np.isnan(values)):
        first = firsts[row]
        if row == first:
            filled[row] = start
        elif row - season - 1 < first:
            filled[row] = filled[row - 1]
        else:
            filled[row] = filled[row - 1] + filled[row - season] - filled[row - season - 1]
    return filled


def history_needed(lookback: int, season: int) -> int:
    """Rows from which the fill of a window's gaps is made: its own and two seasons before it."""
    return lookback + 2 * season + 1
