"""Bands that hold what they promise: split-conformal widths for each step ahead."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
LEVELS = (80,)


@dataclass(frozen=True)
class Intervals:
    """Half-widths of a band around the point forecast, in the table's scaled units.

    widths: level in percent -> (K,).
    """

    widths: dict[int, Numbers]

    def bands(self, point: Numbers) -> dict[int, tuple[Numbers, Numbers]]:
        """Lower and upper (K', B) of each level around a point forecast (K', B), K' <= K."""
        ahead = len(point)
        return {
            level: (point - width[:ahead, None], point + width[:ahead, None])
            for level, width in self.widths.items()
        }


def calibrate(error: Numbers, known: NDArray[np.bool_]) -> Intervals:
    """The widths that the absolute errors (K, n) of validation windows ask for; known: (K, n)."""
    widths = {level: np.empty(len(error)) for level in LEVELS}
    for level, width in widths.items():
        for step, (errors, there) in enumerate(zip(error, known, strict=True)):
            width[step] = order_statistic(errors[there], level)
    return Intervals(widths)


def order_statistic(scores: Numbers, level: int) -> float:
    """The ceil((n + 1) level)-th smallest of n scores, which covers `level` percent of exchangeable new ones
    (Lei et al. 2018); the largest when n is too small for that, NaN without any."""
    n = len(scores)
    if not n:
        return math.nan
    rank = min(math.ceil((n + 1) * level / 100), n)
    return float(np.partition(scores, rank - 1)[rank - 1])
