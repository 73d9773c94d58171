"""The scikit-learn door: an estimator that forecasts a series, or the rows that follow those of a table."""

from lstmcast.interface.estimator.forecaster import EXPECTED_FAILED_CHECKS, LSTMForecaster
from lstmcast.interface.estimator.series import build_panel

__all__ = ["EXPECTED_FAILED_CHECKS", "LSTMForecaster", "build_panel"]
