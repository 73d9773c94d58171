"""The forecasters everybody has for nothing: the last value, and the same step one season ago."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers
from lstmcast.data.windows import Windows


def naive_name(season: int) -> str:
    """What a naive forecaster is called in a report; the last value is season 1."""
    return "naive" if season == 1 else f"seasonal_naive_{season}"


def naive(windows: Windows, origins: Integers) -> NDArray[np.float64]:
    """(K, B) the last value before each origin, in the table's scaled units."""
    last = windows.table.scaled[origins - 1]
    return np.repeat(last[None, :], windows.horizon, axis=0)


def seasonal_naive(windows: Windows, origins: Integers, season: int) -> NDArray[np.float64]:
    """(K, B) the value one season before, or as many seasons as are needed to be before the origin.

    A season of whole days goes by the wall clock: after a day of 23 or 25 hours, eight o'clock is still compared with
    eight o'clock. Where a series is younger than a season, its first rows stand in.
    """
    table, ahead = windows.table, np.arange(windows.horizon)
    back = season * (1 + ahead // season)
    if table.ahead is not None and season % table.day == 0:
        rows = _same_wall_clock(
            origins[None, :] + ahead[:, None], origins, season, back[:, None], table.ahead
        )
    else:
        rows = origins[None, :] + (ahead - back)[:, None]
    return table.scaled[np.maximum(rows, table.firsts(origins)[None, :])]


def _same_wall_clock(
    targets: Integers, origins: Integers, season: int, back: Integers, ahead: NDArray[np.float32]
) -> Integers:
    """(K, B) the last row before the origin that shows the same time as the target, whole seasons before it.

    back: (K, 1) how many rows that is without a change of the clock; a change may put the row of a season less before
    the origin, or that of these seasons behind it. An hour that the clock skipped is stood for by a neighbour.
    """
    fewest = np.maximum(back - season, season)
    rows = _shifted(targets, fewest, ahead)
    for more in (season, 2 * season):
        rows = np.where(rows < origins, rows, _shifted(targets, fewest + more, ahead))
    return rows


def _shifted(targets: Integers, back: Integers, ahead: NDArray[np.float32]) -> Integers:
    """(K, B) the row so many rows before, moved by what the wall clock was changed between the two."""
    rows: Integers = np.maximum(targets - back, 0)
    moved: Integers = np.rint(ahead[targets] - ahead[rows]).astype(np.int64)
    return rows + moved
