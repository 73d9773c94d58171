"""The forecasts of a ledger from the night before each row's day, beside what came."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import UsageError
from lstmcast.core.panel import Clock, Integers, Panel, Times
from lstmcast.evaluation.ledger import Ledger, refuse_other_kind

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Said:
    """Forecasts of one series at every stamp from the first to the last, and what came: (n,) each, NaN where unknown.

    name: of the series; point, lower, upper: what was said, the edges those of the ledger's band.
    """

    name: str
    times: Times
    point: Numbers
    lower: Numbers
    upper: Numbers
    actual: Numbers

    @property
    def error(self) -> Numbers:
        """(n,) forecast less outcome."""
        return self.point - self.actual

    def last(self, rows: int | None) -> Said:
        """The last so many rows; None for all."""
        if rows is None:
            return self
        names = ("times", "point", "lower", "upper", "actual")
        return dataclasses.replace(self, **{name: getattr(self, name)[-rows:] for name in names})


def beside_outcomes(ledger: Ledger, actuals: Panel) -> Iterator[Said]:
    """Each series of a ledger in which a row stands once, beside its outcomes; NaN where the file has none.

    Raises UsageError for a ledger of classes.
    """
    refuse_other_kind(ledger, actuals)
    if ledger.classes:
        raise UsageError(
            "a ledger of classes holds probabilities, of which no such picture is drawn; lstmcast score compares it "
            "with what came"
        )
    place = {name: number for number, name in enumerate(actuals.ids)}
    for number in np.unique(ledger.series):
        rows, name = ledger.take(ledger.series == number), ledger.ids[number]
        grid = _grid(actuals.clock, rows.time.min(), rows.time.max())
        point, lower, upper = (
            _laid(grid, rows.time, found) for found in (rows.point, rows.lower, rows.upper)
        )
        series = place.get(name, 0 if ledger.id_name is None and len(place) == 1 else None)
        own = slice(0, 0) if series is None else actuals.rows(series)
        yield Said(name, grid, point, lower, upper, _laid(grid, actuals.times[own], actuals.target[own]))


def _grid(clock: Clock, first: np.datetime64, last: np.datetime64) -> Times:
    """Every stamp of a clock from one to another."""
    count = 1024
    while (grid := clock.grid(first, count))[-1] < last:
        count *= 4
    return grid[: int(np.searchsorted(grid, last, side="right"))]


def _laid(grid: Times, times: Times, values: Numbers) -> Numbers:
    """(n,) values at the stamps of a grid, NaN elsewhere."""
    laid = np.full(len(grid), np.nan)
    at = np.minimum(np.searchsorted(grid, times), len(grid) - 1)
    is_there = grid[at] == times
    laid[at[is_there]] = values[is_there]
    return laid


def night_before(ledger: Ledger, clock: Clock) -> Ledger:
    """Of each row the last forecast that was issued before its day began, in the order of series and time.

    Of a row without one, and where a row is a day or longer, the last that was issued.
    """
    if clock.step is None or clock.is_counter:
        is_early = np.zeros(len(ledger), bool)
    else:
        day = clock.wall(ledger.time).astype("datetime64[D]").astype("datetime64[us]")
        is_early = clock.wall(ledger.issued) < day
    return _last(ledger, is_early)


def _last(ledger: Ledger, is_early: Mask) -> Ledger:
    """Of each row of each series one forecast: the last of the early ones, else the last of all."""
    order = np.lexsort([np.arange(len(ledger)), ledger.issued, is_early, ledger.time, ledger.series])
    return ledger.take(order[_ends(ledger.series[order], ledger.time[order].astype(np.int64))])


def _ends(*keys: Integers) -> Mask:
    """Return whether each row is the last of those with equal keys, which stand together."""
    changes = np.any([key[1:] != key[:-1] for key in keys], axis=0) if len(keys[0]) else np.empty(0, bool)
    return np.append(changes, [True] * min(len(keys[0]), 1)).astype(bool)
