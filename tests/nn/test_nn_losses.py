"""Losses against their plain formulas and finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.nn.losses import LOSSES, Room, huber, mae, mse, pinball

QUANTILES = np.array([0.05, 0.3, 0.5, 0.9])
PLAIN = {
    "mse": lambda e: e**2,
    "mae": np.abs,
    "huber": lambda e: np.where(np.abs(e) <= 1, e**2 / 2, np.abs(e) - 0.5),
    "pinball": lambda e: np.maximum(QUANTILES[:, None] * -e, (1 - QUANTILES[:, None]) * e),
}


def call(name, *arrays, room=None):
    if name == "pinball":
        return pinball(*arrays, QUANTILES, room)
    return {"mse": mse, "mae": mae, "huber": huber}[name](*arrays, room)


def draw(shape=(3, 4, 5), seed=0):
    rng = np.random.default_rng(seed)
    steps, _, batch = shape
    weight = rng.uniform(0.1, 2, size=(steps, batch)) * (rng.uniform(size=(steps, batch)) > 0.3)
    return 2 * rng.normal(size=shape), 2 * rng.normal(size=(steps, batch)), weight


def test_every_loss_is_tested_here():
    assert set(LOSSES) == set(PLAIN)


@pytest.mark.parametrize("name", PLAIN)
def test_a_loss_is_the_weighted_mean_of_its_formula(name):
    prediction, target, weight = draw()
    plain = PLAIN[name](prediction - target[:, None])
    expected = np.average(plain, weights=np.broadcast_to(weight[:, None], plain.shape))
    assert call(name, prediction, target, weight)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", PLAIN)
def test_the_derivative_is_the_finite_difference(name):
    prediction, target, weight = draw()
    _, slope = call(name, prediction, target, weight)
    direction, size = np.random.default_rng(1).normal(size=prediction.shape), 1e-6
    up, down = (call(name, prediction + s * size * direction, target, weight)[0] for s in (1, -1))
    assert np.sum(slope * direction) == pytest.approx((up - down) / (2 * size), abs=1e-6)


@pytest.mark.parametrize("name", PLAIN)
def test_a_missing_target_counts_for_nothing(name):
    prediction, target, weight = draw()
    weight[1, 2] = 0
    loss, slope = call(name, prediction, target, weight)
    target[weight == 0] = np.nan
    loss_again, slope_again = call(name, prediction, target, weight)
    assert loss == loss_again
    np.testing.assert_array_equal(slope, slope_again)
    assert not slope[1, :, 2].any()


@pytest.mark.parametrize("name", PLAIN)
def test_a_batch_of_missing_targets_has_no_loss(name):
    prediction, target, weight = draw()
    loss, slope = call(name, prediction, target * np.nan, weight * 0)
    assert loss == 0
    assert not slope.any()


@pytest.mark.parametrize("name", PLAIN)
def test_buffers_handed_in_change_nothing(name):
    room = Room((3, 4, 5), np.float64)
    for seed in (0, 1):
        arrays = draw(seed=seed)
        loss, slope = call(name, *arrays)
        again, borrowed = call(name, *arrays, room=room)
        assert loss == again
        np.testing.assert_array_equal(slope, borrowed)


def test_a_loss_stays_in_its_dtype():
    arrays = [array.astype(np.float32) for array in draw()]
    for name in PLAIN:
        assert call(name, *arrays)[1].dtype == np.float32
