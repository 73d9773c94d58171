"""SktimeForecaster: lstmcast as a forecaster of sktime, whose cross-validation, tuning and pipelines take it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from lstmcast.core.options import FILL
from lstmcast.core.panel import KNOWN, TARGET, Clock, Column, Forecast, Panel
from lstmcast.interface.estimator.errors import as_value_errors
from lstmcast.interface.estimator.parameters import SIGNATURE, options_of, parameters_of
from lstmcast.interface.estimator.rows import axis_of, places_on
from lstmcast.interface.model import Model
from lstmcast.pipeline.fit import fit

try:
    from sktime.forecasting.base import BaseForecaster
except ImportError as error:
    raise ImportError(
        "sktime is not installed; it is the extra sktime: pip install 'lstmcast[sktime]'"
    ) from error

_BETWEEN = " / "  # the names of the levels of a series
_ID = "series"


class SktimeForecaster(BaseForecaster):  # type: ignore[misc]
    """The forecaster for sktime; its parameters are those of LSTMForecaster, and columns of X are known ahead.

    A horizon that is not given is the furthest step of `fh` in fit; beyond the horizon the forecast is rolled on.
    Several series, also of a hierarchy, teach one model. model_ is the model, whose report is the verdict on the last
    rows of y.

    Examples
    --------
    >>> from lstmcast import SktimeForecaster
    >>> from sktime.datasets import load_airline
    >>> forecaster = SktimeForecaster(steps=5, hidden=4, smoothing="no")
    >>> forecast = forecaster.fit(load_airline(), fh=[1, 2, 3]).predict()
    """

    _tags: ClassVar[dict[str, Any]] = {
        "authors": "lstmcast",
        "maintainers": "lstmcast",
        "y_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "X_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "capability:multivariate": False,
        "capability:exogenous": True,
        "capability:categorical_in_X": False,
        "capability:insample": False,
        "capability:pred_int": True,
        "capability:pred_int:insample": False,
        "capability:missing_values": True,
        "requires-fh-in-fit": False,
    }

    model_: Model

    def __init__(self, **options: Any) -> None:
        for name, value in parameters_of(type(self).__name__, options).items():
            setattr(self, name, value)
        super().__init__()
        self.set_config(remember_data=True)  # a forecast starts from the rows before it

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Parameters with which a few rows are learned in no time."""
        quick = {"steps": 2, "hidden": 2, "smoothing": "no", "final": False, "threads": 1}
        few = quick | {"horizon": 1, "lookback": 1}
        return [few, few | {"cell": "gru", "layers": 2}]

    def _fit(self, y: Any, X: Any, fh: Any) -> SktimeForecaster:
        with as_value_errors():
            options = options_of(self)
            known = () if X is None else tuple(map(str, X.columns))
            options = dataclasses.replace(options, known=known, target=None)
            if options.horizon is None and fh is not None:
                options = dataclasses.replace(
                    options, horizon=max(int(fh.to_relative(self.cutoff).to_pandas()[-1]), 1)
                )
            self._clock = _clock(y, options)
            self.model_ = Model.of(fit(self._panel(y, X), options))
        return self

    def _predict(self, fh: Any, X: Any) -> Any:
        return self._laid_out(fh, X, (), lambda found: found.point[:, None], self._names())

    def _predict_quantiles(self, fh: Any, X: Any, alpha: Sequence[float]) -> Any:
        """The quantiles (levels `alpha`), one column each."""
        name = self._names()[0]
        columns = pd.MultiIndex.from_product([[name], alpha])

        def picked(found: Forecast) -> Any:
            return np.column_stack([found.quantiles[level] for level in alpha])

        return self._laid_out(fh, X, tuple(dict.fromkeys(alpha)), picked, columns)

    def _names(self) -> Any:
        return self._get_varnames()

    def _laid_out(self, fh: Any, X: Any, quantiles: Sequence[float], pick: Any, columns: Any) -> pd.DataFrame:
        """The part of the forecast that is picked, at the steps of fh."""
        wanted = fh.to_absolute_index(self.cutoff)
        with as_value_errors():
            times = _times(wanted, self._clock)
            panel = self._panel(self._y, _joined(self._X, X), times)
            ahead = _furthest(panel, times)
            found = self.model_.predict(panel, ahead, quantiles=quantiles, short_future=FILL)
        values = pick(found)
        frames = []
        for number, (instance, _) in enumerate(_series(self._y)):
            own = np.flatnonzero(found.series == number)
            rows = own[np.searchsorted(found.times[own], times)]
            index = wanted if instance is None else _under(instance, wanted, self._y.index.names)
            frames.append(pd.DataFrame(values[rows], index, columns=columns))
        return frames[0] if len(frames) == 1 else pd.concat(frames)

    def _panel(self, y: Any, X: Any, until: Any = None) -> Panel:
        """The series as a panel, with rows for the times `until` which X is known ahead."""
        columns = (
            Column("y", TARGET),
            *(Column(str(name), KNOWN) for name in (() if X is None else X.columns)),
        )
        ids, blocks, grids = [], [], []
        others = {} if X is None else dict(_series(X))
        for instance, own in _series(y):
            times = _times(own.index, self._clock)
            last = times[-1] if until is None else max(times[-1], until[-1])
            grid = self._clock.grid(times[0], self._clock.steps(times[0], last) + 1)
            values = np.full((len(grid), len(columns)), np.nan)
            values[places_on(self._clock, times[0], times), 0] = own.to_numpy(dtype=np.float64)[:, 0]
            if others:
                _write(values[:, 1:], others[instance], self._clock, grid)
            if until is not None:
                later = pd.DataFrame(values[len(times) :, 1:]).ffill().bfill()  # steps that fh leaves out
                values[len(times) :, 1:] = later.to_numpy()
            ids.append("" if instance is None else _BETWEEN.join(map(str, instance)))
            blocks.append(values)
            grids.append(grid)
        offsets = np.cumsum([0, *map(len, grids)])
        is_one = ids == [""]
        return Panel(
            tuple(ids),
            offsets,
            np.concatenate(grids),
            np.concatenate(blocks),
            columns,
            self._clock,
            id_name=None if is_one else _ID,
        )


