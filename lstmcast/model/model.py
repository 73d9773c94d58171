"""A trained model: everything that predicting needs, and nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.findings import WARNING, Finding
from lstmcast.core.options import FAIL, Options
from lstmcast.core.panel import Fallback, Forecast, Integers, Panel, Times
from lstmcast.data.calendar_features import weekday
from lstmcast.data.category_preprocessing import ClassPreparation
from lstmcast.data.preprocessing import Preparation
from lstmcast.data.view import View, ViewConfig
from lstmcast.data.windows import Windows
from lstmcast.evaluation.backtest import Answer, Answering, HistoricalForecast, backtest
from lstmcast.evaluation.report import (
    ClassReport,
    Evaluation,
    Judgement,
    Learned,
    NumberReport,
    evaluation,
    judgement,
)
from lstmcast.evaluation.validation import spaced
from lstmcast.forecasters.base import Part, Views
from lstmcast.forecasters.ensemble import (
    Ensemble,
    is_fitted_anew,
    linear_of,
    looking_on,
    looks_on,
    networks_of,
    says_own_edges,
)
from lstmcast.forecasters.network import NetworkForecaster
from lstmcast.forecasters.paths import Templates
from lstmcast.model import moved, odd_end
from lstmcast.model.asking import Ask, Foreseen
from lstmcast.model.fallback import FallbackChain, FallbackForecasters, stand_ins, unfit
from lstmcast.model.moved import BAND as MOVED_BAND
from lstmcast.model.moved import Moved, Said, find_moved, nothing_moved
from lstmcast.model.odd_end import OddEnd, examine_end
from lstmcast.model.output import DEFAULT_LEVELS, Output, level_of, of_numbers, refuse_overflow
from lstmcast.model.recursion import at_origin
from lstmcast.model.reference import ColumnRanges, Comparison, SeriesStatistics, compare, without_spikes
from lstmcast.model.schema import Contract
from lstmcast.model.short_future import Covered, covered, sources_with, wider

MOST_SEEN = 200
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, eq=False)
class Model:
    """A trained model, as its file holds it.

    views: ways to see the rows, the network's first; setting: how that one was chosen; output: what comes out, a
    number or a class; seen_until: (S,) stamp of the last row that taught or chose anything.
    habits, ranges, chain: what fresh windows are compared with, in the target and beside it, and who stands in for
    the network; None in older files. filling: (4,) how much wider bands are where columns known ahead end early, by
    quarters of the horizon; None where no validation window told it. templates: errors of whole horizons, for paths
    and totals; None in older files, and of classes.
    """

    contract: Contract
    options: Options
    preparation: Preparation | ClassPreparation
    views: tuple[View, ...]
    setting: ViewConfig
    ensemble: Ensemble
    output: Output
    seen_until: NDArray[np.datetime64]
    report: NumberReport | ClassReport
    habits: SeriesStatistics | None = None
    ranges: ColumnRanges | None = None
    chain: FallbackChain | None = None
    filling: NDArray[np.float64] | None = None
    templates: Templates | None = None

    @property
    def source(self) -> str:
        """The maker of a forecast's rows: `model`, or what was better than the network on validation rows."""
        return self.ensemble.source

    @property
    def linear(self) -> Part:
        """The linear forecaster of numbers, the first where there are two; without one, the first part of all."""
        return linear_of(self.ensemble)

    @property
    def networks(self) -> list[NetworkForecaster]:
        """The networks that there are, the first view's first."""
        return networks_of(self.ensemble)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Lookback, horizon and segment of its windows."""
        return self.contract.lookback, self.contract.horizon, self.contract.segment

    def in_its_seasons(self, panel: Panel) -> Panel:
        """The panel with the seasons that were found in training."""
        clock = dataclasses.replace(panel.clock, seasons=self.contract.clock.seasons)
        return dataclasses.replace(panel, clock=clock)

    def windows(self, panel: Panel, series: Integers) -> tuple[Windows, ...]:
        """The panel's windows, one a view; series: (S,) as the contract's check returns."""
        panel = self.in_its_seasons(panel)
        calendar = self.preparation.calendar(panel)
        return tuple(
            self.preparation.windows(panel, series, view, self.sizes, calendar=calendar)
            for view in self.views
        )

    def answer(self, views: Views, origins: Integers, levels: Sequence[float] = DEFAULT_LEVELS) -> Answer:
        """Answer B windows in the units of the CSV: (K, 1, B) and bands, or probabilities."""
        scaled = self.output.answer(self.ensemble, views, origins, self.output.needed(levels))
        found = self.output.finished(self._restored(scaled, views, origins), views[0], origins)
        return dataclasses.replace(found, bands={level: found.bands[level] for level in levels})

    def _restored(self, scaled: Answer, views: Views, origins: Integers) -> Answer:
        return self.output.restored(scaled, views[0].table.series[origins - 1])

    def predict(
        self,
        panel: Panel,
        horizon: int | None = None,
        levels: Sequence[int] | None = None,
        quantiles: Sequence[float] = (),
        *,
        fallback: bool = True,
        short_future: str = FAIL,
    ) -> Forecast:
        """Forecast each series from its last known target on, `horizon` steps (as trained, unless given).

        levels: of the bands, in percent (None: the usual one); quantiles: between 0 and 1, asked for besides; of
        classes there are neither, but the probability of each.

        A series whose window the model cannot carry is forecast by a simpler forecaster, and its rows say so; with
        `fallback` off it is refused. Beyond the trained horizon the forecast is rolled on: its own median, or its
        own probabilities, stand in for history. short_future: what is done where columns known ahead end before the
        trained horizon does: `fail`, `fill` or `hold`. Raises DataError when the panel does not fit the contract, has a
        series without any known target, or lacks known columns; UsageError for bands that there cannot be.
        """
        shown = self.output.levels(levels, quantiles)
        requested = self.output.needed([*shown, *map(level_of, quantiles)])
        steps, horizon = self.contract.horizon if horizon is None else horizon, self.contract.horizon
        start = self.start(panel, steps, short_future)
        panel, series, origins, views = start.panel, start.series, start.origins, start.views
        others, block = self._first_block(start, requested, may_fall_back=fallback)
        deaf = frozenset(found.series for found in others.fallbacks if found.source != "linear")
        blocks = [start.odd.widened(block).widened(wider(start.covered, self.filling, horizon, deaf))]
        at_once = looks_on(self.ensemble) and not others.places
        for done in () if at_once else range(horizon, steps, horizon):
            if self.output.remember(panel, views, blocks[-1], origins + done - horizon):
                views = self.windows(panel, series)
            scaled = self._block(views, origins, done, requested, others)
            blocks.append(self._restored(scaled, views, origins + done))
        own = others.is_own(len(origins))
        joined = self.output.joined(blocks)
        if at_once and steps > horizon:
            joined = joined.followed(self._further(views, origins, steps, requested))
        answer = self.output.finished(joined, start.views[0], origins, own)
        if start.moved.shifts:
            answer = of_numbers(self.output).within(start.moved.redone(answer))
        forecast = self._forecast(panel, origins, answer, steps, shown, quantiles)
        return dataclasses.replace(
            forecast,
            source=sources_with(
                self._sources((*start.moved.fallbacks(), *others.fallbacks), len(origins), steps),
                steps,
                start.covered,
                deaf,
            ),
            fallbacks=(
                *start.odd.fallbacks(panel, origins, self.source),
                *start.moved.fallbacks(),
                *others.fallbacks,
            ),
            filled=start.covered.filled,
            findings=(
                *start.odd.findings(panel, origins),
                *start.seen.findings,
                *start.beside,
                *self._silent(start.views, origins, series, others),
                *self.contract.beyond_holidays(forecast.times),
            ),
        )

    def start(self, panel: Panel, steps: int, short_future: str = FAIL) -> ForecastStart:
        """Return all that the forecasts of a panel start from; raises what `predict` does."""
        panel = self.contract.marked(panel)
        series = self.contract.check(panel)
        found = covered(panel, self.contract.horizon, steps, short_future)
        panel, origins = at_origin(found.panel, self.contract, steps, self._since(series))
        seen = compare(self.habits, panel, origins, series, self.contract)
        beside = () if self.ranges is None else tuple(self.ranges.findings(panel, origins, self.contract))
        panel = panel if self.ranges is None or not beside else self.ranges.held(panel)
        views = self.windows(panel, series)
        ask = self._foreseen(origins)
        odd = examine_end(panel, views, origins, seen.is_out, ask, partial(self._expected, series))
        if len(odd.series):
            panel = odd.mended(panel, origins)
            seen = compare(self.habits, panel, origins, series, self.contract)
        raw, lasting = panel, self._lasting(seen, panel, origins)
        if len(odd.series) or seen.is_out.any():
            panel = without_spikes(raw, seen.with_settled(lasting))
            views = self.windows(panel, series)
        shift = self._moved(raw, series, views, origins, ask, lasting)
        if shift.places:
            panel = shift.undone(without_spikes(raw, seen.with_settled([*shift.places, *lasting])), origins)
            views = self.windows(panel, series)
        return ForecastStart(panel, series, origins, seen, beside, views, odd, found, shift)

    def _lasting(self, seen: Comparison, panel: Panel, origins: Integers) -> list[int]:
        """The series whose rows far out of range are no spikes, since a quarter of each of the last two blocks is."""
        rows = moved.block_rows(self.contract.horizon, self.contract.clock.season)
        return moved.lasting_places(seen.is_out, panel.offsets, origins, rows)

    def _moved(
        self,
        panel: Panel,
        series: Integers,
        views: Views,
        origins: Integers,
        ask: Ask,
        lasting: Sequence[int],
    ) -> Moved:
        """The series whose level has moved; what is fitted when it forecasts moves with it.

        panel: with all rows; views: of those that are no spikes; lasting: places of series that are far out of range.
        """
        if panel.classes or self.chain is None or self.habits is None or not self._follows_moves:
            return nothing_moved()
        habits, naives = self.habits.take(series), self.chain.forecasters[1:]
        levels = (habits.least_level + habits.greatest_level) / 2

        def said(place: int) -> Said:
            return lambda one, starts: self.answer(self.windows(one, series[[place]]), starts, (MOVED_BAND,))

        return find_moved(
            panel,
            views,
            origins,
            self.contract.clock.season,
            [(naive.name, naive.reach()) for naive in naives],
            levels,
            ask,
            said,
            lasting,
        )

    @property
    def _follows_moves(self) -> bool:
        """Return whether levels that moved are looked for; of what is fitted when it forecasts they are not."""
        return self.chain is not None and self.habits is not None and not says_own_edges(self.ensemble)

    def _foreseen(self, origins: Integers) -> Ask:
        """Return an ask that answers at once what odd last rows and levels that moved are judged by."""
        horizon, season = self.contract.horizon, self.contract.clock.season
        backs = {*odd_end.backs_of(horizon)}
        if self._follows_moves:
            backs |= {*moved.backs_of(horizon, season)}
        return Foreseen(self._asked, origins, backs, (odd_end.LEVEL, moved.LEVEL))

    def _asked(self, views: Views, origins: Integers, levels: Sequence[float]) -> Answer:
        """Answer B windows, scaled."""
        return self.output.answer(self.ensemble, views, origins, levels)

    def _expected(self, series: Integers, panel: Panel, origins: Integers) -> Answer:
        """Answer B windows of another panel of the same series, in the units of the CSV."""
        return self.answer(self.windows(panel, series), origins, ())

    def _sources(self, fallbacks: Sequence[Fallback], count: int, steps: int) -> tuple[str, ...]:
        """Return the maker of each row of the forecasts of so many series, so many steps ahead."""
        made = {stood_in.series: stood_in.source for stood_in in fallbacks}
        return tuple(made.get(series, self.source) for series in range(count) for _ in range(steps))

    def _since(self, series: Integers) -> Times | None:
        """(S,) the stamp after which a part must see every row of each of the panel's series."""
        since = self.ensemble.since()
        return None if since is None else since[series]

    def _silent(
        self, views: Views, origins: Integers, series: Integers, others: FallbackForecasters
    ) -> list[Finding]:
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
        self, start: ForecastStart, levels: Sequence[float], *, may_fall_back: bool
    ) -> tuple[FallbackForecasters, Answer]:
        """Return the stand-ins and the first K rows of every series; raises DataError where nobody may stand in."""
        panel, views, origins, seen = start.panel, start.views, start.origins, start.seen
        codes = unfit(views[0], origins)
        if self.source == "model":
            alien = np.setdiff1d(np.flatnonzero(seen.is_alien), start.moved.places).tolist()
            codes = dict.fromkeys(alien, "out_of_range") | codes
        chain, stretch = self.chain if may_fall_back else None, self._stretch(start)
        codes = dict.fromkeys(start.moved.naive, "moved") | codes
        others = stand_ins(chain, codes, seen, stretch, panel, views, origins, start.moved)
        scaled = self._block(views, origins, 0, levels, others)
        # seen before the limits, which would hide it
        broken = np.flatnonzero(~np.isfinite(scaled.values).all(axis=(0, 1)))
        if len(broken):
            codes |= dict.fromkeys(broken.tolist(), "not_finite")
            others = stand_ins(chain, codes, seen, stretch, panel, views, origins, start.moved)
            scaled = self._block(views, origins, 0, levels, others)
        return others, self._restored(scaled, views, origins)

    def _stretch(self, start: ForecastStart) -> NDArray[np.float64]:
        """(S,) how many times further from the centre a window far out of range is than any before; of others 1."""
        stretch = np.ones(len(start.origins))
        if self.habits is None or not isinstance(self.preparation, Preparation):
            return stretch
        scaling, number = self.preparation.scaling, np.arange(len(self.contract.ids))
        ends = [np.abs(scaling.apply(end, number)) for end in (self.habits.lowest, self.habits.highest)]
        reach = np.maximum(np.maximum(*ends), 1e-9)[start.series]
        for place in np.flatnonzero(start.seen.is_alien):
            stretch[place] = max(start.views[0].furthest(int(start.origins[place])) / reach[place], 1.0)
        return stretch

    def _block(
        self, views: Views, origins: Integers, done: int, levels: Sequence[float], others: FallbackForecasters
    ) -> Answer:
        """K rows of every series from `done` steps after its origin on, scaled, from whoever makes them."""
        groups = list(others.groups(len(origins)))
        parts = [
            self.output.answer(self.ensemble, views, origins[places] + done, levels)
            if link is None
            else others.answer(link, views, origins, done, places, levels)
            for link, places in groups
        ]
        if len(parts) == 1:
            return parts[0]
        values = np.empty((*parts[0].values.shape[:2], len(origins)))
        bands = {level: (np.empty_like(values[:, 0]), np.empty_like(values[:, 0])) for level in levels}
        for (_, places), part in zip(groups, parts, strict=True):
            values[:, :, places] = part.values
            for level, edges in part.bands.items():
                for whole, edge in zip(bands[level], edges, strict=True):
                    whole[:, places] = edge
        return Answer(values, bands)

    def _further(self, views: Views, origins: Integers, steps: int, levels: Sequence[float]) -> Answer:
        """The rows beyond the trained horizon, which parts that are fitted when they forecast answer at once.

        Nothing that was forecast stands for history then, and bands grow as the parts' own variance does.
        """
        horizon = self.contract.horizon
        longer = tuple(dataclasses.replace(view, horizon=-(-steps // horizon) * horizon) for view in views)
        scaled = self.output.answer(looking_on(self.ensemble), longer, origins, levels)
        return self._restored(scaled, longer, origins).since(horizon)

    def _forecast(
        self,
        panel: Panel,
        origins: Integers,
        answer: Answer,
        steps: int,
        levels: Sequence[int],
        quantiles: Sequence[float],
    ) -> Forecast:
        """Lay the first steps of an answer (K', Q, B) about B origins end to end."""
        refuse_overflow(~np.isfinite(answer.values))
        series = np.searchsorted(panel.offsets, origins - 1, side="right") - 1
        return Forecast(
            ids=panel.ids,
            series=np.repeat(series, steps),
            times=panel.times[(origins[:, None] + np.arange(steps)).reshape(-1)],
            source=(self.source,) * (len(origins) * steps),
            clock=panel.clock,
            id_name=panel.id_name,
            **self.output.shown(answer, steps, levels, quantiles),
        )

    def judged(self) -> dict[str, Answering]:
        """The model and what it is compared with, all to be evaluated on the same windows."""
        baselines = self.output.baselines(self.ensemble, self.contract.clock.seasons)
        return {part.name: self.output.judged(part) for part in (self.ensemble, *baselines)}

    def evaluate(self, panel: Panel, stride: int = 1) -> Evaluation:
        """Rolling-origin backtest on rows the model has not seen, in `test`; seen ones stand apart, in `seen`.

        Where the file has no unseen rows, `test` is about seen ones, and `in_sample` says so. stride: rows between two
        origins. Raises DataError where the file has no window of known rows.
        """
        panel = self.contract.marked(panel)
        views = self.windows(panel, self.contract.check(panel))
        seen, fresh = (found[::stride] for found in seen_and_fresh(panel, views[0], self.seen_until))
        seen = self._some(seen)
        if not len(fresh):
            return evaluation(self._judge(panel, views, seen, in_sample=True), stride)
        before = self._judge(panel, views, seen, in_sample=True) if len(seen) else None
        return evaluation(self._judge(panel, views, fresh, in_sample=False), stride, before)

    def _some(self, seen: Integers) -> Integers:
        """All windows of seen rows, or some where each is fitted anew: they are of little worth."""
        return spaced(seen, MOST_SEEN) if is_fitted_anew(self.ensemble) else seen

    def backcasts(self, panel: Panel, stride: int = 1) -> Iterator[HistoricalForecast]:
        """The single forecasts that `evaluate` judges, a bounded number at a time: unseen ones, then seen ones."""
        panel = self.contract.marked(panel)
        views = self.windows(panel, self.contract.check(panel))
        windows, levels = views[0], self.output.levels(None, ())
        seen, fresh = seen_and_fresh(panel, windows, self.seen_until)
        for origins, in_sample in ((fresh[::stride], False), (self._some(seen[::stride]), True)):
            for chunk in windows.chunks(origins):
                answer = self.answer(views, chunk, levels)
                forecast = self._forecast(panel, chunk, answer, windows.horizon, levels, ())
                actual = windows.ahead(panel.target, chunk).T.reshape(-1)
                yield HistoricalForecast(forecast, panel.times[chunk - 1], actual, in_sample)

    def rows_seen(self, panel: Panel, series: Integers) -> int:
        """Count the rows of the panel with a known target that have taught or chosen anything."""
        until = np.repeat(self.seen_until[series], panel.lengths)
        return int((np.isfinite(panel.target) & (panel.times <= until)).sum())

    def learned(self, panel: Panel, series: Integers, rows_before: int = 0) -> Learned:
        """Return how many rows the model has seen, `rows_before` of them not in this panel, and until when."""
        until = self.seen_until[series].max(keepdims=True)
        return Learned(rows=rows_before + self.rows_seen(panel, series), until=panel.clock.write(until)[0])

    def judge(self, panel: Panel, origins: Integers) -> Judgement:
        """Judge windows of rows that the model has not seen, as `evaluate` does; origins: (n,), n > 0."""
        panel = self.contract.marked(panel)
        return self._judge(panel, self.windows(panel, self.contract.check(panel)), origins, in_sample=False)

    def _judge(self, panel: Panel, views: Views, origins: Integers, *, in_sample: bool) -> Judgement:
        found = backtest(self.judged(), views, origins, self.output.scorer(panel), groupings_of(panel))
        return judgement(found, panel, origins, self.contract.clock.seasons, in_sample=in_sample)


@dataclass(frozen=True, eq=False)
class ForecastStart:
    """The place where the forecasts of S series begin.

    panel: history without what is odd, then the rows to be forecast; series: (S,) which of the model's each is;
    origins: (S,); seen, beside: what the last rows are like; views: of the rows; odd: last rows taken as missing;
    covered: what stands in for columns that the file lacks; moved: levels that moved, of which the panel has the rows
    as they would have been.
    """

    panel: Panel
    series: Integers
    origins: Integers
    seen: Comparison
    beside: tuple[Finding, ...]
    views: tuple[Windows, ...]
    odd: OddEnd
    covered: Covered
    moved: Moved


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
    """Group the target rows of an evaluation: by hour and weekday where the clock has them, and by series."""
    wall, groupings = panel.clock.wall(panel.times), {}
    if panel.clock.step is not None and not panel.clock.is_counter:
        hours = wall.astype("datetime64[h]").astype(np.int64) % 24
        groupings["hour"] = ([str(hour) for hour in range(24)], hours)
    if panel.clock.is_daily or "hour" in groupings:
        groupings["weekday"] = (list(WEEKDAYS), weekday(wall))
    if len(panel.ids) > 1:
        groupings["series"] = (list(panel.ids), panel.series_of_rows())
    return groupings
