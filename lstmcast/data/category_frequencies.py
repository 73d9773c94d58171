"""The frequency of each class in training rows: by season of the row, and after each class."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Clock, Integers, Panel, Times
from lstmcast.data.calendar_features import weekday

Numbers = NDArray[np.float64]


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

    def relearned(self, panel: Panel, series: Integers, rows: list[slice], share: float) -> Frequencies:
        """The shares of some series moved towards those of newer rows, by what these count for.

        Of a season without a known row among them they stay.
        """
        counts = _counts(self.kind, panel, rows)
        weight = share * (counts.sum(axis=2, keepdims=True) > 0)
        shares = self.shares.copy()
        shares[series] = (1 - weight) * shares[series] + weight * smoothed(counts)
        return dataclasses.replace(self, shares=shares)


def season_kind(clock: Clock, *, with_year: bool) -> str:
    """Return what a season is on a clock; with_year: whether training rows show the year twice."""
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
    counts = _counts(kind, panel, training)
    return Frequencies(kind, smoothed(counts), smoothed(counts.sum(axis=(0, 1))))


def class_weights(panel: Panel, training: list[slice], *, is_balanced: bool) -> Numbers:
    """(C,) one each, or balanced: so that all classes that training rows have count the same in sum, a row one on
    average; a class that they have not counts one."""
    codes = np.concatenate([panel.target[rows] for rows in training])
    rows = np.bincount(codes[np.isfinite(codes)].astype(np.int64), minlength=len(panel.classes))
    if not is_balanced or not rows.any():
        return np.ones(len(rows))
    return np.where(rows > 0, rows.sum() / ((rows > 0).sum() * np.maximum(rows, 1)), 1.0)


def _counts(kind: str, panel: Panel, training: list[slice]) -> Numbers:
    """(S, M, C) how often each class came in each season of each series."""
    count, seasons = season_count(kind, panel.clock), seasons_of(kind, panel.clock, panel.times)
    counts = np.zeros((len(panel.ids), count, len(panel.classes)))
    for series, rows in enumerate(training):
        known = np.isfinite(panel.target[rows])
        codes = panel.target[rows][known].astype(np.int64)
        np.add.at(counts[series], (seasons[rows][known], codes), 1)
    return counts


def smoothed(counts: Numbers) -> Numbers:
    """Shares (…, C) of counts, one more than there were of each class."""
    return np.asarray((counts + 1) / (counts.sum(axis=-1, keepdims=True) + counts.shape[-1]))
