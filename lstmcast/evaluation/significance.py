"""The test of Diebold and Mariano: whether one forecaster is better than another by more than chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

FEWEST = 8  # windows that do not overlap
_POINTS = 20_001  # of an integral


@dataclass(frozen=True)
class Significance:
    """The difference of two forecasters' losses, and how sure it is.

    difference: its mean, below zero where the first is better; statistic: it over its standard error; p: how likely a
    difference at least this large is by chance alone; both NaN where too few windows tell.
    """

    difference: float
    statistic: float
    p: float


def diebold_mariano(first: Numbers, second: Numbers, overlap: int) -> Significance:
    """The test on losses (T,) of two forecasters at consecutive origins.

    overlap: how many consecutive windows share rows, 1 for none; so many less one autocovariances are allowed for.
    Diebold and Mariano (1995), in the small-sample form of Harvey, Leybourne and Newbold (1997), with Student's t of
    T - 1 degrees of freedom. Where the sum of autocovariances is not above zero they are weighted (Bartlett).
    """
    apart = first - second
    count, difference = len(apart), float(apart.mean()) if len(apart) else math.nan
    if count < FEWEST * overlap:
        return Significance(difference, math.nan, math.nan)
    variance = _variance(apart - difference, overlap)
    if not variance > 0:
        return Significance(difference, 0.0, 1.0 if not difference else 0.0)
    shrunk = (count + 1 - 2 * overlap + overlap * (overlap - 1) / count) / count
    statistic = math.sqrt(shrunk) * difference / math.sqrt(variance / count)
    return Significance(difference, statistic, tails(abs(statistic), count - 1))


def holm(found: Sequence[float]) -> list[float]:
    """The p of several tests at once: none is below its own, and all errors together are as rare as one alone.

    Holm (1979): the least is times their number, the next times one less, and so on. One that is not known stays NaN.
    """
    order = sorted((p, place) for place, p in enumerate(found) if not math.isnan(p))
    raised, least = [math.nan] * len(found), 0.0
    for rank, (p, place) in enumerate(order):
        least = max(least, min(p * (len(order) - rank), 1.0))
        raised[place] = least
    return raised


def _variance(apart: Numbers, overlap: int) -> float:
    """The long-run variance of a series of mean zero."""
    sums = np.array([apart[lag:] @ apart[: len(apart) - lag] for lag in range(overlap)]) / len(apart)
    plain = float(sums[0] + 2 * sums[1:].sum())
    if plain > 0:
        return plain
    return float(sums[0] + 2 * (sums[1:] * (1 - np.arange(1, overlap) / overlap)).sum())


def tails(size: float, freedom: int) -> float:
    """Return how likely Student's t is at least this far from zero, on either side.

    With t = sqrt(v) tan(a) its density is that of cos(a) to the power of v - 1, which is summed by Simpson's rule.
    """
    start = math.atan(size / math.sqrt(freedom))
    return min(_integral(start, freedom) / _integral(0.0, freedom), 1.0)


def _integral(start: float, freedom: int) -> float:
    """Of cos(a) ** (v - 1) from `start` to a right angle."""
    angles, step = np.linspace(start, math.pi / 2, _POINTS, retstep=True)
    heights = np.cos(angles).clip(0.0) ** (freedom - 1)
    ends = heights[0] + heights[-1]
    return float(step / 3 * (ends + 4 * heights[1:-1:2].sum() + 2 * heights[2:-1:2].sum()))
