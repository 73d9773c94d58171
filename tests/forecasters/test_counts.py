"""Series of many zeros: when the mean is forecast, and that it adds up."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.forecasters.counts import ALPHA, asks_for_mean, mean_of_counts, season_index


def weekly(rows: int, share: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    chance = share * np.tile([2.0, 1, 1, 1, 1, 1, 0], rows // 7 + 1)[:rows]
    return np.where(rng.random(rows) < chance, rng.poisson(3, rows) + 1, 0).astype(float)


def test_many_zeros_or_medians_that_add_up_to_too_little_ask_for_the_mean() -> None:
    assert asks_for_mean(weekly(400, 0.2))
    assert not asks_for_mean(weekly(400, 0.2) - 1)
    assert not asks_for_mean(np.zeros(50))
    assert not asks_for_mean(np.full(50, np.nan))
    mostly = np.array([1.0, 1, 1, 1, 0, 9, 1, 1, 30, 1])
    assert not asks_for_mean(mostly)
    assert asks_for_mean(mostly, medians=np.ones(5))
    assert not asks_for_mean(mostly, medians=np.full(5, 4.0))


def test_totals_come_out() -> None:
    totals = []
    for seed in range(40):
        rows = weekly(428, 0.15, seed)
        phase = np.arange(428) % 7
        said = mean_of_counts(rows[:400, None], phase[:400], phase[400:], 7)
        totals.append((said.sum(), rows[400:].sum()))
    said, came = np.sum(totals, axis=0)
    assert said == pytest.approx(came, rel=0.1)


def test_the_index_is_pulled_to_one_and_the_level_is_smoothed() -> None:
    rows = np.zeros((14, 1))
    rows[[0, 7]] = 7.0
    index = season_index(rows, np.arange(14) % 7, 7)
    assert index[0, 0] == pytest.approx((2 * 7 + 30) / 32)
    assert index[1, 0] == pytest.approx(30 / 32)
    weight = (1 - ALPHA) ** np.arange(14)[::-1]
    level = weight @ rows[:, 0] / (weight @ index[np.arange(14) % 7, 0])
    ahead = np.array([0, 1])
    assert mean_of_counts(rows, np.arange(14) % 7, ahead, 7)[:, 0] == pytest.approx(level * index[ahead, 0])


def test_goods_that_die_out_are_followed_and_missing_rows_say_nothing() -> None:
    rows = np.concatenate([np.full(200, 5.0), np.zeros(200)])[:, None]
    ahead = np.arange(3)
    assert mean_of_counts(rows, np.arange(400) % 1, ahead * 0, 1)[0, 0] < 0.01
    holey = np.full((100, 1), 4.0)
    holey[::3] = np.nan
    assert mean_of_counts(holey, np.zeros(100, int), np.zeros(2, int), 1)[:, 0] == pytest.approx([4, 4])
    assert mean_of_counts(np.full((9, 1), np.nan), np.zeros(9, int), np.zeros(1, int), 1)[0, 0] == 0
