"""One ridge map over the windows of all series of a panel, on the scale of logarithms, relative to their last value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lstmcast.forecasters.logarithms import logs_of

Numbers = NDArray[np.float64]

PENALTY = 0.01


@dataclass(frozen=True, eq=False)
class PanelMap:
    """weight: (K, L), bias: (K,) from a window relative to its last value to what follows it."""

    weight: Numbers
    bias: Numbers

    @property
    def lookback(self) -> int:
        """L."""
        return int(self.weight.shape[1])

    def predict(self, values: Numbers) -> Numbers:
        """(K, B) the forecast of the rows after these (T, B), T at least L, all known."""
        logs, undo = logs_of(values)
        last = logs[-1]
        return undo(self.weight @ (logs[-self.lookback :] - last) + self.bias[:, None] + last)

    def check(self, horizon: int) -> None:
        """Raise ValueError where it is no map to this horizon."""
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[:1] or len(self.bias) != horizon:
            raise ValueError("the ridge map of the panel does not fit its horizon")


def fit_panel_map(
    series: Iterable[Numbers], lookback: int, horizon: int, penalty: float = PENALTY
) -> PanelMap | None:
    """The map of the windows of all these series (T,), all known; None where none of them holds a window."""
    gram, cross = np.zeros((lookback, lookback)), np.zeros((lookback, horizon))
    past_sum, ahead_sum, count = np.zeros(lookback), np.zeros(horizon), 0
    for values in series:
        if len(values) < lookback + horizon:
            continue
        windows = sliding_window_view(logs_of(values[:, None])[0][:, 0], lookback + horizon)
        windows = windows - windows[:, lookback - 1 : lookback]
        past, ahead = windows[:, :lookback], windows[:, lookback:]
        gram, cross = gram + past.T @ past, cross + past.T @ ahead
        past_sum, ahead_sum, count = (
            past_sum + past.sum(axis=0),
            ahead_sum + ahead.sum(axis=0),
            count + len(past),
        )
    if not count:
        return None
    middle, expected = past_sum / count, ahead_sum / count
    gram, cross = gram - count * np.outer(middle, middle), cross - count * np.outer(middle, expected)
    size = float(np.trace(gram)) / lookback or 1.0
    solved = np.linalg.solve(gram + penalty * size * np.eye(lookback), cross)
    weight = np.ascontiguousarray(solved.T, dtype=np.float64)  # as a file gives it back, to the last bit
    return PanelMap(weight, np.asarray(expected - weight @ middle, dtype=np.float64))