SktimeForecaster.__init__.__signature__ = SIGNATURE  # type: ignore[attr-defined]


def _series(frame: pd.DataFrame) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Each series with its name, a tuple of the upper levels of the index, or None where there are none."""
    if not isinstance(frame.index, pd.MultiIndex):
        yield None, frame
        return
    levels: Any = list(range(frame.index.nlevels - 1))
    for instance, own in frame.groupby(level=levels, sort=True):
        yield instance if isinstance(instance, tuple) else (instance,), own.droplevel(levels)


def _under(instance: tuple[Any, ...], index: pd.Index, names: Any) -> pd.MultiIndex:
    """The index with the name of a series before it."""
    return pd.MultiIndex.from_tuples([(*instance, stamp) for stamp in index], names=names)


def _clock(y: pd.DataFrame, options: Any) -> Clock:
    """The clock of the longest series."""
    longest = max((own for _, own in _series(y)), key=len)
    index = longest.index
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    return axis_of(index, options)[0]


def _times(index: pd.Index, clock: Clock) -> Any:
    """(n,) the times of an index in UTC; whole numbers are those of a counter."""
    if clock.is_counter:
        return np.asarray(index, dtype=np.int64).astype("datetime64[us]")
    stamps = index.to_timestamp() if isinstance(index, pd.PeriodIndex) else pd.DatetimeIndex(index)
    naive = stamps if stamps.tz is None else stamps.tz_convert("UTC").tz_localize(None)
    times = naive.to_numpy().astype("datetime64[us]")
    return clock.utc(times) if stamps.tz is None else times


def _joined(seen: Any, fresh: Any) -> Any:
    """The columns of X, remembered and given, the given ones where both have a row."""
    if seen is None or fresh is None:
        return seen if fresh is None else fresh
    both = pd.concat([seen, fresh])
    return both[~both.index.duplicated(keep="last")].sort_index()


def _write(values: Any, X: pd.DataFrame, clock: Clock, grid: Any) -> None:
    """Put the rows of X that the grid has into (N, C) values."""
    times = _times(X.index, clock)
    is_there = (times >= grid[0]) & (times <= grid[-1])
    values[np.searchsorted(grid, times[is_there])] = X.to_numpy(dtype=np.float64)[is_there]


def _furthest(panel: Panel, times: Any) -> int:
    """Rows from the last known target of a series to the last of these times, at most."""
    last = panel.known_until() - 1
    return max(panel.clock.steps(panel.times[row], times[-1]) for row in last)
