"""Series of many zeros: when the mean is forecast, that it adds up, and that the quantiles hold what they say."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lstmcast.forecasters.counts import (
    ALPHA,
    asks_for_mean,
    mean_of_counts,
    quantiles_of_counts,
    season_index,
)

Numbers = NDArray[np.float64]


def weekly(rows: int, share: float, seed: int = 0) -> Numbers:
    """(N,) sales on some days, more of them at the start of the week, none on its last day."""
    rng = np.random.default_rng(seed)
    chance = share * np.tile([2.0, 1, 1, 1, 1, 1, 0], rows // 7 + 1)[:rows]
    return np.where(rng.random(rows) < chance, rng.poisson(3, rows) + 1, 0).astype(float)


def test_medians_that_add_up_to_far_too_little_ask_for_the_mean() -> None:
    rng = np.random.default_rng(0)
    assert asks_for_mean(weekly(400, 0.2), 7)
    assert not asks_for_mean(weekly(400, 0.2) - 1, 7)
    assert not asks_for_mean(np.zeros(50), 7)
    assert not asks_for_mean(np.full(50, np.nan), 7)
    assert not asks_for_mean(rng.poisson(5, 300).astype(float), 7)
    assert not asks_for_mean(np.exp(1.5 * rng.normal(size=300)), 7)
    sun = np.maximum(np.sin(2 * np.pi * np.arange(480) / 24), 0) * (5 + rng.normal(size=480))
    assert (sun <= 0).mean() > 0.5
    assert not asks_for_mean(np.maximum(sun, 0), 24)
    closed = np.where(np.arange(300) % 7 < 4, 20.0 + rng.normal(size=300), 0.0)
    assert (closed == 0).mean() > 0.4
    assert not asks_for_mean(closed, 7)
    assert asks_for_mean(np.array([0.0, 0, 0, 7, 0, 0, 0, 0, 2]), 7)


def test_totals_come_out() -> None:
    totals = []
    for seed in range(40):
        rows = weekly(428, 0.15, seed)
        totals.append((mean_of_counts(rows[:400, None], 7, 28).sum(), rows[400:].sum()))
    said, came = np.sum(totals, axis=0)
    assert said == pytest.approx(came, rel=0.1)


def test_the_index_is_pulled_to_one_and_the_level_is_smoothed() -> None:
    rows = np.zeros((14, 1))
    rows[[0, 7]] = 7.0
    phase = np.arange(14) % 7
    index = season_index(rows, phase, 7)
    assert index[0, 0] == pytest.approx((2 * 7 + 30) / 32)
    assert index[1, 0] == pytest.approx(30 / 32)
    weight = (1 - ALPHA) ** np.arange(14)[::-1]
    level = weight @ rows[:, 0] / (weight @ index[phase, 0])
    assert mean_of_counts(rows, 7, 9)[:, 0] == pytest.approx(level * index[np.arange(9) % 7, 0])


def test_the_season_is_counted_back_from_the_end() -> None:
    rows = np.tile([0.0, 0, 0, 0, 0, 0, 9], 40)[3:, None]
    said = mean_of_counts(rows, 7, 7)[:, 0]
    assert said.argmax() == 6


def test_goods_that_die_out_are_followed_and_missing_rows_say_nothing() -> None:
    rows = np.concatenate([np.full(200, 5.0), np.zeros(200)])[:, None]
    assert mean_of_counts(rows, 1, 3)[0, 0] < 0.01
    holey = np.full((100, 1), 4.0)
    holey[::3] = np.nan
    assert mean_of_counts(holey, 1, 2)[:, 0] == pytest.approx([4, 4])
    assert mean_of_counts(np.full((9, 1), np.nan), 1, 1)[0, 0] == 0


def test_quantiles_hold_what_they_say() -> None:
    inside, above = [], []
    for seed in range(60):
        rows = weekly(428, 0.3, seed)
        low, high = quantiles_of_counts(rows[:400, None], 7, 28, (0.1, 0.9))[:, :, 0]
        inside.append((rows[400:] >= low) & (rows[400:] <= high))
        above.append(rows[400:] > high)
    assert np.mean(inside) >= 0.8
    assert np.mean(above) == pytest.approx(0.1, abs=0.03)
    constant = np.full((50, 1), 3.0)
    constant[::2] = np.nan
    assert quantiles_of_counts(constant, 1, 2, (0.05, 0.5, 0.95))[:, 0, 0] == pytest.approx([3, 3, 3])


def test_growth_without_zeros_does_not_ask_for_a_mean() -> None:
    assert not asks_for_mean(np.exp(0.06 * np.arange(100.0)), 4)
    short = np.array([395.3, 569, 703, 988, 1094, 1671, 1782, 2433, 4100, 5800, 9900, 14500])
    assert not asks_for_mean(short, 1)
