"""The ridge map of each series' own windows against scikit-learn's, and what one odd window may not do."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from lstmcast.forecasters import local_ridge
from lstmcast.forecasters.local_ridge import ridge_of_each, windows_in


def test_it_is_ridge_regression_on_windows_relative_to_their_last_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local_ridge, "UNUSUAL", np.inf)
    rows = np.cumsum(np.random.default_rng(0).normal(size=(60, 3)), axis=0)
    said = ridge_of_each(rows, 4, 6)
    for column in range(3):
        one = rows[:, column]
        starts = range(windows_in(60, 4, 6))
        past = np.array([one[t : t + 4] - one[t + 3] for t in starts])
        ahead = np.array([one[t + 4 : t + 10] - one[t + 3] for t in starts])
        size = ((past - past.mean(axis=0)) ** 2).sum() / 4
        model = Ridge(alpha=0.1 * size).fit(past, ahead)
        asked = (one[-4:] - one[-1])[None]
        assert said[:, column] == pytest.approx(model.predict(asked)[0] + one[-1], rel=1e-9)


def test_a_level_step_does_not_teach_unless_it_is_most_of_the_rows() -> None:
    rng = np.random.default_rng(1)
    rows = 10 + 0.1 * rng.normal(size=(80, 1))
    broken = rows.copy()
    broken[70:] += 50
    assert ridge_of_each(broken, 4, 4) == pytest.approx(ridge_of_each(rows, 4, 4) + 50, abs=1.0)


def test_constant_rows_stay() -> None:
    assert ridge_of_each(np.full((50, 2), 3.0), 4, 5) == pytest.approx(np.full((5, 2), 3.0))
