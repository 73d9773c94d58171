"""The calendar stage: one ridge regression of each series on the calendar and on covariates known ahead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lstmcast.features import day_phase, harmonics, one_hot, weekday, year_phase
from lstmcast.panel import Clock, Integers, Times

Numbers = NDArray[np.float64]
PENALTY = 1e-4
MOST_DAY_HARMONICS = 8
YEAR_HARMONICS = 3
HALF_LIVES_IN_DAYS = (0.5, 2.0)
TAIL_IN_DAYS = 14
MANY_VALUES = 20
CROSS_FITS = 5
_CHUNK = 8192


@dataclass(frozen=True)
class Covariate:
    """How a known column enters: a switch between two values, or a numeric curve bent at its knots.

    column: index among the known columns; values: the two of a switch, else empty; knots: (5,) inner sextiles;
    smooth: whether its exponentially weighted means enter too (thermal inertia).
    """

    column: int
    values: tuple[float, ...]
    knots: tuple[float, ...]
    smooth: bool


@dataclass(frozen=True)
class Design:
    """Which columns the regression has.

    with_year: whether training rows span the two years that features of the year need; covariates: those that enter.
    """

    clock: Clock
    with_year: bool
    covariates: tuple[Covariate, ...]
    first: np.datetime64

    @property
    def tail(self) -> int:
        """Rows before a row that its smoothed covariates look at; the same however long the file is."""
        smooth = any(covariate.smooth for covariate in self.covariates)
        return TAIL_IN_DAYS * self.clock.season if smooth else 0

    def smoothed(self, known: Numbers, offsets: Integers) -> Numbers:
        """(N, c + smoothed) the known columns (N, c) and, after them, the exponentially weighted means they need."""
        columns = [known]
        for covariate in self.covariates:
            if covariate.smooth:
                halves = [days * self.clock.season for days in HALF_LIVES_IN_DAYS]
                means = [_trailing_mean(known[:, covariate.column], offsets, h, self.tail) for h in halves]
                columns.append(np.stack(means, axis=1))
        return np.concatenate(columns, axis=1)

    def columns(self, times: Times, smoothed: Numbers) -> Numbers:
        """(n, F) the regression's columns for n rows; smoothed: (n, …) as `smoothed` gives them."""
        wall = self.clock.wall(times)
        parts = [np.zeros((len(wall), 0)), *self._calendar(wall), *self._covariates(wall, smoothed)]
        return np.concatenate(parts, axis=1)

    @property
    def _has_hours(self) -> bool:
        """True when rows are shorter than a day; a counter has no days at all."""
        return self.clock.step is not None and not self.clock.is_counter

    def _day(self, wall: Times, count: int) -> Numbers:
        """(n, 1 + 2 count) one, and harmonics of the day where rows are shorter than one."""
        ones = np.ones((len(wall), 1))
        if not self._has_hours:
            return ones
        count = min(count, MOST_DAY_HARMONICS, self.clock.season // 2)
        return np.concatenate([ones, harmonics(day_phase(wall), count)], axis=1)

    def _calendar(self, wall: Times) -> Iterator[Numbers]:
        if self._has_hours or self.clock.is_daily:
            yield _products(one_hot(weekday(wall), 7), self._day(wall, MOST_DAY_HARMONICS))
        if self.with_year:
            yield _products(harmonics(year_phase(wall), YEAR_HARMONICS), self._day(wall, 2))
            yield ((wall - self.first) / np.timedelta64(365, "D"))[:, None]

    def _covariates(self, wall: Times, smoothed: Numbers) -> Iterator[Numbers]:
        extra = smoothed.shape[1] - sum(2 for c in self.covariates if c.smooth)
        for covariate in self.covariates:
            values = smoothed[:, covariate.column]
            if covariate.values:
                yield _products((values == covariate.values[1])[:, None], self._day(wall, MOST_DAY_HARMONICS))
                continue
            yield _products(_bent(values, covariate.knots), self._day(wall, 3))
            if covariate.smooth:
                for column in (extra, extra + 1):
                    yield _products(_bent(smoothed[:, column], covariate.knots), self._day(wall, 3))
                extra += 2


def _products(left: Numbers, right: Numbers) -> Numbers:
    """(n, a b) every column of one times every column of the other."""
    return (left[:, :, None] * right[:, None, :]).reshape(len(left), left.shape[1] * right.shape[1])


def _bent(values: Numbers, knots: tuple[float, ...]) -> Numbers:
    """(n, 1 + knots) a column and its hinges max(0, x - knot)."""
    return np.concatenate([values[:, None], np.maximum(values[:, None] - np.array(knots), 0.0)], axis=1)


def _trailing_mean(values: Numbers, offsets: Integers, half_life: float, tail: int) -> Numbers:
    """(N,) mean of each row and the `tail` rows before it in its series, weighted by 2^(-age / half_life)."""
    weights = 0.5 ** (np.arange(tail + 1) / half_life)
    means = np.empty(len(values))
    for first, stop in pairwise(offsets):
        total = np.convolve(values[first:stop], weights)[: stop - first]
        means[first:stop] = total / np.cumsum(weights)[np.minimum(np.arange(stop - first), tail)]
    return means


def describe_covariates(known: Numbers, clock: Clock) -> tuple[Covariate, ...]:
    """How each known column (n, c) of training rows enters; one that never changes does not."""
    described = []
    for column, values in enumerate(known.T):
        distinct = np.unique(values[np.isfinite(values)])
        if len(distinct) == 2:
            described.append(Covariate(column, tuple(distinct.tolist()), (), False))
        elif len(distinct) > 2:
            knots = np.quantile(values[np.isfinite(values)], np.arange(1, 6) / 6)
            smooth = clock.step is not None and clock.season > 1 and len(distinct) > MANY_VALUES
            described.append(Covariate(column, (), tuple(knots.tolist()), smooth))
    return tuple(described)


@dataclass(frozen=True)
class CalendarStage:
    """g(t): what calendar and covariates say of each series, in scaled units.

    mean, spread: (F,) of the columns over training rows; weight: (S, F); intercept: (S,).
    """

    design: Design
    mean: Numbers
    spread: Numbers
    weight: Numbers
    intercept: Numbers

    def level(self, times: Times, known: Numbers, offsets: Integers, series: Integers) -> Numbers:
        """(N,) g of every row; known: (N, c), filled; series: (S',) which of the model's each is."""
        smoothed = self.design.smoothed(known, offsets)
        level = np.empty(len(times))
        for number, first, stop in zip(series, offsets[:-1], offsets[1:], strict=True):
            rows = slice(int(first), int(stop))
            level[rows] = self._level(
                times[rows], smoothed[rows], self.weight[number], self.intercept[number]
            )
        return level

    def _level(self, times: Times, smoothed: Numbers, weight: Numbers, intercept: float) -> Numbers:
        """(n,) g of rows of one series, a bounded number at a time."""
        level = np.empty(len(times))
        for rows in _chunks(slice(0, len(times))):
            columns = (self.design.columns(times[rows], smoothed[rows]) - self.mean) / self.spread
            level[rows] = columns @ weight + intercept
        return level


def _chunks(rows: slice) -> list[slice]:
    """The rows, a bounded number at a time, so that memory does not grow with them."""
    starts = range(rows.start, rows.stop, _CHUNK)
    return [slice(start, min(start + _CHUNK, rows.stop)) for start in starts]


def fit_calendar_stage(
    design: Design,
    times: Times,
    known: Numbers,
    scaled: Numbers,
    offsets: Integers,
    training: list[slice],
    usable: NDArray[np.bool_],
) -> tuple[CalendarStage, Numbers] | None:
    """Ridge with a penalty of PENALTY times the number of rows on standardised columns, series by series; and (N,)
    what it says of each row, for training rows cross-fitted: said by the same regression without their part of them.

    A regression knows its own training rows too well: what it leaves of them is smaller than what it will leave of
    new ones, and a network taught with that trusts it too much.

    scaled: (N,) target; usable: (N,) rows whose target and covariates were observed; training: rows of each series.
    None where the design has no column, or there are no usable rows.
    """
    smoothed = design.smoothed(known, offsets)
    parts = [_parts(rows) for rows in training]
    moments = [[_moments(design, times, smoothed, scaled, rows, usable) for rows in own] for own in parts]
    sums = [np.sum(own, axis=0) for own in moments]
    total = np.sum(sums, axis=0)
    count, size = total[-1, -1], len(total) - 2
    if size == 0 or count < 2:
        return None
    mean = total[-1, :size] / count
    spread = np.sqrt(np.maximum(np.diag(total)[:size] / count - mean**2, 0.0))
    spread[spread < 1e-9] = 1.0
    fitted = [_solve(moment, mean, spread) for moment in sums]
    stage = CalendarStage(
        design, mean, spread, np.array([w for w, _ in fitted]), np.array([b for _, b in fitted])
    )
    level = stage.level(times, known, offsets, np.arange(len(training)))
    for own, whole, without in zip(parts, sums, moments, strict=True):
        for rows, part in zip(own, without, strict=True):
            level[rows] = stage._level(times[rows], smoothed[rows], *_solve(whole - part, mean, spread))
    return stage, level


def _parts(rows: slice) -> list[slice]:
    """A training block in CROSS_FITS stretches of time."""
    edges = np.linspace(rows.start, rows.stop, CROSS_FITS + 1).round().astype(int).tolist()
    return [slice(first, stop) for first, stop in pairwise(edges)]


def _moments(
    design: Design, times: Times, smoothed: Numbers, scaled: Numbers, rows: slice, usable: NDArray[np.bool_]
) -> Numbers:
    """(F+2, F+2) sums of products of [columns, target, one] over usable rows."""
    size = design.columns(times[:0], smoothed[:0]).shape[1] + 2
    total = np.zeros((size, size))
    for chunk in _chunks(rows):
        there = np.arange(chunk.start, chunk.stop)[usable[chunk]]
        columns = design.columns(times[there], smoothed[there])
        table = np.concatenate([columns, scaled[there, None], np.ones((len(there), 1))], axis=1)
        total += table.T @ table
    return total


def _solve(moment: Numbers, mean: Numbers, spread: Numbers) -> tuple[Numbers, float]:
    """Weight (F,) and intercept of one series, of columns standardised by mean and spread."""
    size, count = len(mean), moment[-1, -1]
    if count < 2:
        return np.zeros(size), 0.0
    own, target = moment[-1, :size] / count, moment[-1, size] / count
    gram = (moment[:size, :size] / count - np.outer(own, own)) / np.outer(spread, spread)
    cross = (moment[:size, size] / count - own * target) / spread
    weight = np.linalg.solve(gram + PENALTY * np.eye(size), cross)
    return weight, float(target - weight @ ((own - mean) / spread))
