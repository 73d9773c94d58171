"""The forecasters everybody has for nothing: the last value, and the same step one season ago."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.panel import Integers
from lstmcast.windows import Windows


def naive_name(season: int) -> str:
    """What a naive forecaster is called in a report; the last value is season 1."""
    return "naive" if season == 1 else f"seasonal_naive_{season}"


def naive(windows: Windows, origins: Integers) -> NDArray[np.float64]:
    """(K, B) the last value before each origin, in the table's scaled units."""
    last = windows.table.scaled[origins - 1]
    return np.repeat(last[None, :], windows.horizon, axis=0)


def seasonal_naive(windows: Windows, origins: Integers, season: int) -> NDArray[np.float64]:
    """(K, B) the value one season before, or as many seasons as are needed to be before the origin.

    Where a series is younger than a season, its first rows stand in.
    """
    ahead = np.arange(windows.horizon)
    back = season * (1 + ahead // season)
    rows = origins[None, :] + (ahead - back)[:, None]
    firsts = windows.table.offsets[windows.table.series[origins - 1]]
    return windows.table.scaled[np.maximum(rows, firsts[None, :])]
