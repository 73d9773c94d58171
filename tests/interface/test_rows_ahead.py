"""fit(X, y) and predict(X): each row is forecast from what was known `horizon` rows before it, and nothing newer."""

from __future__ import annotations

import pickle
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from lstmcast.core.errors import DataError, LstmcastError
from lstmcast.interface.estimator import EXPECTED_FAILED_CHECKS, LSTMForecaster
from lstmcast.interface.estimator.ahead import seasonal_naive

H, ROWS = 4, 320
QUICK: dict[str, Any] = {
    "horizon": H,
    "lookback": 24,
    "steps": 2,
    "hidden": 4,
    "smoothing": "no",
    "threads": 1,
    "final": False,
}


def table(index: pd.Index | None = None) -> tuple[pd.DataFrame, pd.Series]:
    """Hours whose load follows a temperature, and the load."""
    hours, rng = np.arange(ROWS + 60), np.random.default_rng(0)
    temperature = 10 + 8 * np.sin(hours * hours * 0.37)
    load = 100 + 20 * np.sin(2 * np.pi * hours / 24) + 2 * temperature + rng.normal(0, 0.5, len(hours))
    index = pd.date_range("2024-01-01", periods=len(hours), freq="h") if index is None else index
    frame = pd.DataFrame({"temperature": temperature, "load": load}, index)
    return frame, frame["load"]


@pytest.fixture(scope="module")
def fitted() -> LSTMForecaster:
    """An estimator whose X holds the target, and a temperature that is known ahead."""
    X, y = table()
    return LSTMForecaster(known=("temperature",), **QUICK).fit(X[:ROWS], y[:ROWS])


def test_scikit_learns_checks_pass_but_for_those_that_no_forecaster_can_pass() -> None:
    estimator = LSTMForecaster(**QUICK | {"horizon": 1, "lookback": 1})
    found = check_estimator(
        estimator, on_skip=None, on_fail=None, expected_failed_checks=EXPECTED_FAILED_CHECKS
    )
    failed = {one["check_name"] for one in found if one["status"] == "xfail"}
    assert Counter(one["status"] for one in found) == {"passed": len(found) - 5, "xfail": 4, "skipped": 1}
    assert failed == EXPECTED_FAILED_CHECKS.keys()
    assert len(found) >= 50


def test_a_row_is_the_last_one_of_a_forecast_made_a_horizon_before(fitted: LSTMForecaster) -> None:
    X, _ = table()
    found = fitted.predict(X[ROWS:])
    panel, _ = fitted._rows.with_rows(X[ROWS:])
    for place in (ROWS, ROWS + H - 1, ROWS + 20, ROWS + 59):
        history = panel.take(np.array([0]), np.array([place + 1]))
        history.values[place - H + 1 :, 0] = np.nan
        expected = fitted.model_.predict(history).point[-1]
        assert found[place - ROWS] == pytest.approx(expected, rel=1e-6)


def test_nothing_newer_than_a_horizon_is_looked_at(fitted: LSTMForecaster) -> None:
    X, _ = table()
    later, before = X[ROWS:].copy(), fitted.predict(X[ROWS:])
    later.iloc[-H:, 1] = 1e4
    assert (fitted.predict(later) == before).all()
    later = X[ROWS:].copy()
    later.iloc[30, 1] += 5
    changed = np.flatnonzero(fitted.predict(later) != before)
    assert changed.min() == 30 + H


def test_the_stand_in_of_a_row_is_a_whole_number_of_seasons_old_and_at_least_a_horizon(
    fitted: LSTMForecaster,
) -> None:
    X, _ = table()
    panel, _ = fitted._rows.with_rows(X[ROWS:])
    season, places = panel.clock.season, np.array([ROWS, ROWS + 1, len(panel.times) - 1])
    assert season == 24
    for horizon, seasons in ((1, 1), (season, 1), (season + 1, 2), (2 * season, 2)):
        found = seasonal_naive(panel, places, horizon)
        np.testing.assert_array_equal(found, panel.target[places - seasons * season])
    assert np.isnan(seasonal_naive(panel, np.array([5]), 1)).all()


