"""The airline model against a slow twin, pair by pair of its grid."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lstmcast.forecasters.airline import _GRID, airline

Numbers = NDArray[np.float64]


def slow(rows: Numbers, m: int, horizon: int) -> Numbers:
    """(K,) the forecast of rows (T,), by the model's equation written out."""
    points, aicc = [], []
    change = [rows[t] - rows[t - 1] - rows[t - m] + rows[t - m - 1] for t in range(m + 1, len(rows))]
    for theta in _GRID:
        for Theta in _GRID:
            errors = dict.fromkeys(range(-m - 1, 0), 0.0)
            for t, own in enumerate(change):
                errors[t] = (
                    own + theta * errors[t - 1] + Theta * errors[t - m] - theta * Theta * errors[t - m - 1]
                )
            count, k = len(change), 1 + (theta > 0) + (Theta > 0)
            squares = sum(errors[t] ** 2 for t in range(count))
            aicc.append(count * np.log(squares / count) + 2 * k + 2 * k * (k + 1) / (count - k - 1))
            path = list(rows)
            for h in range(horizon):
                t = count + h
                errors[t] = 0.0
                owed = theta * Theta * errors[t - m - 1] - theta * errors[t - 1] - Theta * errors[t - m]
                path.append(path[-1] + path[-m] - path[-m - 1] + owed)
            points.append(path[len(rows) :])
    weight = np.exp(-(np.array(aicc) - min(aicc)) / 2)
    return np.asarray((weight / weight.sum()) @ np.array(points))


@pytest.mark.parametrize(("m", "horizon"), [(12, 5), (4, 9)])
def test_it_is_the_mean_of_all_pairs_of_its_grid(m: int, horizon: int) -> None:
    rng = np.random.default_rng(5)
    season = np.sin(2 * np.pi * np.arange(60) / m)[:, None]
    rows = np.cumsum(rng.normal(size=(60, 2)), axis=0) + 3 * season
    said = airline(rows, m, horizon)
    for column in range(2):
        assert said[:, column] == pytest.approx(slow(rows[:, column], m, horizon))


def test_growth_and_season_go_on_and_columns_in_pieces_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    season = np.tile([0.0, 5.0, -5.0, 2.0], 12)
    rows = (0.5 * np.arange(48) + season)[:, None] * [1.0, 2.0, -3.0]
    expected = (0.5 * np.arange(48, 54) + season[:6])[:, None] * [1.0, 2.0, -3.0]
    assert airline(rows, 4, 6) == pytest.approx(expected)
    monkeypatch.setattr("lstmcast.forecasters.airline._SETS_AND_COLUMNS", 36)
    assert airline(rows, 4, 6) == pytest.approx(expected)
