"""A study of a model on a file: its forecasts from past origins, beside what came."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import PAST, Clock, Forecast, Integers, Panel
from lstmcast.data.category_windows import of_classes
from lstmcast.evaluation.category_metrics import log_loss
from lstmcast.evaluation.diagnostics import LEVELS, MODEL, Bands, Chances, LossSums
from lstmcast.evaluation.residuals import nights
from lstmcast.evaluation.study import PastForecast, Study
from lstmcast.evaluation.verdict import STARTS
from lstmcast.model.model import Model, seen_and_fresh
from lstmcast.model.output import of_numbers

Numbers = NDArray[np.float64]

MOST_WINDOWS = 4_000  # that are judged, but two of each series
_SERIES = 500  # of a panel that are looked at row by row
_BAND = 80
_WEEK = 7  # days
_ROLLED = 14  # days of which it is shown what was said a week before, where the horizon is shorter


def study(model: Model, panel: Panel) -> Study:
    """Study a model on a file: on rows it has not seen, or where there are none on those it has.

    Raises DataError where the panel does not fit the contract, or has no window of known rows.
    """
    panel = model.contract.marked(panel)
    judge = _ClassJudge(model, panel) if model.contract.classes else _Judge(model, panel)
    seen, fresh = seen_and_fresh(panel, judge.views[0], model.seen_until)
    origins = fresh if len(fresh) else seen
    tally, chosen = LossSums(panel, model.contract.horizon), _sampled(origins, panel)
    for chunk in judge.views[0].chunks(chosen):
        tally.add(chunk, judge.losses(chunk))
    shown = _shown(panel, tally)
    near, *far = _said(model, judge, origins, shown)
    overall = tally.overall().losses
    return Study(
        panel=panel,
        windows=len(chosen),
        in_sample=not len(fresh),
        first=panel.clock.write(panel.times[[origins.min()]])[0],
        last=panel.clock.write(panel.times[[origins.max() + model.contract.horizon - 1]])[0],
        measure=judge.measure,
        rival=min((name for name in overall if name not in (MODEL, *STARTS)), key=lambda name: overall[name]),
        tally=tally,
        bands=judge.bands,
        chances=judge.chances,
        shown=tuple(shown),
        said=(near, *far),
        losses=judge.loss(near),
        errors=judge.error(near),
    )


class _Judge:
    """Judges a model of numbers: losses are absolute errors, in a panel over each series' MASE scale."""

    chances: Chances | None = None

    def __init__(self, model: Model, panel: Panel) -> None:
        series = model.contract.check(panel)
        self._model, self.panel, self.views = model, panel, model.windows(panel, series)
        scale = of_numbers(model.output).mase_scale[series]
        is_scaled = len(panel.ids) > 1 and bool((scale > 0).all())
        self.measure = "mase" if is_scaled else "mae"
        self._scale = scale if is_scaled else np.ones(len(panel.ids))
        self.bands: Bands | None = Bands()

    def losses(self, origins: Integers) -> dict[str, Numbers]:
        """(K, B) of each forecaster, the model's first; its bands are counted on the way."""
        rows = origins[None] + np.arange(self._model.contract.horizon)[:, None]
        actual, series = self.panel.target[rows], self.panel.series_of_rows()[origins]
        own = self._model.answer(self.views, origins, LEVELS)
        assert self.bands is not None
        self.bands.add(actual, own)
        points = {MODEL: own.point}
        for name, other in self._model.judged().items():
            if name != MODEL:
                points[name] = other.answer(self.views, origins).point
        return {name: np.abs(point - actual) / self._scale[series] for name, point in points.items()}

    def said(self, origins: Integers, steps: int | None) -> PastForecast:
        """Return the forecasts made at these origins: of the row so many steps ahead, or of all rows up to the next
        origin."""
        laid = [np.full(len(self.panel.times), np.nan) for _ in range(3)]
        for chunk in self.views[0].chunks(origins):
            answer = self._model.answer(self.views, chunk, (_BAND,))
            for rows, values in zip(laid, (answer.point, *answer.bands[_BAND]), strict=True):
                lay(rows, self.panel, chunk, values, steps)
        return PastForecast(steps, *laid)

    def of_forecast(self, forecast: Forecast) -> tuple[Numbers, Numbers, Numbers]:
        """Point, lower and upper edge (R,) of the rows of a forecast."""
        return forecast.point, *forecast.bands[_BAND]

    def error(self, said: PastForecast) -> Numbers:
        """(N,) forecast less outcome, in a panel over the scale."""
        return np.asarray((said.point - self.panel.target) / self._scale[self.panel.series_of_rows()])

    def loss(self, said: PastForecast) -> Numbers:
        """(N,) the absolute error."""
        return np.abs(self.error(said))


class _ClassJudge:
    """Judges a model of classes: losses are log losses."""

    measure = "log_loss"
    bands: Bands | None = None

    def __init__(self, model: Model, panel: Panel) -> None:
        self._model, self.panel = model, panel
        self.views = model.windows(panel, model.contract.check(panel))
        self.chances: Chances | None = Chances()
        self._losses = np.full(len(panel.times), np.nan)

    def losses(self, origins: Integers) -> dict[str, Numbers]:
        """(K, B) of each forecaster, the model's first; its probabilities are counted on the way."""
        codes, own = self._codes(origins), self._model.ensemble.predict(self.views, origins)
        assert self.chances is not None
        self.chances.add(own, codes)
        found = {MODEL: log_loss(own, codes)}
        for name, other in self._model.judged().items():
            if name != MODEL:
                found[name] = log_loss(other.answer(self.views, origins).values, codes)
        return found

    def _codes(self, origins: Integers) -> Numbers:
        return of_classes(self.views[0]).codes(origins)

    def said(self, origins: Integers, steps: int | None) -> PastForecast:
        """The likeliest class as it was said at these origins."""
        point = np.full(len(self.panel.times), np.nan)
        for chunk in self.views[0].chunks(origins):
            own, codes = self._model.ensemble.predict(self.views, chunk), self._codes(chunk)
            lay(point, self.panel, chunk, own.argmax(axis=1).astype(np.float64), steps)
            lay(self._losses, self.panel, chunk, log_loss(own, codes), steps)
        return PastForecast(steps, point)

    def of_forecast(self, forecast: Forecast) -> tuple[Numbers]:
        """The likeliest class (R,) of the rows of a forecast."""
        return (forecast.point,)

    def error(self, said: PastForecast) -> Numbers:
        """(N,) the log loss: what is left over of a class."""
        return self._losses

    def loss(self, said: PastForecast) -> Numbers:
        """(N,) the log loss of what was said first."""
        return self._losses


