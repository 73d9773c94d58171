"""Double-seasonal exponential smoothing with AR(1) errors: one recursion over rows, for all series and parameter sets.

Taylor 2003 ("Short-term electricity demand forecasting using double seasonal exponential smoothing"), all parts updated
with the error before its autoregressive term as in Taylor 2010 ("Triple seasonal methods for short-term electricity
demand forecasting"), with two changes: an error is believed up to a few times its usual size, and a missing row moves
nothing but what moves by itself.

For each series and parameter set, z the value of a row in slot i of the day and slot j of the week:

    base = l + phi b;   eps = z - base - d[i] - w[j]
    u = eps - rho e;    c = clip(u, -4 s, 4 s);   s += .01 (|c| - s);   eps = c + rho e
    l = base + alpha eps;   b = phi b + beta eps;   d[i] += delta eps;   w[j] += omega eps;   e = eps
    h rows on: l + b (phi + … + phi^h) + d[slot] + w[slot] + rho^h e

A slot is a place in the season by the wall clock: a day of 23 hours leaves one out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers

Numbers = NDArray[np.float64]
Floats32 = NDArray[np.float32]
BELIEVED = 4.0  # an error counts up to so many times its usual size
FORGETTING = 0.01  # how fast the usual size follows the errors
START_SEASONS = 4  # the profiles start as those of so many of the longest season
ERROR, LEVEL, TREND, DAY, WEEK = range(5)  # what is known at a row
_FURTHEST = 1 << 40
LEAST_SPREAD = 0.01  # of an error, scaled: after a standstill the next move is still believed


@dataclass(frozen=True, eq=False)
class Rates:
    """The parameters of P sets for each of S series: alpha, beta, phi, delta, omega and rho as (6, S, P)."""

    values: Numbers

    @property
    def gains(self) -> Numbers:
        """(4, S, P) alpha, beta, delta, omega: how far level, trend, day and week follow an error."""
        return self.values[[0, 1, 3, 4]]

    @property
    def damping(self) -> Numbers:
        """(S, P) phi."""
        return np.asarray(self.values[2])

    @property
    def memory(self) -> Numbers:
        """(S, P) rho."""
        return np.asarray(self.values[5])

    @property
    def has_trend(self) -> bool:
        """True where any set has a trend."""
        return bool(self.values[1].any())

    def of_series(self, series: Integers) -> Rates:
        """The rates of some series (n,)."""
        return Rates(self.values[:, series])

    def check(self, series: int) -> None:
        """Raise ValueError where they are not rates of so many series."""
        if self.values.ndim != 3 or self.values.shape[:2] != (6, series) or not self.values.size:
            raise ValueError(f"smoothing rates have shape {self.values.shape}, of {series} series")
        if not ((self.values >= 0) & (self.values <= 1)).all():
            raise ValueError("a smoothing rate lies outside of 0 to 1")


@dataclass(frozen=True, eq=False)
class FilterState:
    """The state of the recursion after a row.

    now: (3, S, P) error, level and trend; spread: (S, P) usual size of an error; day: (m, S, P) and week: (M, S, P)
    the profiles, m or M being 1 where there is none; place: (S,) of the last row, whose slots are its remainders.
    """

    now: Numbers
    spread: Numbers
    day: Numbers
    week: Numbers
    place: Integers

    def of_series(self, series: Integers) -> FilterState:
        """The state of some series (n,)."""
        now, day, week = self.now[:, series], self.day[:, series], self.week[:, series]
        return FilterState(now, self.spread[series], day, week, self.place[series])

    def with_series(self, series: Integers, other: FilterState) -> FilterState:
        """Return the state with another's in the place of these series (n,)."""
        now, spread, day, week = self.now.copy(), self.spread.copy(), self.day.copy(), self.week.copy()
        now[:, series], spread[series] = other.now, other.spread
        day[:, series], week[:, series] = other.day, other.week
        place = self.place.copy()
        place[series] = other.place
        return FilterState(now, spread, day, week, place)

    def check(self, series: int, sets: int, day: int, week: int) -> None:
        """Raise ValueError where it is not one of so many series and sets, with these seasons."""
        found = (self.now.shape, self.spread.shape, self.day.shape, self.week.shape, self.place.shape)
        own = (series, sets)
        wrong = found != ((3, *own), own, (day, *own), (week, *own), (series,))
        if wrong or not (self.spread > 0).all() or (np.abs(self.place) > _FURTHEST).any():
            raise ValueError("the state of smoothing does not fit its seasons and sets")

    def later(self, rates: Rates, rows: Integers, places: Integers) -> FilterState:
        """The state after so many missing rows (S,), in which the wall clock goes on by so many places (S,)."""
        count, (error, level, trend) = rows[:, None], self.now
        level = level + trend * damped(rates.damping, count)
        now = np.stack([error * rates.memory**count, level, trend * rates.damping**count])
        return FilterState(now, self.spread, self.day, self.week, self.place + places)


