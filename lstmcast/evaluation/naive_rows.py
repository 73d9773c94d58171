"""The rows that naive forecasts repeat: the last known one, or the same time whole seasons before."""

from __future__ import annotations

import numpy as np

from lstmcast.core.panel import Integers


def naive_rows(rows: Integers, origins: Integers | int, season: int) -> Integers:
    """(n,) the row that each of these rows is forecast to be like; negative where it lies before the first.

    origins: (n,) or one, the last row that is known; a known row is itself. season: 1 for the last known row, else the
    same time as few seasons before as lead to a known one (Hyndman and Athanasopoulos, Forecasting, 5.2).
    """
    ahead = np.maximum(rows - origins, 0)
    return np.asarray(rows - season * -(-ahead // season))
