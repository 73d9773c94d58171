"""The fit of exponential smoothing: parameter sets drawn and judged, in each of the units that make sense."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers
from lstmcast.data.horizons import horizons_to_choose_by
from lstmcast.data.preprocessing import young_rows
from lstmcast.data.scaling import Scaling, fit_scaling
from lstmcast.evaluation.validation import scales, spaced
from lstmcast.forecasters.base import FitData, point
from lstmcast.forecasters.smoothing import FEWEST_SEASONS, Smoothing, scaling_of, smoothed, times_of
from lstmcast.forecasters.smoothing_filter import Rates, Trace, axis_of, run, start
from lstmcast.forecasters.smoothing_search import AROUND, FIRST_SETS, MORE_SETS, around, drawn

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]
FEWEST_HORIZONS = 8
SETS, SETS_A_SERIES = 12, 5
KEPT = 24  # sets that were good in other units and are tried again
LONGEST_SEARCH = 20_000  # rows
STATE_SEASONS = (
    12  # of the longest, before the validation block: where the state that is kept begins at the latest
)
MOST_AT_ONCE = 4_000  # sets times series in a pass
MOST_SETS_AT_ONCE = 32
MOST_VALUES = 1_000_000  # of forecasts at once
LEAST_SEASONS = 3  # of the longest before the validation block: fewer teach nothing of it
OWN_SEASONS = 16  # main ones before the test block, on which the sets of each series of a panel are judged
SUB_DAILY = 20  # rows of a main season from which on it is a day
_DAYS_OF_A_WEEK = 7
_AN_INSTANT = np.timedelta64(1, "us")


@dataclass(frozen=True)
class Kind:
    """A kind of smoothing: rows of the seasons, units, and the view that it reads."""

    day: int
    week: int
    units: str
    view: int = 0


def fit_smoothing(data: FitData) -> list[Smoothing]:
    """The smoothing part with the lowest validation error of all kinds; none where there is too little history."""
    horizon = data.views[0].horizon
    if horizons_to_choose_by(data.panel, data.split, horizon) < FEWEST_HORIZONS:
        return []  # the best of so many sets would be the luckiest
    found: list[Smoothing] = []
    known: dict[tuple[int, int], Numbers] = {}
    for kind in _kinds(data):
        search = _Search(data, kind)
        if search.can_judge:
            known[kind.day, kind.week] = search.tried(known.get((kind.day, kind.week)))
            found.append(search.part())
    errors = [_error(part, data) for part in found]
    return [found[int(np.argmin(errors))]] if found else []


def _error(part: Smoothing, data: FitData) -> float:
    return data.validation.error(point(part.predict(data.views, data.validation.origins)))


def _kinds(data: FitData) -> Iterator[Kind]:
    """The kinds to try: with the transform that is asked for, and on what calendar regressions leave."""
    training = np.concatenate([data.panel.target[rows] for rows in data.split.slices("training")])
    can_log = bool(np.nanmin(training, initial=np.inf) >= 0 and np.nanmax(training, initial=0.0) > 0)
    asked = data.options.transform
    units = [name for name in ("none", "log1p") if asked in ("auto", name) and (name == "none" or can_log)]
    for day, week in _seasons(data):
        yield from (Kind(day, week, name) for name in units)
        with_regression = [view for view, windows in enumerate(data.views) if windows.table.level.any()]
        yield from (Kind(day, week, "residual", view) for view in with_regression)


def _seasons(data: FitData) -> Iterator[tuple[int, int]]:
    """Day and week for which training rows are enough, and the week that the day of a counter may stand in."""
    rows = int((data.split.validation - data.split.start).max())
    day, week = (data.seasons[0], data.seasons[-1]) if data.seasons else (1, 1)
    weeks = [week if week > day else 1]
    if data.panel.clock.is_counter and 1 < day == week:
        weeks.append(_DAYS_OF_A_WEEK * day)
    enough = [week for week in weeks if rows >= LEAST_SEASONS * max(day, week)]
    if not enough and rows >= LEAST_SEASONS * day:
        enough = [1]
    yield from ((day, week) for week in enough)


class _Search:
    """The search among the parameter sets of a kind, over the last rows before the test block.

    Judged are windows of the validation block, which alone picks what is lucky there, and as many of the second half
    of the training rows; on a panel each series takes its own sets by windows of its last days before the test block.
    """

    def __init__(self, data: FitData, kind: Kind) -> None:
        self._data, self._kind, self._windows = data, kind, data.views[kind.view]
        self._own_scaling = _scaling(data, "none" if kind.units == "residual" else kind.units)
        self._scaling = scaling_of(self._windows.table) if kind.units == "residual" else self._own_scaling
        table, split = self._windows.table, data.split
        self._values = smoothed(self._windows, kind.units, self._scaling)
        self._longest = max(kind.day, kind.week)
        self._firsts = np.maximum(split.start, split.test - LONGEST_SEARCH)
        rows = np.concatenate([np.arange(a, b) for a, b in zip(self._firsts, split.test, strict=True)])
        offsets = np.concatenate([[0], np.cumsum(split.test - self._firsts)])
        ahead = None if table.ahead is None else table.ahead[rows]
        self._axis, self._searched = axis_of(kind.day, kind.week, offsets, ahead), self._values[rows]
        self._judge_by(self._general_origins(), self._own_origins())
        self._pool, self._errors = np.zeros((6, 0)), np.zeros((0, 1 + len(offsets) - 1))

    def _judge_by(self, general: Integers, own: Integers) -> None:
        """Gather what the windows from these origins ask for."""
        windows, panel = self._windows, self._data.panel
        origins = np.concatenate([general, own])
        self._count = len(general)
        self._series = np.searchsorted(panel.offsets, origins, side="right") - 1
        self._origins = origins - (self._firsts - self._axis.offsets[:-1])[self._series]
        self._actual = windows.ahead(panel.target, origins)
        level = windows.ahead(windows.table.level, origins)
        self._level = level if self._kind.units == "residual" else None
        self._scale = scales(panel, self._data.split, "training", self._own_scaling)[self._series]

    @property
    def can_judge(self) -> bool:
        """True where there is a window to judge by."""
        return self._count > 0

    def tried(self, known: Numbers | None) -> Numbers:
        """(6, n) the best sets of all that are drawn and, again, near the best of these; known: good in other units."""
        rng, axis = self._data.rng, self._axis
        self._try(drawn(axis, FIRST_SETS, rng) if known is None else known)
        best = self._pool[:, np.argsort(self._errors[:, 0])[:AROUND]]
        self._try(around(best, axis, MORE_SETS if known is None else MORE_SETS // 2, rng))
        return self._pool[:, np.argsort(self._errors[:, 0])[:KEPT]]

    def part(self) -> Smoothing:
        """The part with the best sets, for each series of a panel its own, before the rows that its state begins at."""
        kind, split, table = self._kind, self._data.split, self._windows.table
        rates = Rates(self._best())
        latest = np.maximum(split.validation - STATE_SEASONS * self._longest, split.start)
        firsts, times = np.minimum(self._firsts, latest), times_of(table)
        begun = np.minimum(firsts + FEWEST_SEASONS * self._longest, split.test)
        axis = axis_of(kind.day, kind.week, table.offsets, table.ahead)
        state = start(self._values, axis, firsts, np.maximum(split.validation, begun), rates.memory.shape[1])
        before = times[np.maximum(firsts - 1, 0)]
        return Smoothing(
            day=kind.day,
            week=kind.week,
            units=kind.units,
            scaling=self._own_scaling,
            rates=rates,
            state=state,
            until=np.where(firsts > split.start, before, times[firsts] - _AN_INSTANT),
            ready=times[np.maximum(begun, firsts + 1) - 1],
            view=kind.view,
        )

    def _general_origins(self) -> Integers:
        """Windows of validation rows and as many of the second half of the training rows."""
        split, windows = self._data.split, self._windows
        validation = self._enough(self._data.validation.origins)
        half = (split.start + split.validation) // 2
        training = self._between(np.maximum(half, split.start + windows.lookback), split.validation)
        return np.concatenate([spaced(self._enough(windows.usable(training)), len(validation)), validation])

    def _own_origins(self) -> Integers:
        """Windows of the last days before the test block of each series of a panel."""
        split, windows, day = self._data.split, self._windows, self._kind.day
        if len(self._firsts) == 1:
            return np.zeros(0, dtype=np.int64)
        first = np.maximum(split.test - OWN_SEASONS * day, split.start + windows.lookback)
        origins = self._between(first, split.test, max(day // 2, 1) if day >= SUB_DAILY else day)
        return self._enough(windows.usable(origins))

    def _between(self, firsts: Integers, stops: Integers, step: int = 1) -> Integers:
        """Every `step`-th origin of windows whose targets lie in these rows of each series."""
        ranges = [
            np.arange(a, b - self._windows.horizon + 1, step) for a, b in zip(firsts, stops, strict=True)
        ]
        return np.concatenate(ranges).astype(np.int64)

    def _enough(self, origins: Integers) -> Integers:
        """The origins that have rows enough before them."""
        series = np.searchsorted(self._data.panel.offsets, origins, side="right") - 1
        return origins[origins >= self._firsts[series] + FEWEST_SEASONS * self._longest]

    def _try(self, sets: Numbers) -> None:
        """Judge sets (6, n), and add them to the pool."""
        series = len(self._firsts)
        size = min(max(MOST_AT_ONCE // series, 1), MOST_SETS_AT_ONCE)
        for first in range(0, sets.shape[1], size):
            chunk = sets[:, first : first + size]
            errors = self._judged(self._trace(np.repeat(chunk[:, None], series, axis=1)))
            self._pool = np.concatenate([self._pool, chunk], axis=1)
            self._errors = np.concatenate([self._errors, errors])

    def _trace(self, sets: Numbers) -> Trace:
        """Return what sets (6, S, P) know at each row."""
        axis, rates, values = self._axis, Rates(sets), self._searched
        firsts, stops, count = axis.offsets[:-1], axis.offsets[1:], sets.shape[2]
        training = np.maximum(self._data.split.validation - self._data.split.test + stops, firsts)
        known = np.empty((5, len(values), count), dtype=np.float32)
        run(rates, start(values, axis, firsts, training, count), values, axis, firsts, stops, known)
        return Trace(rates, axis, known)

    def _judged(self, trace: Trace) -> Numbers:
        """(P, 1 + S) mean error (MASE) of each set on all general windows, and on the own ones of each series."""
        sums, counts = self._summed(trace)
        general = sums[: self._count].sum(axis=0) / counts[: self._count].sum()
        series, own = self._series[self._count :], np.full((len(self._firsts), sums.shape[1]), np.nan)
        for number in np.unique(series):
            rows = np.flatnonzero(series == number) + self._count
            own[number] = sums[rows].sum(axis=0) / max(counts[rows].sum(), 1)
        return np.concatenate([general[None], own]).T

    def _summed(self, trace: Trace) -> tuple[Numbers, Numbers]:
        """(n, P) errors of each window summed over its known targets, and (n,) how many these are."""
        count, horizon = trace.known.shape[2], len(self._actual)
        size, sums = max(MOST_VALUES // (horizon * count), 1), []
        for first in range(0, len(self._origins), size):
            own = slice(first, first + size)
            said = np.moveaxis(trace.forecast(self._origins[own], horizon), 2, 0)
            said = said if self._level is None else said + self._level[:, own]
            with np.errstate(over="ignore", invalid="ignore"):
                error = np.abs(self._scaling.undo(said, self._series[own]) - self._actual[:, own])
                sums.append(np.nansum(error / self._scale[own], axis=1).T)
        return np.concatenate(sums), np.isfinite(self._actual).sum(axis=0)

    def _best(self) -> Numbers:
        """(6, S, P) the best sets of each series: of one alone the best on all windows."""
        general, own = self._errors[:, 0], self._errors[:, 1:]
        if len(self._firsts) == 1:
            return self._pool[:, np.argsort(general)[:SETS]][:, None]
        judged = np.where(np.isfinite(own), own, general[:, None])
        return self._pool[:, np.argsort(judged, axis=0, kind="stable")[:SETS_A_SERIES].T]


def _scaling(data: FitData, transform: str) -> Scaling:
    """Each series by the mean and deviation of its training rows, of one that begins later by those of its first."""
    target = data.panel.target
    training = [target[rows] for rows in data.split.slices("training")]
    young = [target[rows] for rows in young_rows(data.panel, data.split)]
    return fit_scaling(training, "standard", transform, young)
