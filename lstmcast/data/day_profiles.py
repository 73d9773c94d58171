"""Days as profiles: the mean of the rows in each part of a day, and what is usual on its weekday around it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers, Times

Numbers = NDArray[np.float64]
Days = NDArray[np.int64]  # since 1970-01-01
_SHIFTS = (-14, -7, 7, 14)


def day_of(wall: Times) -> Days:
    """(N,) the day of each wall time."""
    return wall.astype("datetime64[D]").astype(np.int64)


def part_of(wall: Times, parts: int) -> Integers:
    """(N,) the part of its day in which each wall time is."""
    since = wall - wall.astype("datetime64[D]")
    return np.asarray((since / np.timedelta64(1, "D") * parts).astype(np.int64))


def mean_profiles(wall: Times, values: Numbers, days: Days, parts: int) -> Numbers:
    """(D, parts) the mean of the values (N,) in each part of each day, NaN where there is none.

    days: (D,) one after the other, those of all values among them.
    """
    place, size = (day_of(wall) - days[0]) * parts + part_of(wall, parts), len(days) * parts
    counts = np.bincount(place, minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.bincount(place, weights=values, minlength=size) / counts).reshape(-1, parts)


def usual_around(profiles: Numbers) -> Numbers:
    """(D, …) the median of the same weekday in the two weeks around each day; NaN where fewer than two are known."""
    padded = np.pad(profiles, ((14, 14), (0, 0)), constant_values=np.nan)
    around = np.stack([padded[14 + shift : 14 + shift + len(profiles)] for shift in _SHIFTS])
    few = np.isfinite(around).sum(axis=0) < 2
    around[:, few] = 0.0
    return np.where(few, np.nan, np.nanmedian(around, axis=0))
