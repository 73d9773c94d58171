"""Windows over rows: index arithmetic only, until a Batch is gathered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lstmcast.core.panel import Clock, Floats, Integers, Times
from lstmcast.data.scaling import Scaling

MOST_MISSING = 0.25
MOST_AT_ONCE = 512
MOST_VALUES_AT_ONCE = 100_000


@dataclass(frozen=True, eq=False)
class WindowTable:
    """The rows of a panel as a model sees them, one series after the other.

    scaled: (N,) float64 target, scaled and filled; observed: (N,) whether it was really there.
    level: (N,) float64 what the calendar stage expects of it; all that follows works on scaled - level.
    past: (N, c) features of a past row, of which the first is scaled - level.
    known: (N, c') features of a row that are known ahead; calendar: (N, F); series: (N,); offsets: (S+1,).
    change: mean absolute seasonal difference of each of the model's series, in scaled units.
    ahead: (N,) steps by which the wall clock is ahead of UTC where that changes, else None; day: rows of a usual day;
    times: (N,) stamps (UTC), by which clock; scaling: how target and scaled values become each other; target: (N,) in
    the units of the CSV, NaN where missing; given: how many of the columns of `known` the file gives; they come first.
    """

    scaled: NDArray[np.float64]
    observed: NDArray[np.bool_]
    level: NDArray[np.float64]
    past: NDArray[np.float32]
    known: NDArray[np.float32]
    calendar: NDArray[np.float32]
    series: Integers
    offsets: Integers
    change: NDArray[np.float64]
    ahead: NDArray[np.float32] | None = None
    day: int = 0
    times: Times | None = None
    clock: Clock | None = None
    scaling: Scaling | None = None
    target: NDArray[np.float64] | None = None
    given: int = 0

    def firsts(self, origins: Integers) -> Integers:
        """(B,) the first row of the series that ends, or goes on, at each origin."""
        return self.offsets[np.searchsorted(self.offsets, origins - 1, side="right") - 1]


@dataclass(frozen=True, eq=False)
class Batch:
    """B windows, gathered: what the network reads and what it should answer.

    past: (B, T, w c + F); future: (B, T', w c' + F); window: (B, L) normalised values; series: (B,).
    target: (K, B) normalised; weight: (K, B), 0 where the target is missing.
    """

    past: NDArray[np.float32]
    future: NDArray[np.float32]
    window: NDArray[np.float32]
    series: Integers
    target: NDArray[np.float32]
    weight: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Windows:
    """Every window of a table, named by its origin: the row of its first target.

    lookback L rows before the origin are seen, horizon K rows from it on are answered,
    segment w rows are one step of the recurrence.
    is_anchored: whether a window is taken relative to its last value; is_sized: whether it is divided by its own
    size too, measured with differences at lag `season`.
    """

    table: WindowTable
    lookback: int
    horizon: int
    segment: int
    season: int
    is_anchored: bool = True
    is_sized: bool = False

    @cached_property
    def residual(self) -> NDArray[np.float64]:
        """(N,) what the calendar stage leaves of the target."""
        return self.table.scaled - self.table.level

    @cached_property
    def plain(self) -> NDArray[np.float64]:
        """(N,) the target in the units of the CSV, without what the calendar stage says, gaps filled.

        Without a stage the very values of the file: a zero is a zero.
        """
        table = self.table
        assert table.scaling is not None and table.target is not None  # noqa: PT018
        undone = table.scaling.undo(self.residual, table.series)
        return undone if table.level.any() else np.where(table.observed, table.target, undone)

    def scaled_again(self, plain: NDArray[np.float64], origins: Integers) -> NDArray[np.float64]:
        """Scaled values (K, Q, B), the calendar stage put back, of forecasts as `plain` has them."""
        assert self.table.scaling is not None
        level = self.ahead(self.table.level, origins)
        return np.asarray(self.table.scaling.apply(plain, self.table.series[origins - 1]) + level[:, None])

    @property
    def lag(self) -> int:
        """Rows between the values that `volatility` compares: a season, or one where L holds no more than that."""
        return self.season if self.lookback > self.season else 1

    @cached_property
    def _changes(self) -> NDArray[np.float64]:
        """(N + 1,) how far each scaled value is from that `lag` rows before, zero where there is none, and a zero."""
        changes = np.zeros(len(self.table.scaled) + 1)
        with np.errstate(over="ignore", invalid="ignore"):  # of values that are hardly numbers
            changes[self.lag : -1] = np.abs(self.table.scaled[self.lag :] - self.table.scaled[: -self.lag])
        return changes

    def volatility(self, origins: Integers) -> NDArray[np.float64]:
        """(B,) how restless the L rows before each origin are: mean absolute difference at `lag` of the scaled target.

        Ones where a single row leaves nothing to compare. O(N + B) memory: no window is copied.
        """
        count = self.lookback - self.lag
        if not count:
            return np.ones(len(origins))
        bounds = np.stack([origins - count, origins], axis=1).reshape(-1)
        with np.errstate(over="ignore"):
            return np.asarray(np.add.reduceat(self._changes, bounds)[::2] / count)

    def usable(self, origins: Integers, *, with_targets: bool = True) -> Integers:
        """The origins whose past is known well enough and, if asked, at least one target is known."""
        missing = np.concatenate([[0], np.cumsum(~self.table.observed)])
        share = (missing[origins] - missing[origins - self.lookback]) / self.lookback
        good = share <= MOST_MISSING
        if with_targets:
            good &= missing[origins + self.horizon] - missing[origins] < self.horizon
        return np.asarray(origins[good])

    def chunks(self, origins: Integers) -> Iterator[Integers]:
        """The origins, so many at a time that memory grows neither with them nor with the horizon."""
        size = max(1, min(MOST_AT_ONCE, MOST_VALUES_AT_ONCE // self.horizon))
        for start in range(0, len(origins), size):
            yield origins[start : start + size]

    def ahead(self, column: NDArray[Any], origins: Integers) -> NDArray[Any]:
        """(K, B) what a column (N,) holds from each origin on."""
        return sliding_window_view(column, self.horizon)[origins].T

    def furthest(self, origin: int) -> float:
        """Return how far from zero the scaled values in the lookback before an origin go."""
        first = max(int(self.table.firsts(np.array([origin]))[0]), origin - self.lookback)
        return float(np.abs(self.table.scaled[first:origin]).max())

    def frame(self, origins: Integers) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Level (B,) and size (B,) by which each window is normalised: 0 and 1 unless anchored or sized."""
        last = self.residual[origins - 1] if self.is_anchored else np.zeros(len(origins))
        size = self._size(self._values(origins)) if self.is_sized else np.ones(len(origins))
        return last, size

    def past(self, origins: Integers) -> NDArray[np.float64]:
        """(L, B) normalised residuals before each origin."""
        last, size = self.frame(origins)
        return (self._values(origins).T - last) / size

    def targets(self, origins: Integers) -> NDArray[np.float64]:
        """(K, B) normalised residuals from each origin on."""
        last, size = self.frame(origins)
        return (self.ahead(self.residual, origins) - last) / size

    def restore(self, normalised: Floats, origins: Integers) -> NDArray[np.float64]:
        """Scaled values (K, …, B) of normalised ones: size, level and calendar stage put back."""
        last, size = self.frame(origins)
        level = self.ahead(self.table.level, origins)
        return np.asarray(normalised * size + last + (level if normalised.ndim == 2 else level[:, None]))

    def batch(self, origins: Integers, *, with_targets: bool = True) -> Batch:
        """Gather the windows at these origins, B = len(origins); without targets, K is 0."""
        last, size = self.frame(origins)
        past, window = self._past(origins, last, size)
        if not with_targets:
            nothing = np.empty((0, len(origins)), window.dtype)
            return Batch(
                past, self._future(origins), window, self.table.series[origins - 1], nothing, nothing
            )
        weight = self.ahead(self.table.observed, origins) * self._loss_weight(origins, size)
        dtype = window.dtype
        return Batch(
            past,
            self._future(origins),
            window,
            self.table.series[origins - 1],
            np.ascontiguousarray(self.targets(origins), dtype=dtype),
            np.ascontiguousarray(weight, dtype=dtype),
        )

    def _values(self, origins: Integers) -> NDArray[np.float64]:
        """(B, L) residuals before each origin."""
        return sliding_window_view(self.residual, self.lookback)[origins - self.lookback]

    def _size(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(B,) half the standard deviation and half the mean seasonal change of windows (B, L), and a little."""
        lag = min(self.season, values.shape[1] - 1) or 1
        change = np.abs(values[:, lag:] - values[:, :-lag]).mean(axis=1)
        return np.asarray(0.5 * values.std(axis=1) + 0.5 * change + 1e-3)

    def _loss_weight(self, origins: Integers, size: NDArray[np.float64]) -> NDArray[np.float64] | float:
        """Return an error's weight: 1, or in sized windows size over the series' usual change, clipped."""
        if not self.is_sized:
            return 1.0
        return np.clip(size / self.table.change[self.table.series[origins - 1]], 0.1, 10.0)

    def _past(
        self, origins: Integers, last: NDArray[np.float64], size: NDArray[np.float64]
    ) -> tuple[Floats, Floats]:
        """Past segments (B, T, w c + F) and the normalised window (B, L)."""
        table, count, steps = self.table, len(origins), self.lookback // self.segment
        columns = table.past.shape[1]
        width = self.segment * columns
        flat = sliding_window_view(table.past.reshape(-1), self.lookback * columns)
        rows = flat[(origins - self.lookback) * columns]
        rows[:, ::columns] -= last[:, None].astype(rows.dtype)
        rows[:, ::columns] /= size[:, None].astype(rows.dtype)
        past = np.empty((count, steps, width + table.calendar.shape[1]), dtype=table.past.dtype)
        past[:, :, :width] = rows.reshape(count, steps, width)
        first_rows = (origins - self.lookback)[:, None] + self.segment * np.arange(steps)
        past[:, :, width:] = table.calendar[first_rows]
        return past, np.ascontiguousarray(rows[:, ::columns])

    def _future(self, origins: Integers) -> Floats:
        """Future segments (B, T', w c' + F); the last known row stands for those beyond the horizon,
        so that a window says the same whether or not the file goes on after it."""
        table, steps = self.table, -(-self.horizon // self.segment)
        ahead = np.minimum(np.arange(steps * self.segment), self.horizon - 1)
        rows = origins[:, None] + ahead
        known = table.known[rows].reshape(len(origins), steps, self.segment * table.known.shape[1])
        return np.concatenate([known, table.calendar[rows[:, :: self.segment]]], axis=2)
