"""The scikit-learn door: parameters are the options, and a frame goes in and comes out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.options import Options
from lstmcast.ingest import ReadingRules
from lstmcast.interface.estimator import LSTMForecaster, build_panel


def _daily_profile(rows: int, zone: str | None = None) -> pd.Series:
    hours = np.arange(rows)
    values = 10 + np.sin(2 * np.pi * hours / 24) + 0.05 * np.random.default_rng(0).normal(size=rows)
    return pd.Series(values, pd.date_range("2024-03-01", periods=rows, freq="h", tz=zone), name="load")


def test_its_parameters_are_the_options_with_their_defaults() -> None:
    about_files = {"time", "id"} | {field.name for field in dataclasses.fields(ReadingRules)}
    expected = {f.name: f.default for f in dataclasses.fields(Options) if f.name not in about_files}
    expected["target_transform"] = expected.pop("transform")
    assert LSTMForecaster().get_params() == expected


def test_scikit_learn_does_not_take_it_for_a_transformer() -> None:
    named = LSTMForecaster(transform="log1p")
    assert named.get_params() == LSTMForecaster(target_transform="log1p").get_params()
    assert not hasattr(named, "transform")
    series = _daily_profile(400) + 0.1
    fitted = named.set_params(steps=2, hidden=4, lookback=24, horizon=4).fit(series)
    assert fitted.model_.options.transform == "log1p"


def test_its_score_is_the_skill_against_the_seasonal_naive() -> None:
    hours = pd.date_range("2024-03-01", periods=900, freq="h")
    slow = pd.Series(np.sin(np.arange(900) / 40) + np.random.default_rng(0).normal(0, 0.01, 900), hours)
    series, later = slow[:600].rename("load"), slow[500:].rename("load")
    fitted = LSTMForecaster(steps=2, hidden=4, lookback=24, horizon=4, safeguard="linear").fit(series)
    metrics = fitted.model_.evaluate(build_panel(later, fitted.model_.options))["test"]
    expected = 1 - metrics["model"]["mase"] / metrics["seasonal_naive_24"]["mase"]
    assert fitted.score(later) == pytest.approx(expected)
    assert metrics["naive"]["mase"] < metrics["seasonal_naive_24"]["mase"]  # so that they cannot be mixed up


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
