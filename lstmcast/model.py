"""A trained forecaster: everything that predicting needs, and nothing else."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.contract import Contract
from lstmcast.errors import DataError
from lstmcast.evaluation import Answer, Forecaster, Report, backtest, baseline_forecasters, verdict
from lstmcast.hybrid import Hybrid
from lstmcast.intervals import Intervals
from lstmcast.linear.highway import Highway
from lstmcast.options import Options
from lstmcast.panel import KNOWN, Forecast, Integers, Panel
from lstmcast.preparation import Preparation
from lstmcast.rolling import at_origin, join, remember
from lstmcast.windows import MOST_MISSING, Windows

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """What a model file holds.

    hybrid is None where the linear forecaster was no worse on validation rows, and ships instead.
    mase_scale: (S,) MASE's denominators; seen_until: (S,) stamp of the last row that taught or chose anything.
    """

    contract: Contract
    options: Options
    preparation: Preparation
    highway: Highway
    hybrid: Hybrid | None
    intervals: Intervals
    mase_scale: Numbers
    seen_until: NDArray[np.datetime64]
    report: dict[str, Any]

    @property
    def source(self) -> str:
        """What makes the rows of a forecast: `model` or `linear`."""
        return "linear" if self.hybrid is None else "model"

    def windows(self, panel: Panel, series: Integers) -> Windows:
        """The panel's windows as this model sees them; series: (S,) as the contract's check returns."""
        table = self.preparation.table(panel, series)
        return Windows(table, self.contract.lookback, self.contract.horizon, self.contract.segment)

    def answer(self, windows: Windows, origins: Integers) -> Answer:
        """The forecast of B windows: point (K, B) and bands, in the units of the CSV."""
        forecaster = self.highway if self.hybrid is None else self.hybrid
        point = forecaster.point(windows, origins)
        series = windows.table.series[origins - 1]
        undo = self.preparation.scaling.undo
        bands = self.intervals.bands(point).items()
        return Answer(
            undo(point, series),
            {level: (undo(lower, series), undo(upper, series)) for level, (lower, upper) in bands},
        )

    def predict(self, panel: Panel, horizon: int | None = None) -> Forecast:
        """Forecast each series from its last known target on, `horizon` steps (as trained, unless given).

        Beyond the trained horizon the forecast is rolled on: its own median stands in for history.
        Raises DataError when the panel does not fit the contract, is too short, too full of gaps, or lacks known columns.
        """
        series = self.contract.check(panel)
        ahead = self.contract.horizon if horizon is None else horizon
        panel, origins = at_origin(panel, self.contract, ahead)
        blocks = []
        for done in range(0, ahead, self.contract.horizon):
            blocks.append(self._block(panel, series, origins + done))
            remember(panel, blocks[-1].point, origins + done)
        return self._forecast(panel, origins, blocks, ahead)

    def _block(self, panel: Panel, series: Integers, origins: Integers) -> Answer:
        windows = self.windows(panel, series)
        refused = np.setdiff1d(origins, windows.usable(origins, with_targets=False))
        if len(refused):
            name = panel.ids[int(np.searchsorted(panel.offsets, refused[0], side="right")) - 1]
            raise DataError(
                f"more than {MOST_MISSING:.0%} of the last {self.contract.lookback} rows of "
                f"{self.contract.target!r}{f' of {name}' if name else ''} are missing; fill them or send a longer file"
            )
        return self.answer(windows, origins)

    def _forecast(self, panel: Panel, origins: Integers, blocks: list[Answer], ahead: int) -> Forecast:
        """Lay the blocks (K, S) end to end, series by series."""
        count = len(origins)

        def flat(parts: list[Numbers]) -> Numbers:
            return np.concatenate(parts)[:ahead].T.reshape(-1)

        bands = join([block.point for block in blocks], [block.bands for block in blocks])
        return Forecast(
            ids=panel.ids,
            series=np.repeat(np.arange(count), ahead),
            times=panel.times[(origins[:, None] + np.arange(ahead)).reshape(-1)],
            point=flat([block.point for block in blocks]),
            bands={level: (flat(lower), flat(upper)) for level, (lower, upper) in bands.items()},
            source=(self.source,) * (count * ahead),
            clock=panel.clock,
            id_name=panel.id_name,
        )

    def forecasters(self, windows: Windows) -> dict[str, Forecaster]:
        """The model, the baselines and the linear forecaster, all to be judged on the same windows."""

        def undo(scaled: Numbers, origins: Integers) -> Numbers:
            return self.preparation.scaling.undo(scaled, windows.table.series[origins - 1])

        named: dict[str, Forecaster] = {"model": lambda origins: self.answer(windows, origins)}
        named |= baseline_forecasters(windows, self.contract.clock.seasons, undo)
        named["linear"] = lambda origins: Answer(undo(self.highway.point(windows, origins), origins), {})
        return named

    def evaluate(self, panel: Panel, stride: int = 1) -> dict[str, Any]:
        """Rolling-origin backtest on rows the model has not seen; where there are none, on seen ones, marked so."""
        windows = self.windows(panel, self.contract.check(panel))
        everywhere = [
            np.arange(a + windows.lookback, b - windows.horizon + 1)
            for a, b in zip(panel.offsets[:-1], panel.offsets[1:], strict=True)
        ]
        origins = windows.usable(np.concatenate(everywhere).astype(np.int64))
        fresh = origins[panel.times[origins] > self.seen_until[windows.table.series[origins]]]
        judged = (fresh if len(fresh) else origins)[::stride]
        if not len(judged):
            raise DataError(
                f"no window of {windows.lookback} + {windows.horizon} known rows in the file; nothing to evaluate"
            )
        report = backtest(self.forecasters(windows), windows, panel.target, judged, self.mase_scale)
        return summary(report, panel, judged) | {"in_sample": not len(fresh), "stride": stride}


def summary(report: Report, panel: Panel, origins: Integers) -> dict[str, Any]:
    """A report as plain data, with its verdict; origins: (n,) what was judged, at least one."""
    first, last = origins.min(), origins.max() + len(report.by_horizon) - 1
    stamps = panel.times[[first, last]]
    rows = (last - first + 1) if len(panel.ids) == 1 else len(origins) // len(panel.ids)
    return {
        "test": report.overall,
        "by_horizon": report.by_horizon,
        "windows": report.windows,
        "blocks": panel.clock.write(stamps),
        "verdict": verdict(report.overall, panel.clock, int(rows)),
    }
