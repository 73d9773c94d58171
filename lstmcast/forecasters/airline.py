"""The airline model, ARIMA(0,1,1)(0,1,1)m of Box and Jenkins 1970, with every parameter pair of a grid.

A row changes as the same row a season before did, but for what the last errors say. Nothing is searched for: the
forecast is the mean of all pairs (theta, Theta), weighted by AICc as the bank's sets are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

SEASONS_NEEDED = 3
MONTHS = 12  # its season: quarters that are differenced twice are forecast worse
_GRID = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 0.95])
_SETS_AND_COLUMNS = 20_000  # at a time


def airline(values: Numbers, season: int, horizon: int) -> Numbers:
    """(K, B) the forecast of the rows after these (T, B), all known, T at least SEASONS_NEEDED * m."""
    size = max(_SETS_AND_COLUMNS // len(_GRID) ** 2, 1)
    places = range(0, values.shape[1], size)
    said = [_forecast(values[:, place : place + size], season, horizon) for place in places]
    return np.concatenate(said, axis=1)


def _forecast(values: Numbers, season: int, horizon: int) -> Numbers:
    """(K, B) of a few columns."""
    ordinary, seasonal = (each.reshape(-1, 1) for each in np.meshgrid(_GRID, _GRID, indexing="ij"))
    twice = np.diff(values[season:] - values[:-season], axis=0)
    ring = np.zeros((season + 1, len(ordinary), values.shape[1]))  # the errors of the last m + 1 rows
    squares = np.zeros(ring.shape[1:])
    for row, change in enumerate(twice):
        error = change - _owed(ring, row, ordinary, seasonal)
        ring[row % len(ring)] = error
        squares += error**2
    ahead = np.zeros((horizon, *ring.shape[1:]))
    before = np.broadcast_to(values[-season - 1 :, None, :], ring.shape)
    path = np.concatenate([before, ahead])
    for step in range(horizon):
        owed = _owed(ring, len(twice) + step, ordinary, seasonal)
        ring[(len(twice) + step) % len(ring)] = 0.0
        path[season + 1 + step] = path[season + step] + path[step + 1] - path[step] + owed
    parameters = 1.0 + (ordinary > 0) + (seasonal > 0)
    weight = _weights(squares, len(twice), parameters)
    return np.asarray((weight * path[season + 1 :]).sum(axis=1))


def _owed(ring: Numbers, row: int, ordinary: Numbers, seasonal: Numbers) -> Numbers:
    """(G, B) the change that the errors before a row make: of the row before, a season before, and before that."""
    last, other, oldest = (ring[place % len(ring)] for place in (row - 1, row + 1, row))
    return np.asarray(ordinary * seasonal * oldest - ordinary * last - seasonal * other)


def _weights(squares: Numbers, count: int, parameters: Numbers) -> Numbers:
    """(G, B) by the AICc of sums of squares (G, B) of so many errors."""
    left = np.maximum(count - parameters - 1, 1.0)
    aicc = count * np.log(np.maximum(squares, np.finfo(float).tiny)) + 2 * parameters * count / left
    weight = np.exp(-(aicc - aicc.min(axis=0)) / 2)
    return np.asarray(weight / weight.sum(axis=0))
