"""Gaps are filled from the past only, and from a past of fixed length."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.data.imputation import fill_from_past, history_needed, hold_from_past, reach
from tests.panels import load

ONE = np.array([0, 400])


def test_a_gap_goes_on_like_the_season_before_from_where_the_series_stopped() -> None:
    values = np.arange(400.0) + 10 * (np.arange(400) % 24 == 5)
    holed = values.copy()
    holed[196:202] = np.nan
    assert fill_from_past(holed, ONE, 24) == pytest.approx(values)


def test_a_gap_longer_than_a_season_repeats_the_last_season_there_was() -> None:
    values = np.sin(2 * np.pi * np.arange(400) / 24)
    holed = values.copy()
    holed[200:260] = np.nan
    assert fill_from_past(holed, ONE, 24) == pytest.approx(values)


def test_without_a_season_before_it_the_last_value_is_held_and_before_all_is_the_start() -> None:
    values = np.array([np.nan, np.nan, 3.0, np.nan, 5.0, np.nan])
    filled = fill_from_past(values, np.array([0, 6]), 24, start=-1.0)
    assert filled.tolist() == [-1, -1, 3, 3, 5, 5]


def test_filling_does_not_look_ahead_nor_into_another_series() -> None:
    rng = np.random.default_rng(0)
    values = np.where(rng.random(400) < 0.2, np.nan, load(400))
    for stop in (1, 37, 200, 333):
        alone = fill_from_past(values[:stop], np.array([0, stop]), 24)
        assert alone.tobytes() == fill_from_past(values, ONE, 24)[:stop].tobytes()
    second = fill_from_past(values, np.array([0, 150, 400]), 24)[150:]
    assert second.tobytes() == fill_from_past(values[150:], np.array([0, 250]), 24).tobytes()


def test_what_is_known_stays_and_the_input_is_not_changed() -> None:
    values = np.where(np.arange(400) % 7 == 0, np.nan, load(400))
    before = values.copy()
    filled = fill_from_past(values, ONE, 24)
    assert values.tobytes() == before.tobytes()
    assert (filled == values)[~np.isnan(values)].all()
    assert np.isfinite(filled).all()


@pytest.mark.parametrize("season", [1, 7, 24])
@pytest.mark.parametrize("kind", ["daily", "random", "long"])
def test_a_fill_depends_on_no_row_before_the_history_it_is_said_to_need(season: int, kind: str) -> None:
    rows, lookback = 5000, 48
    values, rng = load(rows), np.random.default_rng(1)
    if kind == "daily":
        values[24 + 3 :: 24] = np.nan  # known on the first day only
    elif kind == "random":
        values[rng.random(rows) < 0.3] = np.nan
    else:
        values[600 : rows - 40] = np.nan
    start = rows - history_needed(lookback, season)
    whole = fill_from_past(values, np.array([0, rows]), season)[-lookback:]
    tail = fill_from_past(values[start:], np.array([0, rows - start]), season)[-lookback:]
    assert tail.tobytes() == whole.tobytes()
    assert np.isfinite(whole).all()


def test_a_column_holds_its_last_value_within_reach_and_never_that_of_another_series() -> None:
    values = np.full(3000, np.nan)
    values[10], values[2500] = 4.0, 6.0
    held = hold_from_past(values, np.array([0, 2400, 3000]), 1)
    expected = np.zeros(3000)
    expected[10 : 10 + reach(1) + 1], expected[2500:] = 4.0, 6.0
    assert held.tolist() == expected.tolist()
