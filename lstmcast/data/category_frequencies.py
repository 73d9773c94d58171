"""How often each class came in training rows: by season of the row, and after each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Clock, Integers, Panel, Times
from lstmcast.data.calendar_features import weekday
from lstmcast.data.category_windows import ClassWindows

Numbers = NDArray[np.float64]
MOST_STEPS = 1_000


@dataclass(frozen=True, eq=False)
class Frequencies:
    """The seasonal frequency table.

    kind: what a season is: `hour` of the day, `month`, `weekday`, `phase` (of the main season of a counter), `none`.
    shares: (S, M, C) of each class in each season of each series, Laplace smoothed: (count + 1) / (rows + C);
    overall: (C,) the same over all series and seasons.
    """

    kind: str
    shares: Numbers
    overall: Numbers

    def of_rows(self, panel: Panel, series: Integers) -> Numbers:
        """(N, C) the shares in the season of each row; series: (S',) which of the table's each of the panel's is."""
        rows = np.repeat(series, panel.lengths)
        return self.shares[rows, seasons_of(self.kind, panel.clock, panel.times)]


def season_kind(clock: Clock, *, with_year: bool) -> str:
    """What a season is on a clock; with_year: whether training rows show the year twice."""
    if clock.is_counter:
        return "phase" if clock.seasons else "none"
    if clock.step is not None:
        return "hour"
    if with_year:
        return "month"
    return "weekday" if clock.is_daily else "none"


def season_count(kind: str, clock: Clock) -> int:
    """M: how many seasons there are."""
    return {"hour": 24, "month": 12, "weekday": 7, "phase": clock.season}.get(kind, 1)


def seasons_of(kind: str, clock: Clock, times: Times) -> Integers:
    """(N,) the season of each stamp, counted from 0."""
    wall = clock.wall(times)
    if kind == "hour":
        return wall.astype("datetime64[h]").astype(np.int64) % 24
    if kind == "month":
        return wall.astype("datetime64[M]").astype(np.int64) % 12
    if kind == "weekday":
        return weekday(wall)
    if kind == "phase":
        return times.astype("datetime64[us]").astype(np.int64) % clock.season
    return np.zeros(len(times), dtype=np.int64)


def fit_frequencies(panel: Panel, training: list[slice], *, with_year: bool) -> Frequencies:
    """Count the classes of the training rows of each series."""
    kind = season_kind(panel.clock, with_year=with_year)
    count, seasons = season_count(kind, panel.clock), seasons_of(kind, panel.clock, panel.times)
    counts = np.zeros((len(panel.ids), count, len(panel.classes)))
    for series, rows in enumerate(training):
        known = np.isfinite(panel.target[rows])
        codes = panel.target[rows][known].astype(np.int64)
        np.add.at(counts[series], (seasons[rows][known], codes), 1)
    return Frequencies(kind, _smoothed(counts), _smoothed(counts.sum(axis=(0, 1))))


@dataclass(frozen=True, eq=False)
class Transitions:
    """Persistence, as probabilities: how often each class came so many steps after the class that is known last.

    shares: (steps, C, C) of training rows, from the last class to the one to come, smoothed by C rows in which each
    class is as frequent as overall; those of the last step stand for all beyond it.
    """

    shares: Numbers

    def probabilities(self, windows: ClassWindows, origins: Integers, done: int = 0) -> Numbers:
        """(K, C, B); done: how many steps ahead of the last known class the origins are already."""
        last = windows.table.scaled[origins - 1].astype(np.int64)
        steps = np.minimum(done + np.arange(windows.horizon), len(self.shares) - 1)
        return self.shares[steps[:, None], last[None]].transpose(0, 2, 1)


def fit_transitions(panel: Panel, training: list[slice], horizon: int) -> Transitions:
    """Count the pairs of classes that lie 1 … K rows apart, of rows that both are known."""
    classes = len(panel.classes)
    counts = np.zeros((min(horizon, MOST_STEPS), classes, classes))
    for rows in training:
        codes = panel.target[rows]
        for step in range(min(len(counts), len(codes) - 1)):
            before, after = codes[: -step - 1], codes[step + 1 :]
            known = np.isfinite(before) & np.isfinite(after)
            np.add.at(counts[step], (before[known].astype(np.int64), after[known].astype(np.int64)), 1)
    overall = _smoothed(counts[0].sum(axis=0))
    return Transitions((counts + classes * overall) / (counts.sum(axis=2, keepdims=True) + classes))


def _smoothed(counts: Numbers) -> Numbers:
    """Shares (…, C) of counts, one more than there were of each class."""
    return np.asarray((counts + 1) / (counts.sum(axis=-1, keepdims=True) + counts.shape[-1]))
