"""Rows of a table on one regular axis: those of training, and those that are to be predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.options import Options
from lstmcast.core.panel import KNOWN, PAST, TARGET, Clock, Column, Integers, Panel
from lstmcast.interface.estimator.series import infer_clock

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TableRows:
    """The rows of a training as a panel, beside which the rows of other tables have their places.

    first: the label of the first row, where labels are numbers; own: the place of the target among the columns of X,
    where X holds it; names: of the columns of X; is_labelled: whether the index says which row is which.
    """

    panel: Panel
    names: tuple[str, ...]
    own: int | None
    first: int
    is_labelled: bool

    @classmethod
    def of(cls, X: pd.DataFrame, y: pd.Series, options: Options) -> TableRows:
        """The rows of X, of which the columns are past ones unless options.known names them, and the target y.

        Raises DataError for an index that is not sorted or not regular.
        """
        names = tuple(map(str, X.columns))
        values, target = X.to_numpy(dtype=np.float64), y.to_numpy(dtype=np.float64)
        same = [
            place for place in range(len(names)) if np.array_equal(values[:, place], target, equal_nan=True)
        ]
        own = same[0] if same else None
        absent = [name for name in options.known if name not in names]
        if absent:
            raise DataError(f"no column {absent[0]!r}; there are {', '.join(names)}", column=absent[0])
        others = [name for place, name in enumerate(names) if place != own]
        called = _free(str(y.name) if y.name is not None else options.target or "y", others)
        columns = [Column(name, KNOWN if name in options.known else PAST) for name in others]
        columns.sort(key=lambda column: column.role != KNOWN)
        index = _sorted(X.index)
        clock, times, first = axis_of(index, options)
        places = places_on(clock, times[0], times)
        panel = _laid_out(clock, times[0], places[-1] + 1, (Column(called, TARGET), *columns))
        rows = cls(panel, names, own, first, isinstance(index, pd.DatetimeIndex) or not is_default(index))
        panel.values[places, 0] = target
        rows._write(panel, places, values)
        return rows

    def with_rows(self, X: pd.DataFrame) -> tuple[Panel, Integers]:
        """The panel with the rows of X, of which (n,) say the places; raises DataError where they have none.

        An index of times or of numbers that training had too says which rows they are; other rows follow those of
        training.
        """
        values, places = X.to_numpy(dtype=np.float64), self._places_of(X)
        count = max(int(places.max()) + 1, len(self.panel.times))
        panel = _laid_out(self.panel.clock, self.panel.times[0], count, self.panel.columns)
        panel.values[: len(self.panel.times)] = self.panel.values
        if self.own is not None:
            fresh = places >= len(self.panel.times)
            panel.values[places[fresh], 0] = values[fresh, self.own]
        self._write(panel, places, values)
        return panel, places

    def _write(self, panel: Panel, places: Integers, values: Numbers) -> None:
        """Put the columns of X beside the target."""
        for number, column in enumerate(panel.columns[1:], 1):
            panel.values[places, number] = values[:, self._place_in_x(column.name)]

    def _place_in_x(self, name: str) -> int:
        return next(place for place, own in enumerate(self.names) if own == name and place != self.own)

    def _places_of(self, X: pd.DataFrame) -> Integers:
        index, count = X.index, len(self.panel.times)
        clock = self.panel.clock
        if not clock.is_counter:
            if not isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
                if self.is_labelled and is_default(index):
                    return np.arange(count, count + len(index))
                raise DataError(f"training rows have times, and these have a {type(index).__name__}")
            return places_on(clock, self.panel.times[0], times_of(index, clock))
        if is_default(index):
            is_training = self.first == 0 and len(index) == count and self._holds(X)
            return np.arange(len(index)) if is_training else np.arange(count, count + len(index))
        places = _numbers(index) - self.first
        if (places < 0).any():
            raise _too_early(str(index[int(places.argmin())]))
        return places

    def _holds(self, X: pd.DataFrame) -> bool:
        """True for the rows of training themselves."""
        values = X.to_numpy(dtype=np.float64)
        own = [
            0 if place == self.own else 1 + self._others().index(name)
            for place, name in enumerate(self.names)
        ]
        return np.array_equal(self.panel.values[:, own], values, equal_nan=True)

    def _others(self) -> list[str]:
        return [column.name for column in self.panel.columns[1:]]


def _free(name: str, others: list[str]) -> str:
    while name in others:
        name += "_"
    return name


def is_default(index: pd.Index) -> bool:
    """True for 0, 1, 2, …, which pandas gives where nobody says anything."""
    return isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1


def _sorted(index: pd.Index) -> pd.Index:
    """The index itself, of periods their beginnings; raises DataError for one that does not rise."""
    index = index.to_timestamp() if isinstance(index, pd.PeriodIndex) else index
    if not (index.is_monotonic_increasing and index.is_unique):
        raise DataError(
            "the index of X rises from row to row; sort it with .sort_index() and drop duplicates"
        )
    return index


def axis_of(index: pd.Index, options: Options) -> tuple[Clock, Any, int]:
    """The clock, the times (N,) in UTC, and the first number where labels are numbers."""
    if isinstance(index, pd.DatetimeIndex):
        clock, times = infer_clock(index, options)
        return clock, times, 0
    numbers = _numbers(index)
    times = (numbers - numbers[0] + 1).astype("datetime64[us]")
    return Clock("count", None, options.season or ()), times, int(numbers[0])


def _numbers(index: pd.Index) -> Integers:
    if not pd.api.types.is_integer_dtype(index):
        raise DataError(f"the index of X holds times or whole numbers; this one is a {type(index).__name__}")
    return np.asarray(index, dtype=np.int64)


def times_of(index: pd.Index, clock: Clock) -> Any:
    """(n,) the times of an index in UTC."""
    stamps = pd.DatetimeIndex(_sorted(index))
    naive = stamps if stamps.tz is None else stamps.tz_convert("UTC").tz_localize(None)
    times = naive.to_numpy().astype("datetime64[us]")
    return clock.utc(times) if stamps.tz is None else times


def places_on(clock: Clock, first: Any, times: Any) -> Integers:
    """(n,) the places of times on the axis that begins with the first; raises DataError for those that have none."""
    if times[0] < first:
        raise _too_early(clock.write(times[:1])[0])
    grid = clock.grid(first, clock.steps(first, times[-1]) + 1)
    places = np.searchsorted(grid, times)
    off = np.flatnonzero(grid[np.minimum(places, len(grid) - 1)] != times)
    if len(off):
        stamp = clock.write(times[off[:1]])[0]
        raise DataError(f"{stamp} is no row of an axis with the step {clock.freq}", stamp=stamp)
    return np.asarray(places, dtype=np.int64)


def _too_early(stamp: str) -> DataError:
    return DataError(f"{stamp} comes before the training rows, of which nothing can be forecast", stamp=stamp)


def _laid_out(clock: Clock, first: Any, count: int, columns: tuple[Column, ...]) -> Panel:
    """A panel of one series and so many rows of which nothing is known."""
    values = np.full((count, len(columns)), np.nan)
    return Panel(("",), np.array([0, count]), clock.grid(first, count), values, columns, clock)
