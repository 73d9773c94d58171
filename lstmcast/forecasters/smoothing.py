"""Exponential smoothing as a forecaster: the mean of the best parameter sets, and a state that is carried on.

Fitted once, it goes on row by row: a model file keeps where it stands and after which row, and `predict` runs it over
the rows that came since. Where these do not join, it starts anew once there are enough of them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Integers, Times
from lstmcast.data.scaling import Scaling
from lstmcast.data.windows import Windows, WindowTable
from lstmcast.forecasters.base import Mask, Stateless, Views
from lstmcast.forecasters.smoothing_filter import (
    START_SEASONS,
    Axis,
    FilterState,
    Rates,
    Trace,
    axis_of,
    run,
    start,
)

Numbers = NDArray[np.float64]
FEWEST_SEASONS = 2  # of the longest: before so many rows, nothing that it says is judged
_LONGEST = 10_000_000
UNITS = ("none", "log1p", "residual")


@dataclass(frozen=True, eq=False)
class Smoothing(Stateless):
    """Double-seasonal exponential smoothing with AR(1) errors (Taylor 2003, 2010), the mean of P parameter sets.

    day, week: rows of the seasons, 1 for none; units: what it smooths: the target by its own scaling, without (`none`)
    or with a logarithm (`log1p`), or (`residual`) what its view's calendar regression leaves of it, by the view's.
    rates: of the S series; state: where it stands; until: (S,) stamps of the last rows that it has seen; ready: (S,)
    of the first rows after which it is asked.
    """

    day: int
    week: int
    units: str
    scaling: Scaling
    rates: Rates
    state: FilterState
    until: Times
    ready: Times
    view: int = 0
    name = "smoothing"

    @property
    def is_bound(self) -> bool:
        """Only what it smooths of a calendar regression depends on its view."""
        return self.units == "residual"

    @property
    def longest(self) -> int:
        """Rows of the longest season."""
        return max(self.day, self.week)

    def reach(self) -> int:
        """Rows that it starts anew on where it cannot go on from its state."""
        return START_SEASONS * self.longest

    def since(self) -> Times | None:
        """(S,) the stamp of the last row that it has seen."""
        return self.until

    def predict(self, views: Views, origins: Integers) -> Numbers:
        """(K, 1, B) scaled."""
        windows = views[self.view]
        parts = [self._point(windows, chunk) for chunk in windows.chunks(origins)]
        return np.concatenate(parts, axis=1)[:, None]

    def answers(self, views: Views, origins: Integers) -> Mask:
        """(B,) the windows whose rows join its state, or are enough without it."""
        return self._course(views[self.view]).is_enough(origins)

    def moved_on(self, views: Views, stops: Integers) -> Smoothing:
        """The part once it has seen the rows before stops (S',) of each of the panel's series."""
        course = self._course(views[self.view])
        moved = np.flatnonzero(stops > course.new)
        series, until, ready = course.series[moved], self.until.copy(), self.ready.copy()
        until[series], ready[series] = course.times[stops[moved] - 1], course.ready[moved]
        state = self.state.with_series(series, course.after(stops).of_series(moved))
        return dataclasses.replace(self, state=state, until=until, ready=ready)

    def check(self, views: Views, options: Options) -> None:
        """Raise ValueError for what no training gives."""
        count = len(views[self.view].table.change)
        if self.units not in UNITS or min(self.day, self.week) < 1 or max(self.day, self.week) > _LONGEST:
            raise ValueError("smoothing has no units or no seasons that there are")
        own = self.until, self.ready, self.scaling.center, self.scaling.scale, self.scaling.unit
        if any(array.shape != (count,) for array in own):
            raise ValueError("smoothing is not of as many series as the model")
        if not (self.scaling.scale > 0).all() or not (self.scaling.unit > 0).all():
            raise ValueError("a scale of smoothing is not positive")
        if (self.scaling.transform == "log1p") != (self.units == "log1p"):
            raise ValueError("smoothing is not in the units of its scaling")
        self.rates.check(count)
        self.state.check(count, self.rates.memory.shape[1], self.day, self.week)

    def __getstate__(self) -> dict[str, object]:
        """Return the fields for another process, without the courses, which are computed again."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def _point(self, windows: Windows, origins: Integers) -> Numbers:
        """(K, B) the mean of what the sets say in the units of the CSV, scaled as the view's target is."""
        series = windows.table.series[origins - 1]
        said = np.moveaxis(self._course(windows).forecast(origins, windows.horizon), 2, 0)  # (P, K, B)
        scaling = self._used(windows)
        if self.units == "residual":
            said = said + windows.ahead(windows.table.level, origins)
        with np.errstate(over="ignore"):  # of what is hardly a number: seen as not finite later
            return scaling_of(windows.table).apply(scaling.undo(said, series).mean(axis=0), series)

    def _used(self, windows: Windows) -> Scaling:
        """By which it smooths."""
        return scaling_of(windows.table) if self.units == "residual" else self.scaling

    def _course(self, windows: Windows) -> Course:
        """Return its course over the rows of a table, found once for each."""
        if windows.table not in self._courses:
            self._courses[windows.table] = self._found(windows)
        return self._courses[windows.table]

    @cached_property
    def _courses(self) -> WeakKeyDictionary[WindowTable, Course]:
        return WeakKeyDictionary()

    def _found(self, windows: Windows) -> Course:
        table, times = windows.table, times_of(windows.table)
        firsts, series = table.offsets[:-1], table.series[table.offsets[:-1]]
        until, rates = self.until[series], self.rates.of_series(series)
        new = np.array(
            [
                first + int(np.searchsorted(times[first:stop], own, "right"))
                for first, stop, own in zip(firsts, table.offsets[1:], until, strict=True)
            ]
        )
        missing, places = _gaps(table, until, new)
        return Course(
            rates=rates,
            axis=axis_of(self.day, self.week, table.offsets, table.ahead),
            values=smoothed(windows, self.units, self._used(windows)),
            series=series,
            new=new,
            state=self.state.of_series(series).later(rates, missing, places),
            ready=self._ready(table, new, missing, self.ready[series]),
            times=times,
        )

    def _ready(self, table: WindowTable, new: Integers, missing: Integers, ready: Times) -> Times:
        """(S',) the row after which it is asked: where rows do not join, after as many as a new start takes."""
        assert table.clock is not None
        later = ready.copy()
        for number in np.flatnonzero(missing > self.longest):
            later[number] = table.clock.grid(times_of(table)[new[number]], self.reach())[-1]
        return np.maximum(later, ready)


@dataclass(frozen=True, eq=False)
class Course:
    """The course of the part over the rows of a table of S series.

    values: (N,) what it smooths, NaN where missing; series: (S,) which of the model's each is; new: (S,) the first row
    that the state has not seen; ready: (S,) of the row after which the part is asked.
    """

    rates: Rates
    axis: Axis
    values: Numbers
    series: Integers
    new: Integers
    state: FilterState
    ready: Times
    times: Times

    def is_enough(self, origins: Integers) -> Mask:
        """(B,) whether the rows before each origin join the state, or are enough without it."""
        own = self.axis.series(origins)
        is_begun = origins - self.axis.offsets[own] >= FEWEST_SEASONS * self.axis.longest
        is_ready = self.times[origins - 1] >= self.ready[own]
        return np.where(origins >= self.new[own], is_ready, is_begun)

    def forecast(self, origins: Integers, horizon: int) -> Numbers:
        """(K, B, P) what each set says; of rows that the state has seen already, started anew at the first row."""
        is_later = origins >= self.new[self.axis.series(origins)]
        found = np.empty((horizon, len(origins), self.rates.memory.shape[1]))
        if is_later.any():
            found[:, is_later] = self._later.forecast(origins[is_later], horizon)
        if not is_later.all():
            found[:, ~is_later] = self._earlier.forecast(origins[~is_later], horizon)
        return found

    def after(self, stops: Integers) -> FilterState:
        """The state after the rows before stops (S,)."""
        return run(
            self.rates,
            self.state,
            self.values,
            self.axis,
            self.new,
            np.maximum(stops, self.new),
            self._blank(),
        )

    @cached_property
    def _later(self) -> Trace:
        """Of the rows after the state, which is also what was known after the last row before them."""
        known, stops = self._blank(), self.axis.offsets[1:]
        run(self.rates, self.state, self.values, self.axis, self.new, stops, known)
        goes_on = np.flatnonzero(self.new > self.axis.offsets[:-1])
        known[:3, self.new[goes_on] - 1] = self.state.now[:, goes_on]
        return Trace(self.rates, self.axis, known)

    @cached_property
    def _earlier(self) -> Trace:
        known, firsts, sets = self._blank(), self.axis.offsets[:-1], self.rates.memory.shape[1]
        run(
            self.rates,
            start(self.values, self.axis, firsts, self.new, sets),
            self.values,
            self.axis,
            firsts,
            self.axis.offsets[1:],
            known,
        )
        return Trace(self.rates, self.axis, known)

    def _blank(self) -> NDArray[np.float32]:
        """(5, N, P) nothing known."""
        return np.full((5, len(self.values), self.rates.memory.shape[1]), np.nan, dtype=np.float32)


def smoothed(windows: Windows, units: str, scaling: Scaling) -> Numbers:
    """(N,) what is smoothed of the rows of a view in these units, NaN where it is missing."""
    table = windows.table
    if units == "residual":
        values = windows.residual
    else:
        values = scaling.apply(scaling_of(table).undo(table.scaled, table.series), table.series)
    return np.where(table.observed, values, np.nan)


def scaling_of(table: WindowTable) -> Scaling:
    """By which a table's target is scaled."""
    assert table.scaling is not None
    return table.scaling


def times_of(table: WindowTable) -> Times:
    """(N,) the table's stamps."""
    assert table.times is not None
    return table.times.astype("datetime64[us]", copy=False)


def _gaps(table: WindowTable, until: Times, new: Integers) -> tuple[Integers, Integers]:
    """(S,) rows between a stamp and the first row of each series that begins after it, zero of others; and (S,) how
    many places of the wall clock these are."""
    missing, places = np.zeros((2, len(until)), dtype=np.int64)
    begins = (new == table.offsets[:-1]) & (new < table.offsets[1:])
    for number in np.flatnonzero(begins):
        assert table.clock is not None
        ends = np.array([until[number], times_of(table)[new[number]]])
        missing[number] = max(table.clock.steps(ends[0], ends[1]) - 1, 0)
        ahead = table.clock.ahead(ends)
        places[number] = missing[number] + (0 if ahead is None else round(float(ahead[1] - ahead[0])))
    return missing, places
