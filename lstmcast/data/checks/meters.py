"""Meters: series that only climb, and now and then begin again from the bottom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_FEWEST = 24
_CLIMBING = 0.3  # share of steps that go up
_BOTTOM, _DEEP = (
    0.1,
    0.5,
)  # a reset ends within this share of the range above the lowest, and falls by that share
_MOST_FALLS = 1 / 12  # share of steps that may be resets: a meter of the day has one in 24 hours


@dataclass(frozen=True)
class Meter:
    """A series that only climbs; resets: the rows at which it begins again, none where it never does."""

    resets: tuple[int, ...]


def meter(values: Numbers) -> Meter | None:
    """Return the meter that a series (n,) is if it never falls but to its bottom; None for every other."""
    rows = np.flatnonzero(np.isfinite(values))
    known = values[rows]
    if known.size < _FEWEST:
        return None
    steps = np.diff(known)
    falls = np.flatnonzero(steps < 0)
    if (steps > 0).mean() < _CLIMBING or falls.size > _MOST_FALLS * steps.size:
        return None
    lowest, width = float(known.min()), float(np.ptp(known))
    if falls.size and not 0 <= lowest <= _BOTTOM * width:
        return None  # what begins again begins at nothing
    to_bottom = known[falls + 1] <= lowest + _BOTTOM * width
    deep = -steps[falls] >= _DEEP * width
    if not (to_bottom & deep).all():
        return None
    return Meter(tuple(int(row) for row in rows[falls + 1]))
