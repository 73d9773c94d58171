"""Half growth: the last season, moved by half of what the series has grown since the season before.

For series of one to two seasons: too short to learn a season from, long enough to see whether they grow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.forecasters.bank import Expected

Numbers = NDArray[np.float64]

FEWEST_MORE = 2  # rows that are needed beyond one season


def half_growth(values: Numbers, season: int, horizon: int) -> Expected:
    """Point and variance of the K rows after these (T, B), T at least m + FEWEST_MORE, all known.

    Growth is the mean of the last j rows over that of the same rows a season before, j = min(m, T - m). The k-th
    season ahead moves k times as far, and its variance is k times that of the first.
    """
    count = len(values)
    change = values[season:] - values[:-season]
    recent = change[-min(season, count - season) :]
    growth, pairs = recent.mean(axis=0), len(recent)
    ahead = np.arange(horizon)
    seasons = (1 + ahead // season)[:, None]
    point = values[count - season + ahead % season] + seasons * growth / 2
    variance = (change.var(axis=0, ddof=1) + growth**2 / 4) * (1 + 1 / (4 * pairs))
    return Expected(point, seasons * variance)
