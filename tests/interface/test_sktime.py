"""SktimeForecaster inside sktime: its own checks, its cross-validation and tuning, intervals, columns, hierarchies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sktime", reason="sktime is not installed; it is the extra sktime")

from sktime.forecasting.model_evaluation import evaluate
from sktime.forecasting.model_selection import ForecastingGridSearchCV
from sktime.split import ExpandingWindowSplitter
from sktime.utils.estimator_checks import check_estimator

import lstmcast

QUICK: dict[str, Any] = {"steps": 2, "hidden": 4, "smoothing": "no", "threads": 1, "final": False}
EXPECTED_FAILURES: dict[str, str] = {}  # test of sktime -> the reason why it cannot pass


def monthly(rows: int = 120) -> pd.DataFrame:
    """Months with a season of a year."""
    months, rng = np.arange(rows), np.random.default_rng(0)
    values = 100 + 10 * np.sin(2 * np.pi * months / 12) + rng.normal(0, 1, rows)
    return pd.DataFrame({"sales": values}, pd.period_range("2010-01", periods=rows, freq="M"))


def test_sktimes_checks_pass() -> None:
    found = check_estimator(lstmcast.SktimeForecaster, raise_exceptions=False, verbose=False)
    failed = {name: str(said) for name, said in found.items() if said != "PASSED"}
    assert {name.split("[")[0] for name in failed} == EXPECTED_FAILURES.keys(), failed
    assert len(found) > 600


def test_it_forecasts_what_lstmcast_forecasts() -> None:
    y = monthly()
    forecast = lstmcast.SktimeForecaster(**QUICK).fit(y, fh=[1, 3, 6]).predict()
    own = lstmcast.fit(y["sales"].to_timestamp(), horizon=6, **QUICK).predict(y["sales"].to_timestamp())
    assert forecast["sales"].to_numpy() == pytest.approx(own.point[[0, 2, 5]])
    assert list(forecast.index.astype(str)) == ["2020-01", "2020-03", "2020-06"]


def test_intervals_are_around_the_forecast_and_wider_for_more() -> None:
    fitted = lstmcast.SktimeForecaster(**QUICK).fit(monthly(), fh=[1, 2])
    low, high = (fitted.predict_interval(coverage=level)["sales"][level] for level in (0.5, 0.9))
    assert (high["lower"] < low["lower"]).all()
    assert (low["upper"] < high["upper"]).all()


def test_a_hierarchy_is_one_model_with_a_row_for_each_series() -> None:
    parts = {("north", "a"): 1.0, ("north", "b"): 2.0, ("south", "a"): 3.0}
    y = pd.concat(
        {names: monthly(80) * factor for names, factor in parts.items()}, names=["area", "shop", "month"]
    )
    fitted = lstmcast.SktimeForecaster(**QUICK).fit(y, fh=[1, 2, 3])
    assert len(fitted.model_.contract.ids) == 3
    forecast = fitted.predict()
    assert forecast.index.names == ["area", "shop", "month"]
    levels = forecast.groupby(level=["area", "shop"])["sales"].mean()
    assert levels.index.tolist() == list(parts)
    assert np.all(np.abs(levels.to_numpy() / 100 - list(parts.values())) < 0.3)


def test_columns_of_x_are_known_ahead_and_searched_and_judged_by_sktime() -> None:
    y = monthly()
    X = pd.DataFrame({"price": np.arange(123) % 5.0}, pd.period_range("2010-01", periods=123, freq="M"))
    fitted = lstmcast.SktimeForecaster(**QUICK).fit(y, X=X[:120], fh=[1, 3])
    assert fitted.model_.contract.known == ("price",)
    assert len(fitted.predict(X=X[120:])) == 2
    folds = ExpandingWindowSplitter(fh=[1, 2], initial_window=100, step_length=10)
    judged = evaluate(lstmcast.SktimeForecaster(**QUICK), folds, y)
    assert judged["test_MeanAbsolutePercentageError"].notna().all()
    search = ForecastingGridSearchCV(lstmcast.SktimeForecaster(**QUICK), folds, {"hidden": [2, 4]})
    assert search.fit(y, fh=[1, 2]).best_params_["hidden"] in (2, 4)
