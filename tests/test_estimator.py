"""The scikit-learn door: parameters are the options, and a frame goes in and comes out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.options import Options
from lstmcast.estimator import LSTMForecaster
from lstmcast.ingest import ReadingRules


def _daily_profile(rows: int, zone: str | None = None) -> pd.Series:
    hours = np.arange(rows)
    values = 10 + np.sin(2 * np.pi * hours / 24) + 0.05 * np.random.default_rng(0).normal(size=rows)
    return pd.Series(values, pd.date_range("2024-03-01", periods=rows, freq="h", tz=zone), name="load")


def test_its_parameters_are_the_options_with_their_defaults() -> None:
    about_files = {"time", "id"} | {field.name for field in dataclasses.fields(ReadingRules)}
    expected = {f.name: f.default for f in dataclasses.fields(Options) if f.name not in about_files}
    assert LSTMForecaster().get_params() == expected


def test_a_clone_has_the_same_parameters_and_no_model() -> None:
    copy = clone(LSTMForecaster(hidden=8, seed=3))
    assert (copy.hidden, copy.seed) == (8, 3)
    assert not hasattr(copy, "model_")


def test_a_parameter_that_is_no_option_is_refused() -> None:
    with pytest.raises(TypeError, match="no parameter 'hiden'"):
        LSTMForecaster(hiden=8)


def test_a_forecast_follows_the_series_in_its_own_zone() -> None:
    series = _daily_profile(1200, "Europe/Helsinki")
    forecast = LSTMForecaster(steps=5, hidden=8, lookback=48).fit(series).predict(series, horizon=6)
    expected = pd.date_range(series.index[-1] + pd.Timedelta("1h"), periods=6, freq="h")
    assert list(forecast.index) == list(expected)
    assert list(forecast.columns) == ["forecast", "lo_80", "hi_80", "source"]
    assert (
        np.abs(forecast["forecast"].to_numpy() - 10 - np.sin(2 * np.pi * np.arange(1200, 1206) / 24)).max()
        < 0.3
    )


def test_an_index_without_a_step_is_refused_with_the_remedy() -> None:
    series = _daily_profile(100).drop(pd.Timestamp("2024-03-02 05:00"))
    with pytest.raises(DataError, match="asfreq"):
        LSTMForecaster().fit(series)


def test_several_columns_need_a_target() -> None:
    frame = _daily_profile(100).to_frame().assign(other=1.0)
    with pytest.raises(UsageError, match="load, other"):
        LSTMForecaster().fit(frame)
