"""Flat stretches: one value that stands for many rows, longer than is usual for the series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.intp]

_LEAST, _MOST_WAIT = 8, 48  # rows below which no stretch is long; of a longer season not all need pass
_TIMES = 6  # times as long as nine in ten stretches of its kind
_RESTING = 0.75  # share of all other rows with a value at which the series rests: no rain, nobody at home
_ENOUGH = 5  # stretches of one value that show how long it usually stands


@dataclass(frozen=True)
class Stretch:
    """Rows start to stop (not included) of a series that all hold `value`."""

    start: int
    stop: int
    value: float

    @property
    def length(self) -> int:
        """The number of its rows."""
        return self.stop - self.start


def flat_stretches(values: Numbers, season: int = 1) -> list[Stretch]:
    """Stretches of a series (n,) that are longer than a season and than is usual, in order; NaN ends a stretch.

    Usual is what nine in ten stretches of the same value show, of a rare value those of the whole series: nights
    without sun and days without rain are no finding, nor is a price that changes once a month.
    """
    starts, lengths = _runs(values)
    least = min(max(season, _LEAST), _MOST_WAIT)
    if not lengths.size or lengths.max() < least:
        return []
    if starts.size == 1:
        return []  # a constant: all of it is one stretch, and nothing says what is usual
    usual = float(np.quantile(lengths, 0.9))
    long = np.flatnonzero((lengths >= least) & (lengths > _TIMES * usual))
    held = [place for place in long.tolist() if _is_odd(values[starts], lengths, place)]
    return [Stretch(int(starts[i]), int(starts[i] + lengths[i]), float(values[starts[i]])) for i in held]


def tail(values: Numbers) -> Stretch | None:
    """The stretch at the end of a series (n,), however short; None where nothing is known."""
    starts, lengths = _runs(values)
    if not starts.size:
        return None
    return Stretch(int(starts[-1]), int(starts[-1] + lengths[-1]), float(values[starts[-1]]))


def _runs(values: Numbers) -> tuple[Places, Places]:
    """(first row, length) of every stretch of equal known values."""
    begins = np.concatenate([[True], values[1:] != values[:-1]]) if values.size else np.empty(0, bool)
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.append(starts, values.size))
    known = np.isfinite(values[starts])
    return starts[known], lengths[known]


def _is_odd(values: Numbers, lengths: Places, place: int) -> bool:
    """Return whether a stretch outlasts others of its value, at which the series does not mostly rest."""
    same = values == values[place]
    same[place] = False
    others = lengths[same]
    usual = float(np.quantile(others, 0.9)) if others.size >= _ENOUGH else 1.0
    rests = others.sum() > _RESTING * (lengths.sum() - lengths[place])
    return bool(lengths[place] > _TIMES * usual) and not rests
