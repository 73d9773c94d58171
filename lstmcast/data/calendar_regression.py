"""The calendar stage: one ridge regression of each series on the calendar and on covariates known ahead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Clock, Integers, Times
from lstmcast.data.calendar_features import day_phase, harmonics, one_hot, weekday, year_phase

Numbers = NDArray[np.float64]
ROWS_A_COLUMN = 4  # fewer rows of a series are too few for a regression of its own
PENALTY = 1e-4
MOST_DAY_HARMONICS = 8
YEAR_HARMONICS = 3
HALF_LIVES_IN_DAYS = (0.5, 2.0)
TAIL_IN_DAYS = 14
MANY_VALUES = 20
CROSS_FITS = 5
RARE = 0.02  # share of rows that differ from the usual value, below which a covariate is rare
PRIOR_STRETCHES = 20.0  # of no effect, beside those of rows in which a rare covariate differs from the usual
MOST_ROWS = 100_000  # of a series: learning some hundred columns does not wait for millions
_CHUNK = 8192
BASE, WEEK, YEAR, TREND = "base", "week", "year", "trend"  # groups of columns


def rows_in_a_day(clock: Clock) -> int:
    """Return how many rows a day has, at least one; a counter has no day."""
    if clock.step is None or clock.is_counter:
        return 1
    return max(round(np.timedelta64(1, "D") / clock.step), 1)


@dataclass(frozen=True)
class Covariate:
    """A known column as it enters: a switch between two values, or a numeric curve bent at its knots.

    column: index among the known columns; values: the two of a switch, else empty; knots: (5,) inner sextiles;
    smooth: whether its exponentially weighted means enter too (thermal inertia).
    """

    column: int
    values: tuple[float, ...]
    knots: tuple[float, ...]
    smooth: bool


@dataclass(frozen=True)
class Design:
    """The columns of the regression.

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
        return TAIL_IN_DAYS * rows_in_a_day(self.clock) if smooth else 0

    def smoothed(self, known: Numbers, offsets: Integers) -> Numbers:
        """(N, c + smoothed) the known columns (N, c) and, after them, the exponentially weighted means they need."""
        columns = [known]
        for covariate in self.covariates:
            if covariate.smooth:
                halves = [days * rows_in_a_day(self.clock) for days in HALF_LIVES_IN_DAYS]
                means = [_trailing_mean(known[:, covariate.column], offsets, h, self.tail) for h in halves]
                columns.append(np.stack(means, axis=1))
        return np.concatenate(columns, axis=1)

    def columns(self, times: Times, smoothed: Numbers) -> Numbers:
        """(n, F) the regression's columns for n rows; smoothed: (n, …) as `smoothed` gives them."""
        parts = [np.zeros((len(times), 0)), *(columns for _, columns in self.groups(times, smoothed))]
        return np.concatenate(parts, axis=1)

    def groups(self, times: Times, smoothed: Numbers) -> Iterator[tuple[str | int, Numbers]]:
        """Yield the columns by what they say: WEEK, YEAR, TREND, or the place of a known column."""
        wall = self.clock.wall(times)
        yield from self._calendar(wall)
        yield from self._covariates(wall, smoothed)

    @property
    def _has_hours(self) -> bool:
        """True when rows are shorter than a day; a counter has no days at all."""
        return self.clock.step is not None and not self.clock.is_counter

    def _day(self, wall: Times, count: int) -> Numbers:
        """(n, 1 + 2 count) one, and harmonics of the day where rows are shorter than one."""
        ones = np.ones((len(wall), 1))
        if not self._has_hours:
            return ones
        count = min(count, MOST_DAY_HARMONICS, rows_in_a_day(self.clock) // 2)
        return np.concatenate([ones, harmonics(day_phase(wall), count)], axis=1)

    def _calendar(self, wall: Times) -> Iterator[tuple[str, Numbers]]:
        if self._has_hours or self.clock.is_daily:
            yield WEEK, _products(one_hot(weekday(wall), 7), self._day(wall, MOST_DAY_HARMONICS))
        if self.with_year:
            yield YEAR, _products(harmonics(year_phase(wall), YEAR_HARMONICS), self._day(wall, 2))
            yield TREND, ((wall - self.first) / np.timedelta64(365, "D"))[:, None]

    def _covariates(self, wall: Times, smoothed: Numbers) -> Iterator[tuple[int, Numbers]]:
        extra = smoothed.shape[1] - sum(2 for c in self.covariates if c.smooth)
        for covariate in self.covariates:
            values = smoothed[:, covariate.column]
            if covariate.values:
                is_on = (values == covariate.values[1])[:, None]
                yield covariate.column, _products(is_on, self._day(wall, MOST_DAY_HARMONICS))
                continue
            yield covariate.column, _products(_bent(values, covariate.knots), self._day(wall, 3))
            if covariate.smooth:
                for column in (extra, extra + 1):
                    bent = _bent(smoothed[:, column], covariate.knots)
                    yield covariate.column, _products(bent, self._day(wall, 3))
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
    """Return how each known column (n, c) of training rows enters; one that never changes does not."""
    described = []
    for column, values in enumerate(known.T):
        distinct = np.unique(values[np.isfinite(values)])
        if len(distinct) == 2:
            described.append(Covariate(column, tuple(distinct.tolist()), (), False))
        elif len(distinct) > 2:
            knots = np.quantile(values[np.isfinite(values)], np.arange(1, 6) / 6)
            smooth = rows_in_a_day(clock) > 1 and len(distinct) > MANY_VALUES
            described.append(Covariate(column, (), tuple(knots.tolist()), smooth))
    return tuple(described)


@dataclass(frozen=True, eq=False)
class CalendarRegression:
    """g(t): what calendar and covariates say of each series, in scaled units.

    mean, spread: (F,) of the columns over training rows; weight: (S, F); intercept: (S,).
    """

    design: Design
    mean: Numbers
    spread: Numbers
    weight: Numbers
    intercept: Numbers

    def level(
        self,
        times: Times,
        known: Numbers,
        offsets: Integers,
        series: Integers,
        rows: Integers | slice = slice(None),
    ) -> Numbers:
        """(N,) g of every row, or of the rows (n,) that are asked for; known: (N, c), filled; series: (S',) which of
        the model's each is."""
        smoothed = self.design.smoothed(known, offsets)[rows]
        which = np.repeat(series, np.diff(offsets))[rows]
        return self._level(times[rows], smoothed, self.weight, self.intercept, which)

    def parts(
        self, times: Times, known: Numbers, offsets: Integers, series: Integers, rows: Integers
    ) -> dict[str | int, Numbers]:
        """(n,) what each group of columns says of these rows (n,), by its name, and the intercept as BASE.

        They sum to the level; known, offsets, series: as `level` takes them.
        """
        smoothed = self.design.smoothed(known, offsets)[rows]
        which = np.repeat(series, np.diff(offsets))[rows]
        found: dict[str | int, Numbers] = {BASE: self.intercept[which]}
        first = 0
        for name, columns in self.design.groups(times[rows], smoothed):
            own = slice(first, first + columns.shape[1])
            first = own.stop
            standard = (columns - self.mean[own]) / self.spread[own]
            said = np.einsum("nf,nf->n", standard, self.weight[which, own])
            found[name] = found.get(name, 0.0) + said
        return found

    def towards(self, other: CalendarRegression, series: Integers, share: float) -> CalendarRegression:
        """This stage moved by a share towards another of the same design, whose rows are `series` (S',) of these."""
        weight = (
            self.weight * other.spread / self.spread
        )  # the same regression, of columns as the other has them
        intercept = self.intercept + self.weight @ ((other.mean - self.mean) / self.spread)
        weight[series] += share * (other.weight - weight[series])
        intercept[series] += share * (other.intercept - intercept[series])
        return CalendarRegression(self.design, other.mean, other.spread, weight, intercept)

    def _level(
        self, times: Times, smoothed: Numbers, weight: Numbers, intercept: Numbers, which: Integers
    ) -> Numbers:
        """(N,) g of every row by the regression that `which` (N,) names, over all series, a bounded number at a time.

        weight: (R, F), intercept: (R,) of R regressions. What is said of a row does not depend on those beside it.
        """
        level = np.empty(len(times))
        for rows in _chunks(np.arange(len(times))):
            columns = (self.design.columns(times[rows], smoothed[rows]) - self.mean) / self.spread
            level[rows] = np.einsum("nf,nf->n", columns, weight[which[rows]]) + intercept[which[rows]]
        return level


def _chunks(rows: Integers) -> Iterator[Integers]:
    return (rows[first : first + _CHUNK] for first in range(0, len(rows), _CHUNK))


def fit_calendar_regression(
    design: Design,
    times: Times,
    known: Numbers,
    scaled: Numbers,
    offsets: Integers,
    training: list[slice],
    usable: NDArray[np.bool_],
) -> tuple[CalendarRegression, Numbers] | None:
    """Ridge with a penalty of PENALTY times the number of rows on standardised columns, series by series; and (N,)
    what it says of each row, for training rows cross-fitted: said by the same regression without their part of them.

    A regression knows its own training rows too well: what it leaves of them is smaller than what it will leave of
    new ones, and a network taught with that trusts it too much.

    scaled: (N,) target; usable: (N,) rows whose target and covariates were observed; training: rows of each series,
    of which at most MOST_ROWS are taken, at random. None where the design has no column, or there are no usable rows.
    """
    smoothed = design.smoothed(known, offsets)
    rows = [_some(np.arange(own.start, own.stop)[usable[own]]) for own in training]
    everything = np.concatenate(rows)
    if design.columns(times[:0], smoothed[:0]).shape[1] == 0 or len(everything) < 2:
        return None
    mean, spread = _mean_and_spread(design, times, smoothed, everything)
    cuts = np.array([_cuts(own) for own in training])
    fitted = [
        _solve(
            _left_out(_moments(design, times, smoothed, scaled, own, cut)),
            mean,
            spread,
            _doubts(design, times, smoothed, own),
        )
        for own, cut in zip(rows, cuts, strict=True)
    ]
    weight, intercept = _with_young([len(own) for own in rows], fitted)
    stage = CalendarRegression(design, mean, spread, weight[:, -1].copy(), intercept[:, -1].copy())
    which = _without_own_part(cuts, offsets)
    width = weight.shape[2]
    return stage, stage._level(times, smoothed, weight.reshape(-1, width), intercept.reshape(-1), which)


def _with_young(rows: Sequence[int], fitted: Sequence[Regressions]) -> tuple[Numbers, Numbers]:
    """Weights (S, R, F) and intercepts (S, R) of all series; those of few rows have the mean weights of the others.

    rows: of each series. A week of hours would explain itself with a hundred columns, and say nonsense of the next.
    """
    weight = np.stack([own.weight for own in fitted])
    intercept = np.stack([own.intercept for own in fitted])
    is_young = np.asarray(rows) < ROWS_A_COLUMN * weight.shape[2]
    if is_young.any() and not is_young.all():
        usual, level = weight[~is_young].mean(axis=0), intercept[~is_young].mean(axis=0)
        for series in np.flatnonzero(is_young).tolist():
            weight[series], own = usual, fitted[series]
            intercept[series] = np.where(own.is_known, own.target - (own.center * usual).sum(axis=1), level)
    return weight, intercept


def _some(rows: Integers) -> Integers:
    """Rows, rising: all, or a random MOST_ROWS of them; every k-th might always be the same hour."""
    if len(rows) <= MOST_ROWS:
        return rows
    return np.sort(np.random.default_rng(len(rows)).choice(rows, MOST_ROWS, replace=False))


def _cuts(rows: slice) -> Integers:
    """(CROSS_FITS + 1,) where a training block is cut into stretches of time."""
    return np.linspace(rows.start, rows.stop, CROSS_FITS + 1).round().astype(np.int64)


def _without_own_part(cuts: Integers, offsets: Integers) -> Integers:
    """(N,) which regression speaks of each row, of CROSS_FITS + 1 a series: in training the one that left out its
    part, after it the last, which knows them all. cuts: (S, CROSS_FITS + 1)."""
    return np.searchsorted(cuts.reshape(-1), np.arange(offsets[-1]), side="right") - 1


def _mean_and_spread(
    design: Design, times: Times, smoothed: Numbers, rows: Integers
) -> tuple[Numbers, Numbers]:
    """(F,) of the columns over these rows; the spread of a column that never changes is one."""
    total, squares = 0.0, 0.0
    for chunk in _chunks(rows):
        columns = design.columns(times[chunk], smoothed[chunk])
        total, squares = total + columns.sum(axis=0), squares + (columns**2).sum(axis=0)
    mean = np.asarray(total) / len(rows)
    spread = np.sqrt(np.maximum(np.asarray(squares) / len(rows) - mean**2, 0.0))
    return mean, np.where(spread < 1e-9, 1.0, spread)


def _doubts(design: Design, times: Times, smoothed: Numbers, rows: Integers) -> Numbers:
    """(F,) the share of its own variance by which each column is penalised more: zero but for rare covariates.

    A slope that n stretches of rows speak for is shrunk by n / (n + PRIOR_STRETCHES), the posterior mean where no
    effect is the prior, worth so many stretches: the hours of one shower tell one thing, not several.
    """
    shares: dict[str | int, float] = {
        covariate.column: _doubt(smoothed[rows, covariate.column]) for covariate in design.covariates
    }
    groups = design.groups(times[:0], smoothed[:0])
    own = [np.full(columns.shape[1], shares.get(name, 0.0)) for name, columns in groups]
    return np.concatenate([np.zeros(0), *own])


def _doubt(values: Numbers) -> float:
    """PRIOR_STRETCHES over the stretches in which a covariate differs from its usual value, where it is rare."""
    is_off = values != usual_value(values)
    if not len(values) or not 0 < is_off.mean() < RARE:
        return 0.0
    stretches = int(is_off[0]) + int((is_off[1:] & ~is_off[:-1]).sum())
    return PRIOR_STRETCHES / stretches


def usual_value(values: Numbers) -> float:
    """Return the median of known values, which is the usual one of a column that hardly ever changes; NaN of none."""
    known = values[np.isfinite(values)]
    return float(np.sort(known)[len(known) // 2]) if len(known) else float("nan")


def _moments(
    design: Design, times: Times, smoothed: Numbers, scaled: Numbers, rows: Integers, cuts: Integers
) -> Numbers:
    """(CROSS_FITS, F+2, F+2) sums of products of [columns, target, one] over each part of a series' rows (n,)."""
    size = design.columns(times[:0], smoothed[:0]).shape[1] + 2
    moments = np.zeros((CROSS_FITS, size, size))
    for chunk in _chunks(rows):
        columns = design.columns(times[chunk], smoothed[chunk])
        table = np.concatenate([columns, scaled[chunk, None], np.ones((len(chunk), 1))], axis=1)
        for part, (first, stop) in enumerate(pairwise(np.searchsorted(chunk, cuts))):
            moments[part] += table[first:stop].T @ table[first:stop]
    return moments


def _left_out(moments: Numbers) -> Numbers:
    """(CROSS_FITS + 1, …) the sums without each part in turn, then those of all."""
    whole = moments.sum(axis=0)
    return np.concatenate([whole - moments, whole[None]])


@dataclass(frozen=True, eq=False)
class Regressions:
    """R regressions of a series: weight (R, F) and intercept (R,), zero where there are not two rows; and the means of
    their rows: center (R, F) of the standardised columns, target (R,); is_known: (R,)."""

    weight: Numbers
    intercept: Numbers
    center: Numbers
    target: Numbers
    is_known: NDArray[np.bool_]


def _solve(moments: Numbers, mean: Numbers, spread: Numbers, doubts: Numbers) -> Regressions:
    """Solve R regressions, of columns standardised by mean and spread.

    doubts: (F,) share of a column's variance by which it is penalised more.
    """
    size, counts = len(mean), moments[:, -1, -1]
    averages = moments / np.maximum(counts, 1.0)[:, None, None]
    own, target = averages[:, -1, :size], averages[:, -1, size]
    gram = (averages[:, :size, :size] - own[:, :, None] * own[:, None, :]) / np.outer(spread, spread)
    cross = (averages[:, :size, size] - own * target[:, None]) / spread
    penalty = PENALTY + doubts * np.einsum("rff->rf", gram)
    weight = np.linalg.solve(gram + penalty[:, None] * np.eye(size), cross[:, :, None])[:, :, 0]
    center = (own - mean) / spread
    intercept = target - (center * weight).sum(axis=1)
    is_known = counts >= 2
    return Regressions(weight * is_known[:, None], intercept * is_known, center, target, is_known)
