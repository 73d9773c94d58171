"""Missing values, filled from the past only, and from no more of it than a forecast may depend on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers

Numbers = NDArray[np.float64]
SHORTEST_REACH = 1_000
REACH_IN_SEASONS = 31


def fill_from_past(values: Numbers, offsets: Integers, season: int, start: float = 0.0) -> Numbers:
    """(N,) the values with each missing one replaced by what its own past suggests.

    A gap goes on like the last season in which both rows were known, moved to the level at which the series stopped:
    y[t] = y[l] + y[t-km] - y[l-km], where l is the last known row; without such a season y[l] is held. Only rows
    within `reach` count, so that a forecast depends on a history of fixed length; where there is none, `start`.
    """
    filled, last = values.copy(), _last_known(values, offsets)
    known, firsts = ~np.isnan(values), np.repeat(offsets[:-1], np.diff(offsets))
    furthest = reach(season)
    for row in np.flatnonzero(~known):
        stop, first = int(last[row]), int(firsts[row])
        if stop < first or row - stop > furthest:
            filled[row] = start
            continue
        filled[row] = values[stop]
        for back in range(season * -(-(row - stop) // season), min(furthest, stop - first) + 1, season):
            if known[row - back] and known[stop - back]:
                filled[row] += values[row - back] - values[stop - back]
                break
    return filled


def hold_from_past(values: Numbers, offsets: Integers, season: int) -> Numbers:
    """(N,) the values with each missing one replaced by the last known one within `reach`, else by zero."""
    last = _last_known(values, offsets)
    age = np.arange(len(values)) - last
    is_near = (last >= np.repeat(offsets[:-1], np.diff(offsets))) & (age <= reach(season))
    return np.where(is_near, values[np.maximum(last, 0)], 0.0)


def reach(season: int) -> int:
    """Return how many rows a known value may stand in for missing ones, and how far back a season is sought.

    A month of hours: a column that is written once a month holds until it is written again.
    """
    return max(SHORTEST_REACH, REACH_IN_SEASONS * season)


def history_needed(lookback: int, season: int) -> int:
    """Rows from which the fill of a window's gaps is made: its own, back to a known one, and to its seasons."""
    return lookback + 2 * reach(season)


def _last_known(values: Numbers, offsets: Integers) -> Integers:
    """(N,) the last row up to each whose value is known, in whichever series; -1 before the first."""
    rows = np.where(np.isnan(values), -1, np.arange(len(values)))
    return np.maximum.accumulate(rows).astype(np.int64)