def lay(rows: Numbers, panel: Panel, origins: Integers, values: Numbers, steps: int | None) -> None:
    """Write forecasts (K, B) into the rows (N,) that they are about: all steps, a later origin over an earlier one, or
    that alone which lies so many steps ahead."""
    if steps is not None:
        rows[origins + steps - 1] = values[steps - 1]
        return
    for place in np.argsort(origins, kind="stable").tolist():
        rows[origins[place] : origins[place] + len(values)] = values[:, place]


def _sampled(origins: Integers, panel: Panel) -> Integers:
    """At most MOST_WINDOWS of the origins, or two of each series, evenly spread over all phases of the seasons."""
    most = max(MOST_WINDOWS, 2 * len(panel.ids))
    stride = -(-len(origins) // most)
    while stride > 1 and any(math.gcd(stride, season) > 1 for season in panel.clock.seasons):
        stride += 1
    return origins[::stride]


def _shown(panel: Panel, tally: LossSums) -> list[int]:
    """The series that are drawn: the only one, or that with the largest loss and the median one."""
    ranked = sorted(tally.groups("series"), key=lambda group: -group.losses[MODEL])
    place = {name: number for number, name in enumerate(panel.ids)}
    return list(dict.fromkeys(place[ranked[at].label] for at in (0, len(ranked) // 2))) if ranked else [0]


def _said(
    model: Model, judge: _Judge | _ClassJudge, origins: Integers, shown: Sequence[int]
) -> Iterator[PastForecast]:
    """Yield the forecasts made shortly before and long before. For hours, these are the night before and a week before;
    for days, a day and a week; else one row and a whole horizon."""
    panel, horizon = judge.panel, model.contract.horizon
    day = _rows_of_a_day(panel.clock)
    series = panel.series_of_rows()[origins]
    looked_at = np.unique(np.concatenate([np.linspace(0, len(panel.ids) - 1, _SERIES).astype(int), shown]))
    some = origins[np.isin(series, looked_at)]
    if day is None:
        yield judge.said(_latest(some, panel), 1)
    else:
        yield judge.said(_latest(nights(panel, some, horizon), panel), None)
    far = _WEEK * (day or 1) if day or panel.clock.is_daily else horizon
    if 1 < far <= horizon:
        yield judge.said(origins[np.isin(series, shown)][-MOST_WINDOWS:], far)
    elif far > 1:
        yield _rolled(model, judge, origins[np.isin(series, shown)], far, day or 1)


def _rolled(
    model: Model, judge: _Judge | _ClassJudge, origins: Integers, steps: int, day: int
) -> PastForecast:
    """Return the forecasts so many steps ahead, beyond the horizon, on each of the last days: the last day of rows of
    each."""
    panel, parts = judge.panel, 1 if model.contract.classes else 3
    laid = [np.full(len(panel.times), np.nan) for _ in range(parts)]
    series = panel.series_of_rows()
    for number in np.unique(series[origins]):
        stop = int(panel.offsets[number + 1])
        starts = nights(panel, origins[series[origins] == number], day)
        for origin in starts[starts + steps <= stop][-_ROLLED:].tolist():
            part = _as_of(panel, int(number), origin, origin + steps)
            forecast = model.predict(part, steps, fallback=True)
            for rows, values in zip(laid, judge.of_forecast(forecast), strict=True):
                rows[origin + steps - day : origin + steps] = values[-day:]
    return PastForecast(steps, *laid)


def _as_of(panel: Panel, series: int, origin: int, stop: int) -> Panel:
    """One series as it stood at an origin, with what is known ahead of the rows after it."""
    start = int(panel.offsets[series])
    values = panel.values[start:stop].copy()
    values[origin - start :, [0, *panel.roles(PAST)]] = np.nan
    return dataclasses.replace(
        panel,
        ids=(panel.ids[series],),
        offsets=np.array([0, stop - start]),
        times=panel.times[start:stop],
        values=values,
    )


def _latest(origins: Integers, panel: Panel) -> Integers:
    """The last origins of each series, about MOST_WINDOWS in all."""
    series = np.searchsorted(panel.offsets, origins, side="right") - 1
    _, firsts, counts = np.unique(series, return_index=True, return_counts=True)
    each = max(MOST_WINDOWS // max(len(counts), 1), 2)
    kept = [origins[a + max(n - each, 0) : a + n] for a, n in zip(firsts, counts, strict=True)]
    return np.concatenate(kept) if kept else origins


def _rows_of_a_day(clock: Clock) -> int | None:
    """Rows of a usual day, where it has several; None where a row is a day or longer, or is no part of one."""
    if clock.step is None or clock.is_counter:
        return None
    rows = np.timedelta64(1, "D") / clock.step
    return int(rows) if rows == int(rows) and rows > 1 else None