def test_a_target_that_x_does_not_hold_is_known_up_to_the_end_of_training() -> None:
    X, y = table()
    model = LSTMForecaster(**QUICK).fit(X[["temperature"]][:ROWS], y[:ROWS])
    found = model.predict(X[["temperature"]][ROWS : ROWS + 10])
    assert found.shape == (10,)
    later = X[["temperature"]][ROWS : ROWS + 10] + 100
    assert (
        model.predict(later) == found
    ).all()  # a past column, of which nothing beyond the last target is known
    panel, _ = model._rows.with_rows(X[["temperature"]][:ROWS])
    expected = model.model_.predict(panel, 10).point
    assert found[H - 1 :] == pytest.approx(expected[H - 1 :])
    inside = model.predict(X[["temperature"]][ROWS - 50 : ROWS])
    assert np.corrcoef(inside, y[ROWS - 50 : ROWS])[0, 1] > 0.5
    assert model.score(X[["temperature"]][ROWS:], y[ROWS:]) < 1


@pytest.mark.parametrize("kind", ["times", "numbers", "default", "array"])
def test_rows_are_found_by_their_label_or_follow(kind: str, fitted: LSTMForecaster) -> None:
    numbers = pd.Index(np.arange(ROWS + 60) + 1000)
    X, y = table({"numbers": numbers, "default": pd.RangeIndex(ROWS + 60)}.get(kind))
    options = QUICK | {"season": (24, 168)}  # as the clock of hours has them
    if kind == "array":
        model = LSTMForecaster(**options).fit(X.to_numpy()[:ROWS], y.to_numpy()[:ROWS])
        found = model.predict(X.to_numpy()[ROWS:])
    else:
        model = LSTMForecaster(**options).fit(X[:ROWS], y[:ROWS])
        found = model.predict(X[ROWS:])
        inside = model.predict(X[:ROWS])
        assert np.isfinite(inside).all()
        assert model.predict(X[ROWS - 30 : ROWS]) == pytest.approx(inside[-30:])
        assert model.predict(X[ROWS + 10 :])[H:] == pytest.approx(found[10 + H :], rel=0.5)
    assert found.shape == (60,)
    assert np.corrcoef(found, y[ROWS:])[0, 1] > 0.5


def test_it_is_searched_and_judged_fold_by_fold_inside_a_pipeline() -> None:
    X, y = table()
    pipeline = make_pipeline(StandardScaler(), LSTMForecaster(**QUICK)).set_output(transform="pandas")
    folds = TimeSeriesSplit(2, test_size=H)
    search = GridSearchCV(
        pipeline, {"lstmforecaster__hidden": [2, 4]}, cv=folds, scoring="neg_mean_absolute_error"
    )
    search.fit(X[["temperature"]], y)
    train, test = list(folds.split(X))[1]
    alone = (
        clone(pipeline)
        .set_params(lstmforecaster__hidden=4)
        .fit(X[["temperature"]].iloc[train], y.iloc[train])
    )
    error = np.abs(alone.predict(X[["temperature"]].iloc[test]) - y.iloc[test]).mean()
    assert search.cv_results_["split1_test_score"][1] == pytest.approx(-error)
    skills = cross_val_score(LSTMForecaster(**QUICK), X, y, cv=folds)
    assert np.isfinite(skills).all()
    again = pickle.loads(pickle.dumps(alone))
    assert (
        again.predict(X[["temperature"]].iloc[test]) == alone.predict(X[["temperature"]].iloc[test])
    ).all()


def test_what_cannot_be_is_refused_as_a_value_error(fitted: LSTMForecaster) -> None:
    X, y = table()
    with pytest.raises(DataError, match="before the training rows"):
        fitted.predict(X.set_axis(X.index - pd.Timedelta("500h"), axis=0))
    with pytest.raises(ValueError, match="no row of an axis"):
        fitted.predict(X[ROWS:].set_axis(X.index[ROWS:] + pd.Timedelta("7min"), axis=0))
    with pytest.raises(LstmcastError, match="rises from row to row"):
        LSTMForecaster(**QUICK).fit(X[::-1], y[::-1])
    with pytest.raises(ValueError, match="y beside X"):
        fitted.score(X)
