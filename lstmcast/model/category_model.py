"""A trained forecaster of classes: everything that predicting needs, and nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.options import Options
from lstmcast.core.panel import Fallback, Forecast, Integers, Panel
from lstmcast.data.category_preprocessing import ClassPreparation
from lstmcast.data.category_windows import ClassWindows
from lstmcast.evaluation.backtest import Backcast, class_backtest
from lstmcast.evaluation.report import ClassReport, Evaluation, Judgement, evaluation, judgement
from lstmcast.forecasters.base import Forecaster, Views
from lstmcast.forecasters.category_naive import FrequencyTable, Transitions
from lstmcast.forecasters.ensemble import Ensemble, leaves, networks_of
from lstmcast.forecasters.logistic import Logistic
from lstmcast.forecasters.network import NetworkForecaster
from lstmcast.model.fallback import REMEDIES, reason_of, unfit
from lstmcast.model.model import Model, groupings_of, seen_and_fresh
from lstmcast.model.recursion import at_origin
from lstmcast.model.schema import Contract

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassModel:
    """What the model file of a target of classes holds; the contract names them, in their order.

    seen_until: (S,) stamp of the last row that taught or chose anything.
    """

    contract: Contract
    options: Options
    preparation: ClassPreparation
    ensemble: Ensemble
    seen_until: NDArray[np.datetime64]
    report: ClassReport

    @property
    def source(self) -> str:
        """What makes the rows of a forecast: `model`, or what was better on validation rows."""
        return self.ensemble.source

    @property
    def persistence(self) -> Transitions:
        """The forecaster that stands in for the model."""
        return next(part for part in leaves(self.ensemble) if isinstance(part, Transitions))

    @property
    def networks(self) -> list[NetworkForecaster]:
        """The network, if there is one."""
        return networks_of(self.ensemble)

    @property
    def logistic(self) -> Logistic:
        """The logistic regression, which the network starts from."""
        return next(part for part in leaves(self.ensemble) if isinstance(part, Logistic))

    def windows(self, panel: Panel, series: Integers) -> tuple[ClassWindows]:
        """The panel's windows as this model sees them; series: (S,) as the contract's check returns."""
        contract = self.contract
        clock = dataclasses.replace(panel.clock, seasons=contract.clock.seasons)
        panel = dataclasses.replace(panel, clock=clock)
        sizes = contract.lookback, contract.horizon, contract.segment
        return (self.preparation.windows(panel, series, *sizes),)

    def predict(
        self,
        panel: Panel,
        horizon: int | None = None,
        levels: Sequence[int] = (),
        quantiles: Sequence[float] = (),
        *,
        fallback: bool = True,
    ) -> Forecast:
        """The probability of each class from each series' last known target on, `horizon` steps (as trained).

        In a series that is too short or too full of gaps for the model, persistence stands in; with `fallback` off it
        is refused. Beyond the trained horizon the forecast is rolled on: its own probabilities stand in for history.
        Raises UsageError for levels and quantiles, which are of numbers; DataError when the panel does not fit the
        contract, has a series without any known class, or lacks known columns.
        """
        if levels or quantiles:
            raise UsageError(
                "a forecast of classes has probabilities, no bands; leave --level and --quantiles out"
            )
        panel = self.contract.marked(panel)
        series = self.contract.check(panel)
        ahead = self.contract.horizon if horizon is None else horizon
        panel, origins = at_origin(panel, self.contract, ahead)
        views = self.windows(panel, series)
        fallbacks = _stand_ins(panel, views[0], origins, may_fall_back=fallback)
        places = [found.series for found in fallbacks]
        blocks = []
        for done in range(0, ahead, self.contract.horizon):
            blocks.append(self._block(views, origins, done, places))
            remember_classes(views[0], blocks[-1], origins + done)
        forecast = self._forecast(panel, origins, np.concatenate(blocks)[:ahead])
        sources = np.repeat([self.source], len(origins)).astype(object)
        sources[places] = [found.source for found in fallbacks]
        return dataclasses.replace(
            forecast,
            source=tuple(np.repeat(sources, ahead)),
            fallbacks=fallbacks,
            findings=self.contract.beyond_holidays(forecast.times),
        )

    def _block(self, views: Views, origins: Integers, done: int, places: list[int]) -> Numbers:
        """(K, C, S) from `done` steps after the origins on; places: series that persistence stands in for."""
        found = np.empty((self.contract.horizon, len(self.contract.classes), len(origins)))
        whole = np.setdiff1d(np.arange(len(origins)), places)
        if len(whole):
            found[:, :, whole] = self.ensemble.predict(views, origins[whole] + done)
        if places:
            found[:, :, places] = self.persistence.after(done).predict(views, origins[places])
        return found

    def _forecast(self, panel: Panel, origins: Integers, probabilities: Numbers) -> Forecast:
        """Lay the probabilities (K', C, B) of B origins end to end."""
        ahead, classes, count = probabilities.shape
        flat = probabilities.transpose(2, 0, 1).reshape(-1, classes)
        return Forecast(
            ids=panel.ids,
            series=np.repeat(np.searchsorted(panel.offsets, origins - 1, side="right") - 1, ahead),
            times=panel.times[(origins[:, None] + np.arange(ahead)).reshape(-1)],
            point=flat.argmax(axis=1).astype(np.float64),
            bands={},
            source=(self.source,) * (count * ahead),
            clock=panel.clock,
            id_name=panel.id_name,
            probabilities=dict(zip(self.contract.classes, flat.T, strict=True)),
        )

    def judged(self) -> list[Forecaster]:
        """The model and what it is compared with, all to be judged on the same windows."""
        return [self.ensemble, self.persistence, FrequencyTable(), self.logistic]

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

    def _judge(
        self, panel: Panel, views: Sequence[ClassWindows], origins: Integers, *, in_sample: bool
    ) -> Judgement:
        found = class_backtest(self.judged(), views, origins, groupings_of(panel))
        return judgement(found, panel, origins, self.contract.clock.seasons, in_sample=in_sample)

    def backcasts(self, panel: Panel, stride: int = 1) -> Iterator[Backcast]:
        """The single forecasts that `evaluate` judges, a bounded number at a time: unseen ones, then seen ones."""
        panel = self.contract.marked(panel)
        views = self.windows(panel, self.contract.check(panel))
        windows = views[0]
        seen, fresh = seen_and_fresh(panel, windows, self.seen_until)
        for origins, in_sample in ((fresh, False), (seen, True)):
            for chunk in windows.chunks(origins[::stride]):
                forecast = self._forecast(panel, chunk, self.ensemble.predict(views, chunk))
                actual = windows.codes(chunk).T.reshape(-1)
                yield Backcast(forecast, panel.times[chunk - 1], actual, in_sample)


def _stand_ins(
    panel: Panel, windows: ClassWindows, origins: Integers, *, may_fall_back: bool
) -> tuple[Fallback, ...]:
    """The series that the model cannot forecast, and why; raises DataError where nobody may stand in."""
    found = []
    for place, code in sorted(unfit(windows, origins).items()):
        reason = reason_of(code, panel, windows, int(origins[place]))
        if not may_fall_back:
            raise DataError(f"{reason}; {REMEDIES[code]}", column=panel.columns[0].name)
        found.append(Fallback(place, "persistence", code, reason))
    return tuple(found)


def remember_classes(windows: ClassWindows, probabilities: Numbers, origins: Integers) -> None:
    """Write probabilities (K, C, B) where the past has ones and zeros, so that the next block has them for history."""
    rows = origins[None] + np.arange(windows.horizon)[:, None]
    windows.table.past[rows, : windows.classes] = probabilities.transpose(0, 2, 1)


AnyModel = Model | ClassModel
