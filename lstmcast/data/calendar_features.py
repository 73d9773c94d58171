"""The features that the wall clock gives a row: harmonics of the day and the year, and the weekday."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Clock, Times

_DAY = np.timedelta64(86_400_000_000, "us")
_YEAR = 365.2425
DAY_HARMONICS = 2
YEAR_HARMONICS = 2


def day_phase(wall: Times) -> NDArray[np.float64]:
    """(N,) share of the local day that has passed, in [0, 1)."""
    return np.asarray((wall - wall.astype("datetime64[D]")) / _DAY)


def year_phase(wall: Times) -> NDArray[np.float64]:
    """(N,) share of the local year that has passed, in [0, 1]."""
    return np.asarray((wall - wall.astype("datetime64[Y]")) / _DAY / _YEAR)


def weekday(wall: Times) -> NDArray[np.int64]:
    """(N,) 0 for Monday to 6 for Sunday; 1970-01-01 was a Thursday."""
    return (wall.astype("datetime64[D]").astype(np.int64) + 3) % 7


def harmonics(phase: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """(N, 2 count) sine and cosine of the first `count` multiples of a phase given in turns."""
    angles = 2 * np.pi * phase[:, None] * np.arange(1, count + 1)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def one_hot(codes: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """(N, size) rows of zeros with a one at the code."""
    return np.eye(size)[codes]


def has_years(first: np.datetime64, last: np.datetime64) -> bool:
    """True when training rows span two years: with less, features of the day of the year extrapolate disastrously."""
    return bool((last - first) / _DAY >= 2 * 365 - 1)


def calendar_names(clock: Clock, *, with_year: bool) -> tuple[str, ...]:
    """(F,) the names of what `calendar_vector` gives, in its order."""
    sizes = {
        "day": 2 * DAY_HARMONICS if not clock.is_counter and clock.step is not None else 0,
        "weekday": 7 if not clock.is_counter and (clock.step is not None or clock.is_daily) else 0,
        "year": 2 * YEAR_HARMONICS if with_year and not clock.is_counter else 0,
    }
    return tuple(f"{name} {number}" for name, size in sizes.items() for number in range(size))


def calendar_vector(clock: Clock, times: Times, *, with_year: bool) -> NDArray[np.float32]:
    """(N, F) calendar features of each row; F is 0 for a counter, which has no calendar.

    Below a day: two harmonics of the day. Up to a day: the weekday. `with_year`: two harmonics of the year.
    """
    if clock.is_counter:
        return np.zeros((len(times), 0), dtype=np.float32)
    wall = clock.wall(times)
    parts = [np.zeros((len(times), 0))]
    if clock.step is not None:
        parts.append(harmonics(day_phase(wall), DAY_HARMONICS))
    if clock.step is not None or clock.is_daily:
        parts.append(one_hot(weekday(wall), 7))
    if with_year:
        parts.append(harmonics(year_phase(wall), YEAR_HARMONICS))
    return np.concatenate(parts, axis=1).astype(np.float32)
