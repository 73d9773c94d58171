"""The naive forecasters, against loops."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.forecasters.naive import SeasonalNaive, seasonal_naive
from tests.panels import hourly, rooms, stacked


def test_naive_repeats_the_last_value() -> None:
    windows = rooms(hourly())[2]
    origins = np.array([30, 200])
    last = windows.table.scaled[origins - 1]
    naive = SeasonalNaive(1)
    assert naive.predict((windows,), origins)[:, 0].tolist() == [last.tolist()] * 6
    assert (naive.name, naive.reach()) == ("naive", 1)


@pytest.mark.parametrize("season", [1, 4, 6, 24])
def test_seasonal_naive_takes_the_same_step_of_the_last_season_before_the_origin(season: int) -> None:
    windows = rooms(hourly())[2]
    origins = np.array([30, 200])
    found = seasonal_naive(windows, origins, season)
    for column, origin in enumerate(origins):
        last_season = windows.table.scaled[origin - season : origin]
        assert found[:, column].tolist() == [last_season[k % season] for k in range(6)]


def test_a_season_longer_than_the_history_never_reaches_into_another_series() -> None:
    windows = rooms(stacked(hourly(200), hourly(200, seed=1)))[2]
    found = seasonal_naive(windows, np.array([230]), 168)
    assert found[:, 0].tolist() == [windows.table.scaled[200]] * 6