def damped(damping: Numbers, count: Numbers | Integers) -> Numbers:
    """phi + phi^2 + … + phi^count, so many times as far as in one row a damped trend goes."""
    is_damped = damping < 1
    ratio = np.where(is_damped, damping, 0.0)
    return np.where(is_damped, ratio * (1 - ratio**count) / (1 - ratio), count)


@dataclass(frozen=True, eq=False)
class Axis:
    """The places of a table's rows in their seasons.

    day, week: rows of the two seasons, 1 for none; offsets: (S+1,) of the series; place: (N,) of each row, whose
    remainders are its slots; before: the row before in the same slot of the day, and of the week, (N,) each, or -1.
    """

    day: int
    week: int
    offsets: Integers
    place: Integers
    before: tuple[Integers, Integers]

    @property
    def longest(self) -> int:
        """Rows of the longest season."""
        return max(self.day, self.week)

    def series(self, origins: Integers) -> Integers:
        """(B,) the series that ends, or goes on, at each origin."""
        return np.searchsorted(self.offsets, origins - 1, side="right") - 1

    def before_first(self, firsts: Integers) -> Integers:
        """(S,) the place of the row before a row of each series."""
        own = np.minimum(firsts, len(self.place) - 1)
        return np.where(
            firsts > self.offsets[:-1], self.place[np.maximum(firsts - 1, 0)], self.place[own] - 1
        )


def axis_of(day: int, week: int, offsets: Integers, ahead: NDArray[np.float32] | None) -> Axis:
    """The axis of rows; ahead: (N,) steps by which the wall clock is ahead of UTC, where that changes, else None."""
    series = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    place = np.arange(int(offsets[-1])) - offsets[series]
    if ahead is not None:
        place = place + np.rint(ahead).astype(np.int64)
    before = tuple(_before(series * season + place % season) for season in (day, week))
    return Axis(day, week, offsets, place, (before[0], before[1]))


def _before(key: Integers) -> Integers:
    """(N,) the last row before each that has the same key, -1 where there is none."""
    order = np.argsort(key, kind="stable")
    before, is_same = np.full(len(key), -1), key[order[1:]] == key[order[:-1]]
    before[order[1:][is_same]] = order[:-1][is_same]
    return before


@dataclass(frozen=True, eq=False)
class Trace:
    """The knowledge at each row: enough for the forecast from any origin.

    known: (5, N, P) error, level and trend after a row, its day and week slot before it; NaN where nothing passed.
    """

    rates: Rates
    axis: Axis
    known: Floats32

    def forecast(self, origins: Integers, horizon: int) -> Numbers:
        """(K, B, P) what each set says of the rows from each origin (B,) on."""
        series, steps = self.axis.series(origins), np.arange(1, horizon + 1)[:, None, None]
        error, level, trend = self.known[:DAY, origins - 1].astype(np.float64)
        point = level + error * self.rates.memory[series] ** steps
        if self.rates.has_trend:
            point += trend * damped(self.rates.damping[series], steps)
        rows = origins + np.arange(horizon)[:, None]
        for part, before in zip((DAY, WEEK), self.axis.before, strict=True):
            point += self.known[part, _first_coming(rows, origins, before)]
        return np.asarray(point)


def _first_coming(rows: Integers, origins: Integers, before: Integers) -> Integers:
    """(K, B) the first row from each origin on in the slot of each target row: what was known of the slot before that
    row was known at the origin."""
    while (is_later := before[rows] >= origins).any():
        rows = np.where(is_later, before[rows], rows)
    return rows


