"""LSTMForecaster: an estimator of scikit-learn that forecasts a series, or the rows that follow those of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.options import Options
from lstmcast.core.panel import Panel
from lstmcast.evaluation.verdict import seasonal_skill
from lstmcast.interface.estimator.ahead import forecast_rows, seasonal_naive
from lstmcast.interface.estimator.errors import as_value_errors
from lstmcast.interface.estimator.parameters import SIGNATURE, options_of, parameters_of
from lstmcast.interface.estimator.rows import TableRows, is_default
from lstmcast.interface.estimator.series import build_panel
from lstmcast.interface.model import Model
from lstmcast.pipeline.fit import fit

# For scikit-learn's check_estimator: the checks that no forecaster can pass, each with the reason.
EXPECTED_FAILED_CHECKS = {
    "check_methods_sample_order_invariance": "rows are times: in another order they are another series",
    "check_methods_subset_invariance": "rows are times: those that follow training are forecast from its end on",
    "check_regressors_no_decision_function": "it trains on 10 rows, which hold no training, validation and test rows",
    "check_fit2d_1feature": "it trains on 10 rows, which hold no training, validation and test rows",
}


class LSTMForecaster(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """The scikit-learn estimator that forecasts; its parameters are the `Options` that are not about files.

    `fit(series)` and `fit(frame)` learn a series, and `predict` forecasts the rows that follow one. `fit(X, y)` learns
    y (N,) from its own past and the columns of X (N, C), and `predict(X)` gives (n,) forecasts of the rows of X, each
    from what was known `horizon` rows before, so that scikit-learn can score them against their y.
    `transform` is called `target_transform` here, and is accepted by its own name too. Parameters are stored as given
    and checked in `fit`, after which model_ is the model, report_ its verdict on test rows. Errors are those of the
    command line, and a ValueError besides.
    """

    model_: Model
    report_: Mapping[str, Any]
    n_features_in_: int

    def __init__(self, **options: Any) -> None:
        for name, value in parameters_of(type(self).__name__, options).items():
            setattr(self, name, value)

    def __sklearn_is_fitted__(self) -> bool:
        """True once it is trained; a parameter that ends in an underscore says nothing."""
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        """A forecast may be poor on rows that are no series; missing values are understood, and y may be a column."""
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        tags.input_tags.allow_nan = True
        tags.target_tags.required = False
        return tags

    def fit(self, X: Any, y: Any = None) -> LSTMForecaster:
        """Train on X and y, or on X alone: a Series, or a DataFrame whose `target` column (or only column) is forecast.

        The index has regular times, or with y none, or rising whole numbers; missing values are NaN. Columns of X
        beside y are known up to now unless `known` names them. Without y, a target of text or categories is one of
        classes. Raises errors of lstmcast that are a ValueError too.
        """
        with as_value_errors():
            options = options_of(self)
            self._rows = None if y is None else self._rows_of(X, y, options)
            panel = build_panel(_frame(X), options) if self._rows is None else self._rows.panel
            if y is None:
                self.n_features_in_ = len(_frame(X).columns)
            self.model_ = Model.of(fit(panel, options))
        self.report_ = self.model_.report
        return self

    def _rows_of(self, X: Any, y: Any, options: Options) -> TableRows:
        """The rows of X and y, checked as scikit-learn checks them."""
        values = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2)
        target = check_array(
            column_or_1d(y, warn=True), ensure_2d=False, dtype=np.float64, ensure_all_finite="allow-nan"
        )
        check_consistent_length(values, target)
        told = [one.index for one in (X, y) if isinstance(one, pd.DataFrame | pd.Series)]
        index = next((one for one in told if not is_default(one)), told[0] if told else None)
        name = y.name if isinstance(y, pd.Series) else None
        return TableRows.of(self._labelled(values, index), pd.Series(target, index, name=name), options)

    def _labelled(self, values: Any, index: Any) -> pd.DataFrame:
        names = getattr(self, "feature_names_in_", [f"x{place}" for place in range(values.shape[1])])
        return pd.DataFrame(values, index, columns=list(names))

    def predict(self, X: Any, horizon: int | None = None) -> Any:
        """The forecasts (n,) of the rows of X; of a series alone a DataFrame of those after its last known target.

        After `fit(X, y)`, rows whose index has a label of training are those rows, others follow the training rows. A
        row is forecast from the targets and columns known `horizon` rows before it: from y of training, and where X
        holds the target itself, from X. Rows further ahead are forecast from the last known target.

        Of a series, the forecast is indexed by time, with its 80 % band. Of classes, the likeliest one and the
        probability of each; a class that the model does not know is missing.
        """
        check_is_fitted(self)
        with as_value_errors():
            if self._rows is None:
                return self._after(X, horizon)
            if horizon is not None:
                raise UsageError(
                    "horizon= is for a series alone; after fit(X, y) it is a parameter of the estimator"
                )
            panel, places = self._rows.with_rows(self._checked(X))
            return forecast_rows(self.model_, panel, places)

    def _checked(self, X: Any) -> pd.DataFrame:
        values = validate_data(self, X, reset=False, dtype=np.float64, ensure_all_finite="allow-nan")
        return self._labelled(values, X.index if isinstance(X, pd.DataFrame) else None)

    def _after(self, X: pd.DataFrame | pd.Series, horizon: int | None) -> pd.DataFrame:
        """The rows after a series."""
        forecast = self.model_.predict(self._panel_of(X), horizon)
        wall = pd.DatetimeIndex(forecast.clock.wall(forecast.times))
        table = pd.DataFrame(forecast.table()).drop(columns="time")
        zone = forecast.clock.zone
        utc = pd.DatetimeIndex(forecast.times)
        return table.set_axis(wall if zone is None else utc.tz_localize("UTC").tz_convert(zone), axis=0)

    def _panel_of(self, X: pd.DataFrame | pd.Series) -> Panel:
        return build_panel(_frame(X), self.model_.options, self.model_.contract.classes)

    def score(self, X: Any, y: Any = None) -> float:
        """Return the skill: the share by which the error is below that of the seasonal naive.

        After `fit(X, y)` it is that of `predict(X)` beside y, by mean absolute error; of a series, with a rolling
        origin. Of classes it is measured by log loss, beside the frequency table. NaN where the naive is without error.
        """
        check_is_fitted(self)
        with as_value_errors():
            if self._rows is None:
                panel = self._panel_of(X)
                found = seasonal_skill(self.model_.evaluate(panel)["test"], panel.clock)
                return float("nan") if found is None else found
            if y is None:
                raise UsageError("score takes y beside X after fit(X, y)")
            checked = self._checked(X)
            panel, places = self._rows.with_rows(checked)
            actual = column_or_1d(y).astype(np.float64)
            check_consistent_length(checked, actual)
            naive = np.abs(actual - seasonal_naive(panel, places, self.model_.contract.horizon))
            error = np.abs(actual - forecast_rows(self.model_, panel, places))
            both = np.isfinite(naive) & np.isfinite(error)
            return float(1 - error[both].sum() / naive[both].sum()) if naive[both].any() else float("nan")


def _frame(X: Any) -> pd.DataFrame:
    """A Series or a DataFrame as a DataFrame; raises DataError for data of another kind."""
    if isinstance(X, pd.Series):
        return X.to_frame(X.name or "y")
    if isinstance(X, pd.DataFrame):
        return X
    raise DataError(
        f"without y, X is a Series or a DataFrame with times as index; this is a {type(X).__name__}"
    )


LSTMForecaster.__init__.__signature__ = SIGNATURE  # type: ignore[attr-defined]
