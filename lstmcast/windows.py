"""Windows over rows: index arithmetic only, until a Batch is gathered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lstmcast.panel import Floats, Integers

MOST_MISSING = 0.25


@dataclass(frozen=True)
class Table:
    """The rows of a panel as a model sees them, one series after the other.

    scaled: (N,) float64 target, scaled and filled; observed: (N,) whether it was really there.
    level: (N,) float64 what the calendar stage expects of it; all that follows works on scaled - level.
    past: (N, c) features of a past row, of which the first is scaled - level.
    known: (N, c') features of a row that are known ahead; calendar: (N, F); series: (N,); offsets: (S+1,).
    """

    scaled: NDArray[np.float64]
    observed: NDArray[np.bool_]
    level: NDArray[np.float64]
    past: NDArray[np.float32]
    known: NDArray[np.float32]
    calendar: NDArray[np.float32]
    series: Integers
    offsets: Integers


@dataclass(frozen=True)
class Batch:
    """B windows, gathered: what the network reads and what it should answer.

    past: (B, T, w c + F); future: (B, T', w c' + F); window: (B, L) values less the last; series: (B,).
    target: (K, B) values less the window's last; weight: (K, B), 0 where the target is missing.
    """

    past: NDArray[np.float32]
    future: NDArray[np.float32]
    window: NDArray[np.float32]
    series: Integers
    target: NDArray[np.float32]
    weight: NDArray[np.float32]


@dataclass(frozen=True)
class Windows:
    """Every window of a table, named by its origin: the row of its first target.

    lookback L rows before the origin are seen, horizon K rows from it on are answered,
    segment w rows are one step of the recurrence.
    """

    table: Table
    lookback: int
    horizon: int
    segment: int

    @property
    def residual(self) -> NDArray[np.float64]:
        """(N,) what is left of the target by the calendar stage."""
        return self.table.scaled - self.table.level

    def usable(self, origins: Integers, *, with_targets: bool = True) -> Integers:
        """The origins whose past is known well enough and, if asked, at least one target is known."""
        missing = np.concatenate([[0], np.cumsum(~self.table.observed)])
        share = (missing[origins] - missing[origins - self.lookback]) / self.lookback
        good = share <= MOST_MISSING
        if with_targets:
            good &= missing[origins + self.horizon] - missing[origins] < self.horizon
        return origins[good]

    def values(self, origins: Integers) -> NDArray[np.float64]:
        """(B, L) residuals before each origin."""
        return sliding_window_view(self.residual, self.lookback)[origins - self.lookback]

    def ahead(self, column: Floats, origins: Integers) -> Floats:
        """(B, K) what a column (N,) holds from each origin on."""
        return sliding_window_view(column, self.horizon)[origins]

    def batch(self, origins: Integers) -> Batch:
        """Gather the windows at these origins, B = len(origins)."""
        past, window, last = self._past(origins)
        target = self.ahead(self.table.past[:, 0], origins) - last[:, None]
        weight = self.ahead(self.table.observed, origins).astype(window.dtype)
        return Batch(
            past,
            self._future(origins),
            window,
            self.table.series[origins - 1],
            np.ascontiguousarray(target.T),
            np.ascontiguousarray(weight.T),
        )

    def _past(self, origins: Integers) -> tuple[Floats, Floats, Floats]:
        """Past segments (B, T, w c + F), the window less its last value (B, L) and that value (B,)."""
        table, count, steps = self.table, len(origins), self.lookback // self.segment
        size = table.past.shape[1]
        width = self.segment * size
        rows = sliding_window_view(table.past.reshape(-1), self.lookback * size)[(origins - self.lookback) * size]
        last = rows[:, -size].copy()
        rows[:, ::size] -= last[:, None]
        past = np.empty((count, steps, width + table.calendar.shape[1]), dtype=table.past.dtype)
        past[:, :, :width] = rows.reshape(count, steps, width)
        first_rows = (origins - self.lookback)[:, None] + self.segment * np.arange(steps)
        past[:, :, width:] = table.calendar[first_rows]
        return past, np.ascontiguousarray(rows[:, ::size]), last

    def _future(self, origins: Integers) -> Floats:
        """Future segments (B, T', w c' + F); the last known row stands for those beyond the horizon,
        so that a window says the same whether or not the file goes on after it."""
        table, steps = self.table, -(-self.horizon // self.segment)
        ahead = np.minimum(np.arange(steps * self.segment), self.horizon - 1)
        rows = origins[:, None] + ahead
        known = table.known[rows].reshape(len(origins), steps, self.segment * table.known.shape[1])
        return np.concatenate([known, table.calendar[rows[:, :: self.segment]]], axis=2)
