"""Sizes and shares that no model has, found before anything is made of them."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import LARGEST_NUMBER, check_sizes
from lstmcast.core.panel import Clock
from lstmcast.forecasters.intervals import Intervals
from lstmcast.model.schema import Contract

_LONGEST = 1_000_000_000  # rows of a season or a history; nothing is allocated for them
_LONGEST_STYLE = 100  # letters of the pattern of a stamp
_MOST_SEASONS = 100
_CLOCKS = 64  # that are remembered: models of a folder mostly share one
_LONGEST_UNIT = 100  # letters around a number
_MOST_OF_A_ROW = 100_000_000  # cells, of one row of every series
_MOST_CELLS = 3_000_000  # of a window of classes, which is made to see whether the parts fit it
SMALLEST = 1e-150  # what a scale divides by: its square is still a number


def check_contract(contract: Contract) -> None:
    """Raises UsageError or ValueError for sizes, seasons or names that no training gives."""
    check_sizes(horizon=contract.horizon, lookback=contract.lookback, segment=contract.segment)
    if not contract.lookback <= contract.history <= _LONGEST:
        raise ValueError(
            f"a history of {contract.history} rows is not one for a lookback of {contract.lookback}"
        )
    if not all(0 < season <= _LONGEST for season in contract.clock.seasons):
        raise ValueError("a season is shorter than a row, or longer than any")
    check_clock(contract.clock, contract.horizon)
    if contract.classes and (contract.lookback + contract.horizon) * len(contract.columns) > _MOST_CELLS:
        raise ValueError(f"a window of {contract.lookback} rows has {len(contract.columns)} columns")
    if len(contract.ids) * len(contract.columns) > _MOST_OF_A_ROW:
        raise ValueError(
            f"{len(contract.ids):,} series of {len(contract.columns):,} columns are more than any file has"
        )
    columns = (contract.time, contract.id, contract.target, *contract.known, *contract.past)
    names = tuple(name for name in columns if name is not None)
    for kind, listed in {"column": names, "series": contract.ids, **_classes(contract)}.items():
        if len(set(listed)) != len(listed):
            raise ValueError(f"a {kind} stands twice")
    if len(contract.unit) > _LONGEST_UNIT or not contract.unit.isprintable():
        raise ValueError("its unit is none that stands in a cell")
    if not all(all(levels) for levels in contract.levels.values()):
        raise ValueError("a class is empty")


@lru_cache(maxsize=_CLOCKS)
def check_clock(clock: Clock, horizon: int) -> None:
    """Raises ValueError or its like for a step, a zone or a style of stamps that no file has."""
    if (
        len(clock.style) > _LONGEST_STYLE
        or not clock.style.isprintable()
        or len(clock.seasons) > _MOST_SEASONS
    ):
        raise ValueError("its stamps are in no style of a file's, or it has more seasons than any")
    times = clock.grid(np.datetime64("2000-01-01", "us"), horizon + 1)
    if not (np.diff(times).astype(np.int64) > 0).all():
        raise ValueError(f"a step of {clock.freq} does not go forward")
    clock.write(clock.wall(times[:2]))


def check_scales(**scales: NDArray[np.float64]) -> None:
    """Raises ValueError for what is divided by and is not positive, or so small that nothing can be."""
    for name, array in scales.items():
        if not (array >= SMALLEST).all():
            raise ValueError(f"{name.replace('_', ' ')}: a scale is not positive, or smaller than any")


def check_limits(low: float, high: float) -> None:
    """Raises ValueError for limits that nothing lies between, or that are no numbers of a file; NaN is none."""
    if low > high or any(abs(limit) > LARGEST_NUMBER for limit in (low, high)):
        raise ValueError(f"no forecast lies between {low:g} and {high:g}")


def _classes(contract: Contract) -> dict[str, tuple[str, ...]]:
    return {f"class of {name!r}": levels for name, levels in contract.levels.items()}


def check_intervals(intervals: Intervals, *, has_network: bool, has_spread: bool = False) -> None:
    """Raises ValueError for bands of no known kind, of what is not there, or that follow volatility as none do."""
    kinds = ("split", *(("quantiles",) if has_network else ()), *(("spread",) if has_spread else ()))
    if intervals.kind not in kinds:
        raise ValueError(f"the bands are {intervals.kind!r}, which this model cannot make")
    if not 0 <= intervals.power <= 1 or not 0 < intervals.reference < math.inf:
        raise ValueError("the bands follow volatility by no power and reference that training gives")
