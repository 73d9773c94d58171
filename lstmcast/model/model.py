"""A trained forecaster: everything that predicting needs, and nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.findings import WARNING, Finding
from lstmcast.core.options import Options
from lstmcast.core.panel import Forecast, Integers, Panel, Times
from lstmcast.data.calendar_features import weekday
from lstmcast.data.preprocessing import Preparation
from lstmcast.data.scaling import Scaling
from lstmcast.data.view import Setting, View
from lstmcast.data.windows import Windows
from lstmcast.evaluation.backtest import Answer, Answering, Backcast, backtest
from lstmcast.evaluation.report import Evaluation, Judgement, Learned, NumberReport, evaluation, judgement
from lstmcast.forecasters.base import Forecaster, Part, Views, point
from lstmcast.forecasters.ensemble import Ensemble, linear_of, networks_of
from lstmcast.forecasters.intervals import Intervals
from lstmcast.forecasters.naive import naives_of
from lstmcast.forecasters.network import NetworkForecaster
from lstmcast.model.fallback import FallbackChain, StandIns, stand_ins, unfit
from lstmcast.model.recursion import Bands, at_origin, join, remember
from lstmcast.model.reference import Comparison, Habits, Ranges, compare, without_spikes
from lstmcast.model.schema import Contract

Numbers = NDArray[np.float64]
DEFAULT_LEVELS = (80,)
JUDGED_LEVELS = (80, 90)
_LARGEST = 1e300  # what a very wide band ends at, so that its width is a number
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, eq=False)
class Model:
    """What a model file holds.

    views: ways to see the rows, the network's first; setting: how that one was chosen.
    limits: lowest and highest value a forecast may have, NaN for none.
    mase_scale: (S,) MASE's denominators; seen_until: (S,) stamp of the last row that taught or chose anything.
    habits, ranges, chain: what fresh windows are compared with, in the target and beside it, and who stands in for
    the network; None in older files.
    """

    contract: Contract
    options: Options
    preparation: Preparation
    views: tuple[View, ...]
    setting: Setting
    ensemble: Ensemble
    intervals: Intervals
    limits: tuple[float, float]
    mase_scale: Numbers
    seen_until: NDArray[np.datetime64]
    report: NumberReport
    habits: Habits | None = None
    ranges: Ranges | None = None
    chain: FallbackChain | None = None

    @property
    def source(self) -> str:
        """What makes the rows of a forecast: `model`, or `linear` where the network did not earn its place."""
        return self.ensemble.source

    @property
    def linear(self) -> Forecaster:
        """The linear forecaster, the first where there are two."""
        return linear_of(self.ensemble)

    @property
    def networks(self) -> list[NetworkForecaster]:
        """The networks that there are, the first view's first."""
        return networks_of(self.ensemble)

    def windows(self, panel: Panel, series: Integers) -> tuple[Windows, ...]:
        """The panel's windows, one a view; series: (S,) as the contract's check returns."""
        clock = dataclasses.replace(panel.clock, seasons=self.contract.clock.seasons)
        panel = dataclasses.replace(panel, clock=clock)
        contract = self.contract
        sizes = contract.lookback, contract.horizon, contract.segment, contract.clock.season
        calendar = self.preparation.calendar(panel)
        tables = (
            self.preparation.table(panel, series, view.regression, calendar=calendar) for view in self.views
        )
        return tuple(
            Windows(table, *sizes, view.subtracts_last, view.is_normalised)
            for table, view in zip(tables, self.views, strict=True)
        )

    def answer(self, views: Views, origins: Integers, levels: Sequence[float] = DEFAULT_LEVELS) -> Answer:
        """The forecast of B windows: point (K, B) and the band of each level, in the units of the CSV."""
        return self._undone(self._scaled(views, origins, levels), views[0].table.series[origins - 1])

    def _scaled(self, views: Views, origins: Integers, levels: Sequence[float]) -> Answer:
        """The forecast of B windows, scaled."""
        point, quantiles = self.ensemble.point_and_quantiles(views, origins)
        volatility = views[0].volatility(origins)
        return Answer(point, self.intervals.bands(point, quantiles, levels, volatility))

    def _undone(self, scaled: Answer, series: Integers) -> Answer:
        """A scaled forecast in the units of the CSV, within the limits; series: (B,) of the model's."""

        def undo(values: Numbers) -> Numbers:
            return _within(self.preparation.scaling.undo(values, series), self.limits)

        def edge(values: Numbers) -> Numbers:
            with np.errstate(over="ignore"):  # the logarithm of a very wide band
                return np.clip(undo(values), -_LARGEST, _LARGEST)

        bands = {level: (edge(low), edge(high)) for level, (low, high) in scaled.bands.items()}
        return Answer(undo(scaled.point), bands)

    def predict(
        self,
        panel: Panel,
        horizon: int | None = None,
        levels: Sequence[int] = DEFAULT_LEVELS,
        quantiles: Sequence[float] = (),
        *,
        fallback: bool = True,
    ) -> Forecast:
        """Forecast each series from its last known target on, `horizon` steps (as trained, unless given).

        levels: of the bands, in percent; quantiles: between 0 and 1, asked for besides.

        A series whose window the model cannot carry is forecast by a simpler forecaster, and its rows say so; with
        `fallback` off it is refused. Beyond the trained horizon the forecast is rolled on: its own median stands in
        for history. Raises DataError when the panel does not fit the contract, has a series without any known target,
        or lacks known columns.
        """
        ahead = self.contract.horizon if horizon is None else horizon
        wanted = [*levels, *map(_level_of, quantiles)]
        start = self.start(panel, ahead)
        panel, series, origins, seen, views = (
            start.panel,
            start.series,
            start.origins,
            start.seen,
            start.views,
        )
        first, others = self._first_block(panel, views, series, origins, wanted, seen, may_fall_back=fallback)
        blocks = [first]
        for done in range(self.contract.horizon, ahead, self.contract.horizon):
            remember(panel, blocks[-1].point, origins + done - self.contract.horizon)
            blocks.append(self._block(self.windows(panel, series), origins + done, wanted, others))
        points = [block.point for block in blocks]
        joined = join(points, [block.bands for block in blocks])
        bands = {
            k: (_within(low, self.limits), _within(high, self.limits)) for k, (low, high) in joined.items()
        }
        forecast = self._forecast(panel, origins, np.concatenate(points)[:ahead], bands, levels, quantiles)
        return dataclasses.replace(
            forecast,
            source=self._sources(others, len(origins), ahead),
            fallbacks=others.fallbacks,
            findings=(
                *seen.findings,
                *start.beside,
                *self._silent(views, origins, series, others),
                *self.contract.beyond_holidays(forecast.times),
            ),
        )

    def start(self, panel: Panel, ahead: int) -> Start:
        """What the forecasts of a panel start from; raises what `predict` does."""
        panel = self.contract.marked(panel)
        series = self.contract.check(panel)
        panel, origins = at_origin(panel, self.contract, ahead, self._since(series))
        seen = compare(self.habits, panel, origins, series, self.contract)
        beside = () if self.ranges is None else tuple(self.ranges.findings(panel, origins, self.contract))
        panel = without_spikes(panel, seen)
        return Start(panel, series, origins, seen, beside, self.windows(panel, series))

    def limited(self, values: Numbers) -> Numbers:
        """Values within the limits."""
        return _within(values, self.limits)

    def _sources(self, others: StandIns, count: int, ahead: int) -> tuple[str, ...]:
        """What makes each row of the forecasts of so many series, so many steps ahead."""
        made = {stood_in.series: stood_in.source for stood_in in others.fallbacks}
        return tuple(made.get(series, self.source) for series in range(count) for _ in range(ahead))

    def _since(self, series: Integers) -> Times | None:
        """(S,) the stamp after which a part must see every row of each of the panel's series."""
        since = self.ensemble.since()
        return None if since is None else since[series]

    def _silent(self, views: Views, origins: Integers, series: Integers, others: StandIns) -> list[Finding]:
        """A finding for each part that has weight and cannot answer where its window is a whole one.

        series: (S,) of the model's.
        """
        found, clock = [], self.contract.clock
        unfit = [stood_in.series for stood_in in others.fallbacks if stood_in.code != "not_finite"]
        origins, series = np.delete(origins, unfit), np.delete(series, unfit)
        for weight, part, mask in self.ensemble.silent(views, origins):
            since, own = part.since(), series[mask]
            stamp = None if since is None else clock.write(since[own].min(keepdims=True))[0]
            names = [self.contract.ids[number] for number in own] if len(self.contract.ids) > 1 else []
            found.append(Finding(WARNING, f"{part.name}_stale", _said_of_silent(weight, part, stamp, names)))
        return found

    def _first_block(
        self,
        panel: Panel,
        views: Views,
        series: Integers,
        origins: Integers,
        levels: Sequence[float],
        seen: Comparison,
        *,
        may_fall_back: bool,
    ) -> tuple[Answer, StandIns]:
        """The first K rows of every series, and who stands in for the model; raises DataError where nobody may."""
        codes = unfit(views[0], origins)
        if self.source == "model":
            codes = dict.fromkeys(np.flatnonzero(seen.is_alien).tolist(), "out_of_range") | codes
        chain, stretch = self.chain if may_fall_back else None, self._stretch(views[0], origins, series, seen)
        others = stand_ins(chain, codes, seen, stretch, panel, views, origins)
        scaled = self._scaled_block(views, origins, levels, others)
        broken = np.flatnonzero(
            ~np.isfinite(scaled.point).all(axis=0)
        )  # seen before the limits, which would hide it
        if len(broken):
            codes |= dict.fromkeys(broken.tolist(), "not_finite")
            others = stand_ins(chain, codes, seen, stretch, panel, views, origins)
            scaled = self._scaled_block(views, origins, levels, others)
        return self._undone(scaled, views[0].table.series[origins - 1]), others

    def _stretch(self, windows: Windows, origins: Integers, series: Integers, seen: Comparison) -> Numbers:
        """(S,) how many times further from the centre a window far out of range is than any before; of others 1."""
        stretch = np.ones(len(origins))
        if self.habits is None:
            return stretch
        scaling, number = self.preparation.scaling, np.arange(len(self.contract.ids))
        ends = [np.abs(scaling.apply(end, number)) for end in (self.habits.lowest, self.habits.highest)]
        reach = np.maximum(np.maximum(*ends), 1e-9)[series]
        for place in np.flatnonzero(seen.is_alien):
            stretch[place] = max(windows.furthest(int(origins[place])) / reach[place], 1.0)
        return stretch

    def _block(self, views: Views, origins: Integers, levels: Sequence[float], others: StandIns) -> Answer:
        """The next K rows of every series, from the model or from who stands in for it."""
        scaled = self._scaled_block(views, origins, levels, others)
        return self._undone(scaled, views[0].table.series[origins - 1])

    def _scaled_block(
        self, views: Views, origins: Integers, levels: Sequence[float], others: StandIns
    ) -> Answer:
        """The next K rows, scaled."""
        if not others.places:
            return self._scaled(views, origins, levels)
        point = np.empty((self.contract.horizon, len(origins)))
        bands = {level: (np.empty_like(point), np.empty_like(point)) for level in levels}
        for link, places in others.groups(len(origins)):
            if link is None:
                part = self._scaled(views, origins[places], levels)
            else:
                part = others.answer(link, views, origins, places, levels)
            point[:, places] = part.point
            for level, edges in part.bands.items():
                for whole, edge in zip(bands[level], edges, strict=True):
                    whole[:, places] = edge
        return Answer(point, bands)

    def _forecast(
        self,
        panel: Panel,
        origins: Integers,
        point: Numbers,
        bands: Bands,
        levels: Sequence[int],
        quantiles: Sequence[float],
    ) -> Forecast:
        """Lay the columns (K', B) of B origins end to end."""
        ahead, count = point.shape
        series = np.searchsorted(panel.offsets, origins - 1, side="right") - 1

        def flat(rows: Numbers) -> Numbers:
            return rows[:ahead].T.reshape(-1)

        edges = {q: bands[_level_of(q)][q > 0.5] if q != 0.5 else point for q in quantiles}
        return Forecast(
            ids=panel.ids,
            series=np.repeat(series, ahead),
            times=panel.times[(origins[:, None] + np.arange(ahead)).reshape(-1)],
            point=flat(point),
            bands={level: (flat(bands[level][0]), flat(bands[level][1])) for level in levels},
            quantiles={quantile: flat(edge) for quantile, edge in edges.items()},
            source=(self.source,) * (count * ahead),
            clock=panel.clock,
            id_name=panel.id_name,
        )

    def judged(self) -> dict[str, Answering]:
        """The model, the baselines and the linear forecaster, all to be judged on the same windows."""
        others: list[Forecaster] = [*naives_of(self.contract.clock.seasons)]
        others += [self.linear] if self.linear.name == "linear" else []
        alone = {other.name: Restored(other, self.preparation.scaling) for other in others}
        return {"model": Banded(self), **alone}

    def evaluate(self, panel: Panel, stride: int = 1) -> Evaluation:
        """Rolling-origin backtest on rows the model has not seen, in `test`; seen ones stand apart, in `seen`.

        Where the file has no unseen rows, `test` is about seen ones, and `in_sample` says so. stride: rows between two
        origins. Raises DataError where the file has no window of known rows.
        """
        panel = self.contract.marked(panel)
        views = self.windows(panel, self.contract.check(panel))
        seen, fresh = (found[::stride] for found in seen_and_fresh(panel, views[0], self.seen_until))
        if not len(fresh):
            return evaluation(self._judge(panel, views, seen, in_sample=True), stride)
        before = self._judge(panel, views, seen, in_sample=True) if len(seen) else None
        return evaluation(self._judge(panel, views, fresh, in_sample=False), stride, before)

    def backcasts(self, panel: Panel, stride: int = 1) -> Iterator[Backcast]:
        """The single forecasts that `evaluate` judges, a bounded number at a time: unseen ones, then seen ones."""
        panel = self.contract.marked(panel)
        views = self.windows(panel, self.contract.check(panel))
        windows = views[0]
        seen, fresh = seen_and_fresh(panel, windows, self.seen_until)
        for origins, in_sample in ((fresh, False), (seen, True)):
            for chunk in windows.chunks(origins[::stride]):
                answer = self.answer(views, chunk)
                forecast = self._forecast(panel, chunk, answer.point, answer.bands, DEFAULT_LEVELS, ())
                actual = windows.ahead(panel.target, chunk).T.reshape(-1)
                yield Backcast(forecast, panel.times[chunk - 1], actual, in_sample)

    def rows_seen(self, panel: Panel, series: Integers) -> int:
        """How many rows of the panel with a known target have taught or chosen anything."""
        until = np.repeat(self.seen_until[series], panel.lengths)
        return int((np.isfinite(panel.target) & (panel.times <= until)).sum())

    def learned(self, panel: Panel, series: Integers, rows_before: int = 0) -> Learned:
        """What the model says of the rows it has seen: how many, `rows_before` not in this panel, and until when."""
        until = self.seen_until[series].max(keepdims=True)
        return Learned(rows=rows_before + self.rows_seen(panel, series), until=panel.clock.write(until)[0])

    def judge(self, panel: Panel, origins: Integers) -> Judgement:
        """What `evaluate` reports, of these windows of rows that the model has not seen; origins: (n,), n > 0."""
        panel = self.contract.marked(panel)
        return self._judge(panel, self.windows(panel, self.contract.check(panel)), origins, in_sample=False)

    def _judge(self, panel: Panel, views: Views, origins: Integers, *, in_sample: bool) -> Judgement:
        found = backtest(self.judged(), views, panel.target, origins, self.mase_scale, groupings_of(panel))
        return judgement(found, panel, origins, self.contract.clock.seasons, in_sample=in_sample)


