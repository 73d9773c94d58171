"""The scikit-learn door: LSTMForecaster takes a pandas Series or DataFrame with a regular time index."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.options import Options
from lstmcast.core.panel import KNOWN, PAST, TARGET, Clock, Column, Panel, default_seasons
from lstmcast.evaluation.verdict import seasonal_skill
from lstmcast.model.model import Model
from lstmcast.pipeline.fit import fit

# What is about files says nothing to a DataFrame.
_FIELDS = [
    f
    for f in dataclasses.fields(Options)
    if f.metadata["group"] != "Reading" and f.name not in ("time", "id")
]

# An attribute `transform` would make scikit-learn take the estimator for a transformer.
_OTHERWISE = {"transform": "target_transform"}
_DEFAULTS = {_OTHERWISE.get(field.name, field.name): field.default for field in _FIELDS}


class LSTMForecaster(BaseEstimator):  # type: ignore[misc]
    """The scikit-learn estimator that forecasts a series; its parameters are the `Options` that are not about files.

    `transform` is called `target_transform` here, and is accepted by its own name too. Parameters are stored as given
    and checked in `fit`, after which model_ is the model, report_ its verdict on test rows.
    """

    model_: Model
    report_: Mapping[str, Any]

    def __init__(self, **options: Any) -> None:
        given = {_OTHERWISE.get(name, name): value for name, value in options.items()}
        unknown = sorted(given.keys() - _DEFAULTS.keys())
        if unknown:
            raise TypeError(f"LSTMForecaster has no parameter {unknown[0]!r}")
        for name, value in (_DEFAULTS | given).items():
            setattr(self, name, value)

    def fit(self, X: pd.DataFrame | pd.Series, y: None = None) -> LSTMForecaster:
        """Train on X: a Series, or a DataFrame whose `target` column (or only column) is forecast.

        The index is a regular DatetimeIndex; missing values are NaN. A target of text or categories is one of classes.
        Raises the errors of lstmcast.errors.
        """
        options = Options(
            **{field.name: getattr(self, _OTHERWISE.get(field.name, field.name)) for field in _FIELDS}
        )
        self.model_ = fit(panel_of(X, options), options)
        self.report_ = self.model_.report
        return self

    def predict(self, X: pd.DataFrame | pd.Series, horizon: int | None = None) -> pd.DataFrame:
        """The forecast from the last known target in X on, indexed by time, with its 80 % band.

        Of classes, the likeliest one and the probability of each; a class that the model does not know is missing.
        """
        check_is_fitted(self, "model_")
        panel = panel_of(X, self.model_.options, self.model_.contract.classes)
        forecast = self.model_.predict(panel, horizon)
        wall = pd.DatetimeIndex(forecast.clock.wall(forecast.times))
        table = pd.DataFrame(forecast.table()).drop(columns="time")
        zone = forecast.clock.zone
        utc = pd.DatetimeIndex(forecast.times)
        return table.set_axis(wall if zone is None else utc.tz_localize("UTC").tz_convert(zone), axis=0)

    def score(self, X: pd.DataFrame | pd.Series, y: None = None) -> float:
        """Return the skill on X with a rolling origin: the share by which the error is below the seasonal naive's.

        Of classes it is measured by log loss, beside the frequency table. NaN where the naive is without error.
        """
        check_is_fitted(self, "model_")
        panel = panel_of(X, self.model_.options, self.model_.contract.classes)
        found = seasonal_skill(self.model_.evaluate(panel)["test"], panel.clock)
        return float("nan") if found is None else found


LSTMForecaster.__init__.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [
        inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD),
        *(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=one)
            for name, one in _DEFAULTS.items()
        ),
    ]
)


def panel_of(
    data: pd.DataFrame | pd.Series, options: Options, classes: tuple[str, ...] | None = None
) -> Panel:
    """A single series as a Panel; raises DataError where its index is not a regular time axis.

    classes: those of a model's target, none where it is numbers; None: as the data have them.
    """
    frame = data.to_frame(data.name or "y") if isinstance(data, pd.Series) else data
    target = _target(frame, options)
    columns = [Column(target, TARGET)]
    columns += [Column(name, KNOWN) for name in options.known] + [Column(name, PAST) for name in options.past]
    absent = [column.name for column in columns if column.name not in frame.columns]
    if absent:
        message = f"no column {absent[0]!r}; there are {', '.join(map(str, frame.columns))}"
        raise DataError(message, column=absent[0])
    clock, times = _clock(frame.index, options)
    classes = _classes(frame[target]) if classes is None else classes
    targets = _codes(frame[target], classes) if classes else frame[target].to_numpy(dtype=np.float64)
    others = frame[[column.name for column in columns[1:]]].to_numpy(dtype=np.float64)
    values = np.column_stack([targets, others])
    return Panel(("",), np.array([0, len(frame)]), times, values, tuple(columns), clock, classes=classes)


def _classes(target: pd.Series) -> tuple[str, ...]:
    """Categories in their order, or the texts that there are, sorted; none of numbers."""
    if isinstance(target.dtype, pd.CategoricalDtype):
        return tuple(map(str, target.dtype.categories))
    if pd.api.types.is_numeric_dtype(target) or pd.api.types.is_bool_dtype(target):
        return ()
    return tuple(sorted(map(str, target.dropna().unique())))


def _codes(target: pd.Series, classes: tuple[str, ...]) -> np.ndarray:
    """(n,) the place of each class, NaN where it is missing or none of these."""
    places = {name: float(place) for place, name in enumerate(classes)}
    return np.array([np.nan if pd.isna(x) else places.get(str(x), np.nan) for x in target])


def _target(frame: pd.DataFrame, options: Options) -> str:
    if options.target is not None:
        return options.target
    if len(frame.columns) == 1:
        return str(frame.columns[0])
    raise UsageError(f"target= names one of the columns {', '.join(map(str, frame.columns))}")


def _clock(index: pd.Index, options: Options) -> tuple[Clock, Any]:
    if not isinstance(index, pd.DatetimeIndex):
        raise DataError(
            f"the index is a DatetimeIndex, sorted and regular; this one is a {type(index).__name__}"
        )
    freq = options.freq or index.freqstr or pd.infer_freq(index)
    if freq is None:
        raise DataError("the index has no regular step; give it one with .asfreq(), which shows gaps as NaN")
    zone = options.tz if index.tz is None else str(index.tz)
    seasons = default_seasons(freq) if options.season is None else options.season
    clock = Clock(freq, zone, seasons)
    naive = index if index.tz is None else index.tz_convert("UTC").tz_localize(None)
    times = naive.to_numpy().astype("datetime64[us]")
    return clock, clock.utc(times) if index.tz is None else times