def start(values: Numbers, axis: Axis, firsts: Integers, stops: Integers, sets: int) -> FilterState:
    """The state before the first row of each series, from the first START_SEASONS longest seasons of its rows.

    values: (N,) scaled, NaN where missing; firsts, stops: (S,) the rows of each series.
    """
    ends = np.minimum(firsts + START_SEASONS * axis.longest, stops)
    profiles = [_profiles(values[a:b], axis.place[a:b], axis) for a, b in zip(firsts, ends, strict=True)]
    level, spread, day, week = (np.stack(part, axis=-1)[..., None] for part in zip(*profiles, strict=True))
    now, ones = np.zeros((3, len(firsts), sets)), np.ones(sets)
    now[LEVEL] = level
    return FilterState(now, spread * ones, day * ones, week * ones, axis.before_first(firsts))


def _profiles(values: Numbers, place: Integers, axis: Axis) -> tuple[float, float, Numbers, Numbers]:
    """Level and usual error of a series' first rows (n,), and their profiles of the day (m,) and the week (M,)."""
    period = np.arange(len(values)) // axis.longest
    left, found = values - _mean_by(period, values, int(period.max(initial=0)) + 1)[period], []
    for season in (axis.day, axis.week):
        found.append(_mean_by(place % season, left, season) if season > 1 else np.zeros(1))
        left = left - found[-1][place % season]
    first = values[: axis.longest]
    level = _mean(first if np.isfinite(first).any() else values)
    return level, max(_mean(np.abs(left)), LEAST_SPREAD), found[0], found[1]


def _mean(values: Numbers) -> float:
    """The mean of what is known, zero where nothing is."""
    return float(np.nanmean(values)) if np.isfinite(values).any() else 0.0


def _mean_by(groups: Integers, values: Numbers, count: int) -> Numbers:
    """(count,) mean of the known values (n,) of each group; zero where there is none."""
    known = np.isfinite(values)
    total = np.bincount(groups[known], values[known], count)
    return np.asarray(total / np.maximum(np.bincount(groups[known], minlength=count), 1))


def run(
    rates: Rates,
    state: FilterState,
    values: Numbers,
    axis: Axis,
    firsts: Integers,
    stops: Integers,
    known: Floats32,
) -> FilterState:
    """Pass over the rows of each series from a state on, write down what was known at each, and return the last state.

    values: (N,) scaled, NaN where missing; firsts, stops: (S,) the rows of each series, which follow the state's;
    known: (5, N, P) as in a Trace, to be written to.
    """
    shift = state.place - axis.before_first(firsts)
    order = np.argsort(firsts - stops, kind="stable")  # the longest first: those that go on stand together
    lengths = (stops - firsts)[order]
    moving = _Moving(rates.of_series(order), state.of_series(order))
    steps = _Steps(axis, shift[order], firsts[order], lengths)
    is_missing = np.isnan(values)
    filled, has_gaps = np.where(is_missing, 0.0, values)[:, None], bool(is_missing.any())
    for step in range(int(lengths.max(initial=0))):
        rows, day, week = steps.at(step)
        moving.keep(steps.series)
        moving.foresee(day, week)
        known[DAY:, rows] = moving.now[DAY:]
        moving.learn(filled[rows], is_missing[rows] if has_gaps else None)
        moving.remember(day, week)
        known[:DAY, rows] = moving.now[:DAY]
    place = np.where(stops > firsts, axis.place[stops - 1] + shift, state.place)
    return moving.state(place[order]).of_series(np.argsort(order))


Rows = slice | Integers
Place = tuple[Any, Any]  # in a profile (m, S, P): slots, and series