@dataclass(frozen=True, eq=False)
class Start:
    """Where the forecasts of S series begin.

    panel: history without what is odd, then the rows to be forecast; series: (S,) which of the model's each is;
    origins: (S,); seen, beside: what the last rows are like; views: of the rows.
    """

    panel: Panel
    series: Integers
    origins: Integers
    seen: Comparison
    beside: tuple[Finding, ...]
    views: tuple[Windows, ...]


@dataclass(frozen=True, eq=False)
class Restored:
    """A forecaster whose points are put back into the units of the CSV."""

    forecaster: Forecaster
    scaling: Scaling

    def answer(self, views: Views, origins: Integers) -> Answer:
        """The points (K, B) of B windows, without bands."""
        series = views[0].table.series[origins - 1]
        return Answer(self.scaling.undo(point(self.forecaster.predict(views, origins)), series), {})


@dataclass(frozen=True, eq=False)
class Banded:
    """A model with the bands by which it is judged."""

    model: Model

    def answer(self, views: Views, origins: Integers) -> Answer:
        """The points (K, B) of B windows and their bands of JUDGED_LEVELS."""
        return self.model.answer(views, origins, JUDGED_LEVELS)


def _said_of_silent(weight: float, part: Part, stamp: str | None, names: Sequence[str]) -> str:
    """That a part is left out of a forecast of some series, and why; stamp: of the last row that it has seen."""
    where = "" if not names else f" of {len(names):,} series ({names[0]!r} is one)"
    after = "" if stamp is None else f" after {stamp}"
    return (
        f"{part.name} is left out{where}, its {weight:.0%} go to the other parts: the file has too few rows{after}; "
        f"send at least {part.reach():,} rows, or one that goes on after that, or refresh the model"
    )


