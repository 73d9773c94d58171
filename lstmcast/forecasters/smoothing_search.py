"""The parameters of exponential smoothing: drawn at random, judged on windows, drawn again around the best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.forecasters.smoothing_filter import Axis

Numbers = NDArray[np.float64]
FIRST_SETS, MORE_SETS, AROUND = 128, 64, 8
HIGHEST = 0.9  # of a rate
WITH_TREND_BELOW = 20  # rows of the main season: a trend gave nothing below daily data
_STEP = 0.3  # decades by which a rate is moved
ALPHA, BETA, PHI, DELTA, OMEGA, RHO = range(6)


def drawn(axis: Axis, count: int, rng: np.random.Generator) -> Numbers:
    """(6, count) sets over the whole range, each rate by its logarithm, in the order of `Rates`.

    A Latin hypercube (McKay, Beckman and Conover 1979): each part of each range is drawn from once, so that two seeds
    find sets that are nearly as good.
    """
    u = (rng.permuted(np.tile(np.arange(count), (8, 1)), axis=1) + rng.random((8, count))) / count
    has_trend = (u[6] < 0.5) & (axis.day < WITH_TREND_BELOW)
    sets = np.stack(
        [
            _decades(u[0], -4, -0.3),
            np.where(has_trend, _decades(u[1], -5, -2), 0.0),
            np.where(has_trend, 1 - _decades(u[2], -3, -0.7), 1.0),
            _decades(u[3], -3, -0.3),
            _decades(u[4], -3, -0.2),
            np.where(u[7] < 0.1, 0.0, 1 - _decades(u[5], -2.5, -0.05)),
        ]
    )
    return _within(sets, axis)


def around(sets: Numbers, axis: Axis, count: int, rng: np.random.Generator) -> Numbers:
    """(6, count) sets near some (6, n), each rate moved by a factor; what is zero stays zero."""
    near = sets[:, rng.integers(sets.shape[1], size=count)]
    factor = 10 ** rng.normal(0.0, _STEP, size=near.shape)
    moved = near * factor
    for kept in (PHI, RHO):
        moved[kept] = np.where(near[kept] == 0, 0.0, 1 - (1 - near[kept]) * factor[kept])
    return _within(moved, axis)


def _decades(share: Numbers, low: float, high: float) -> Numbers:
    """Ten to the power at this share of the way from low to high."""
    return np.asarray(10 ** (low + share * (high - low)))


def _within(sets: Numbers, axis: Axis) -> Numbers:
    """Sets within what makes sense: rates up to HIGHEST, shares that remain between 0 and 1."""
    sets[[ALPHA, BETA, DELTA, OMEGA]] = np.minimum(sets[[ALPHA, BETA, DELTA, OMEGA]], HIGHEST)
    sets[[PHI, RHO]] = np.clip(sets[[PHI, RHO]], 0.0, 1.0)
    sets[DELTA] *= axis.day > 1
    sets[OMEGA] *= axis.week > 1
    return sets
