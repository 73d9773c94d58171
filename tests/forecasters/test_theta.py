"""Theta against a slow twin, series by series."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lstmcast.forecasters import theta as rooms
from lstmcast.forecasters.theta import seasonal_index, theta

Numbers = NDArray[np.float64]


def slow_line(rows: Numbers, horizon: int) -> Numbers:
    """Simple exponential smoothing with half the least squares slope; the first level is searched for by lstsq."""
    best: tuple[float, Numbers] = (np.inf, np.zeros(horizon))
    slope = np.polyfit(np.arange(len(rows)), rows, 1)[0]
    for alpha in rooms._ALPHAS[:, 0]:
        weights = alpha * (1 - alpha) ** np.arange(len(rows))
        smoothed = np.array([weights[:t][::-1] @ rows[:t] for t in range(len(rows) + 1)])
        left = (1 - alpha) ** np.arange(len(rows))
        first = np.linalg.lstsq(left[:, None], rows - smoothed[:-1], rcond=None)[0][0]
        error = float(((rows - smoothed[:-1] - first * left) ** 2).sum())
        level = smoothed[-1] + first * (1 - alpha) ** len(rows)
        drift = np.arange(horizon) + (1 - (1 - alpha) ** len(rows)) / alpha
        best = min(best, (error, level + slope / 2 * drift), key=lambda one: one[0])
    return best[1]


def series(count: int = 48) -> Numbers:
    rng = np.random.default_rng(3)
    season = 1 + 0.3 * np.sin(2 * np.pi * np.arange(count) / 12)[:, None]
    return (100 + np.arange(count)[:, None]) * season * np.exp(0.05 * rng.normal(size=(count, 3)))


def test_without_a_season_it_is_the_mean_of_two_lines() -> None:
    rows = series()
    said = theta(rows, 1, 5)
    for column in range(3):
        one = rows[:, column]
        both = (slow_line(one, 5) + np.exp(slow_line(np.log(one), 5))) / 2
        assert said[:, column] == pytest.approx(both, rel=1e-9)


def test_the_season_is_taken_out_and_put_back() -> None:
    rows, index = series(), seasonal_index(series(), 12)
    assert index.mean(axis=0) == pytest.approx(np.ones(3))
    assert index[3] == pytest.approx(1.3 * np.ones(3), rel=0.1)
    plain = rows / np.tile(index, (4, 1))
    assert theta(rows, 12, 14) == pytest.approx(theta(plain, 1, 14) * np.tile(index, (2, 1))[:14])


def test_the_moving_average_is_the_classical_one() -> None:
    rows = series()[:, 0]
    weights = np.array([0.5, *np.ones(11), 0.5]) / 12
    level = np.array([weights @ rows[t - 6 : t + 7] for t in range(6, 42)])
    ratios = rows[6:42] / level
    index = np.array([np.median(ratios[np.arange(6, 42) % 12 == month]) for month in range(12)])
    assert seasonal_index(rows[:, None], 12)[:, 0] == pytest.approx(index / index.mean())


def test_an_odd_season_and_one_that_is_not_there() -> None:
    rng = np.random.default_rng(0)
    week = 10 + np.tile([0.0, 1, 2, 3, 2, 1, 0], 6)[:, None] + 0.1 * rng.normal(size=(42, 1))
    assert seasonal_index(week, 7)[3, 0] == pytest.approx(13 / (10 + 9 / 7), rel=0.02)
    noise = 10 + rng.normal(size=(42, 1))
    assert (seasonal_index(noise, 12) == 1).all()
    assert (seasonal_index(week[:20], 7) == 1).all()  # fewer than three seasons


def test_rows_below_zero_and_rows_of_nothing_are_forecast_without_logarithms() -> None:
    rows = series()[:, :1] - 130
    assert theta(rows, 1, 5)[:, 0] == pytest.approx(slow_line(rows[:, 0], 5))
    assert (theta(np.zeros((20, 1)), 4, 5) == 0).all()