def seen_and_fresh(
    panel: Panel, windows: Windows, seen_until: NDArray[np.datetime64]
) -> tuple[Integers, Integers]:
    """Every origin that can be judged: those whose first target row the model was trained on, and the others.

    seen_until: (S,) stamps. Raises DataError where there is none.
    """
    ends = zip(panel.offsets[:-1], panel.offsets[1:], strict=True)
    everywhere = [np.arange(a + windows.lookback, b - windows.horizon + 1) for a, b in ends]
    origins = windows.usable(np.concatenate(everywhere).astype(np.int64))
    if not len(origins):
        raise DataError(
            f"no window of {windows.lookback} + {windows.horizon} known rows in the file; nothing to evaluate"
        )
    is_seen = panel.times[origins] <= seen_until[windows.table.series[origins]]
    return origins[is_seen], origins[~is_seen]


def groupings_of(panel: Panel) -> dict[str, tuple[list[str], Integers]]:
    """How target rows are grouped in an evaluation: by hour and weekday where the clock has them, and by series."""
    wall, groupings = panel.clock.wall(panel.times), {}
    if panel.clock.step is not None and not panel.clock.is_counter:
        hours = wall.astype("datetime64[h]").astype(np.int64) % 24
        groupings["hour"] = ([str(hour) for hour in range(24)], hours)
    if panel.clock.is_daily or "hour" in groupings:
        groupings["weekday"] = (list(WEEKDAYS), weekday(wall))
    if len(panel.ids) > 1:
        groupings["series"] = (list(panel.ids), panel.series_of_rows())
    return groupings


def _level_of(quantile: float) -> float:
    """The level in percent of the band that has this quantile for an edge."""
    if not 0 < quantile < 1:
        raise UsageError(f"a quantile lies between 0 and 1; got {quantile:g}")
    return round(abs(200 * quantile - 100), 6) or 1.0


def _within(values: Numbers, limits: tuple[float, float]) -> Numbers:
    """Values cut to the limits; a limit that is NaN does not cut."""
    return np.fmax(np.fmin(values, limits[1]), limits[0])