class _Steps:
    """The rows of series of falling lengths at each step of a pass, and where their slots are in a profile.

    shift: (S,) by which the places of the state go beyond those of the axis.
    """

    def __init__(self, axis: Axis, shift: Integers, firsts: Integers, lengths: Integers) -> None:
        self._axis, self._shift, self._firsts, self._lengths = axis, shift, firsts, lengths
        self.series = len(firsts)
        self._is_common = self._goes_together()

    def at(self, step: int) -> tuple[Rows, Place, Place]:
        """Rows, and the places of their slots in the profiles of day and week."""
        while self._lengths[self.series - 1] <= step:
            self.series -= 1
        axis, first = self._axis, int(self._firsts[0]) + step
        some = slice(self.series)
        rows: Rows = slice(first, first + 1) if self.series == 1 else self._firsts[some] + step
        if self._is_common or self.series == 1:
            place = int(axis.place[first]) + int(self._shift[0])
            return rows, (place % axis.day, some), (place % axis.week, some)
        places, number = axis.place[rows] + self._shift[some], np.arange(self.series)
        return rows, (places % axis.day, number), (places % axis.week, number)

    def _goes_together(self) -> bool:
        """Return whether all series are always in one slot, which is faster. They nearly always are when they start
        together."""
        longest = self._places(0)
        return all(
            not ((self._places(number) - longest[:length]) % self._axis.longest).any()
            for number, length in enumerate(self._lengths)
        )

    def _places(self, series: int) -> Integers:
        first = int(self._firsts[series])
        place = self._axis.place[first : first + int(self._lengths[series])]
        return np.asarray(place + self._shift[series])


class _Moving:
    """The recursion under way, moved on by a row of the first so many series at a time.

    now: (5, S, P) error, level, trend, and the slots of day and week in which the row at hand is.
    """

    def __init__(self, rates: Rates, state: FilterState) -> None:
        self._rates, self._has_trend = rates, rates.has_trend
        self._day, self._week = state.day.copy(), state.week.copy()
        self._has_day, self._has_week = len(self._day) > 1, len(self._week) > 1
        self._all = np.zeros((5, *state.spread.shape))
        self._all[:DAY] = state.now
        self._limits = BELIEVED * state.spread
        self._follow = rates.gains * np.array([1, 1, self._has_day, self._has_week])[:, None, None]
        self._cut(len(rates.memory))

    def keep(self, series: int) -> None:
        """Go on with the first so many series."""
        if series < self.now.shape[1]:
            self._cut(series)

    def _cut(self, series: int) -> None:
        self.now, self._limit = self._all[:, :series], self._limits[:series]
        self._moved = self.now[LEVEL:]
        self._gains = self._follow[:, :series]
        self._damping, self._memory = self._rates.damping[:series], self._rates.memory[:series]

    def foresee(self, day: Place, week: Place) -> None:
        """Level, trend and slots as they are expected at the row at hand."""
        now = self.now
        if self._has_trend:
            now[TREND] *= self._damping
            now[LEVEL] += now[TREND]
        if self._has_day:
            now[DAY] = self._day[day]
        if self._has_week:
            now[WEEK] = self._week[week]

    def learn(self, values: Numbers, is_missing: NDArray[np.bool_] | None) -> None:
        """Move on by what values (S, 1) say; those that are missing say nothing."""
        now, limit = self.now, self._limit
        surprise = values - now[LEVEL]
        surprise -= now[DAY]
        surprise -= now[WEEK]
        error = now[ERROR]
        error *= self._memory
        surprise -= error
        np.minimum(surprise, limit, out=surprise)
        np.maximum(surprise, -limit, out=surprise)
        if is_missing is None or not is_missing.any():
            error += surprise
            self._moved += self._gains * error
            surprise = np.abs(surprise, out=surprise)
        else:
            surprise[is_missing] = 0.0
            error += surprise
            self._moved += self._gains * np.where(is_missing[:, None], 0.0, error)
            surprise = np.where(is_missing[:, None], limit / BELIEVED, np.abs(surprise))
        limit *= 1 - FORGETTING
        surprise *= BELIEVED * FORGETTING
        limit += surprise
        np.maximum(limit, BELIEVED * LEAST_SPREAD, out=limit)

    def remember(self, day: Place, week: Place) -> None:
        """Put the slots back into their profiles."""
        if self._has_day:
            self._day[day] = self.now[DAY]
        if self._has_week:
            self._week[week] = self.now[WEEK]

    def state(self, place: Integers) -> FilterState:
        """Return the state of every series after its last row; place: (S,) of that row."""
        return FilterState(self._all[:DAY].copy(), self._limits / BELIEVED, self._day, self._week, place)
