"""Losses against their plain formulas and finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.nn.losses import LOSSES, LossWorkspace, cross_entropy, pinball, softmax

QUANTILES = np.array([0.05, 0.3, 0.5, 0.9])
PLAIN = {
    "mse": lambda e: e**2,
    "mae": np.abs,
    "huber": lambda e: np.where(np.abs(e) <= 1, e**2 / 2, np.abs(e) - 0.5),
    "pinball": lambda e: np.maximum(QUANTILES[:, None] * -e, (1 - QUANTILES[:, None]) * e),
}


def call(name, *arrays, workspace=None):
    if name == "pinball":
        return pinball(*arrays, QUANTILES, workspace)
    return LOSSES[name](*arrays, workspace)


def draw(shape=(3, 4, 5), seed=0):
    rng = np.random.default_rng(seed)
    steps, _, batch = shape
    weight = rng.uniform(0.1, 2, size=(steps, batch)) * (rng.uniform(size=(steps, batch)) > 0.3)
    return 2 * rng.normal(size=shape), 2 * rng.normal(size=(steps, batch)), weight


def draw_for(name, seed=0):
    """Prediction, target and weight; for cross-entropy the targets are classes."""
    prediction, target, weight = draw(seed=seed)
    return prediction, np.clip(np.round(target) % 4, 0, 3) if name == "cross-entropy" else target, weight


def test_every_loss_is_tested_here():
    assert set(LOSSES) == {*PLAIN, "cross-entropy"}


def test_cross_entropy_is_the_weighted_mean_of_minus_the_log_of_what_softmax_gives_the_class():
    logits, target, weight = draw_for("cross-entropy")
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(softmax(logits), probabilities, rtol=1e-12)
    of_class = np.take_along_axis(probabilities, target.astype(int)[:, None], axis=1)[:, 0]
    found = cross_entropy(logits, target, weight)[0]
    assert found == pytest.approx(np.average(-np.log(of_class), weights=weight), rel=1e-12)


def test_cross_entropy_and_its_derivative_are_torchs():
    torch = pytest.importorskip("torch")
    logits, target, weight = draw_for("cross-entropy")
    theirs = torch.tensor(logits, requires_grad=True)
    each = torch.nn.functional.cross_entropy(theirs, torch.tensor(target).long(), reduction="none")
    mean = (each * torch.tensor(weight)).sum() / weight.sum()
    mean.backward()
    found, slope = cross_entropy(logits, target, weight)
    assert found == pytest.approx(mean.item(), rel=1e-12)
    np.testing.assert_allclose(slope, theirs.grad.numpy(), atol=1e-15)


def test_weights_by_class_are_those_of_torchs_cross_entropy_loss():
    torch = pytest.importorskip("torch")
    logits, target, _ = draw_for("cross-entropy")
    by_class = np.array([0.2, 1.0, 3.0, 0.7])
    theirs = torch.nn.CrossEntropyLoss(weight=torch.tensor(by_class))
    expected = theirs(torch.tensor(logits), torch.tensor(target).long()).item()
    assert cross_entropy(logits, target, by_class[target.astype(int)])[0] == pytest.approx(
        expected, rel=1e-12
    )


def test_cross_entropy_is_scikit_learns_log_loss():
    metrics = pytest.importorskip("sklearn.metrics")
    logits, target, weight = draw_for("cross-entropy")
    rows = softmax(logits).transpose(0, 2, 1).reshape(-1, 4)
    expected = metrics.log_loss(target.ravel(), rows, sample_weight=weight.ravel(), labels=range(4))
    assert cross_entropy(logits, target, weight)[0] == pytest.approx(expected, rel=1e-12)


def test_logits_far_apart_neither_overflow_nor_lose_the_loss():
    logits = np.array([[[900.0], [-900.0]]])
    loss, slope = cross_entropy(logits, np.array([[1.0]]), np.ones((1, 1)))
    assert loss == 1800
    np.testing.assert_array_equal(slope, [[[1.0], [-1.0]]])


@pytest.mark.parametrize("name", PLAIN)
def test_a_loss_is_the_weighted_mean_of_its_formula(name):
    prediction, target, weight = draw()
    plain = PLAIN[name](prediction - target[:, None])
    expected = np.average(plain, weights=np.broadcast_to(weight[:, None], plain.shape))
    assert call(name, prediction, target, weight)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_the_derivative_is_the_finite_difference(name):
    prediction, target, weight = draw_for(name)
    _, slope = call(name, prediction, target, weight)
    direction, size = np.random.default_rng(1).normal(size=prediction.shape), 1e-6
    up, down = (call(name, prediction + s * size * direction, target, weight)[0] for s in (1, -1))
    assert np.sum(slope * direction) == pytest.approx((up - down) / (2 * size), abs=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_a_missing_target_counts_for_nothing(name):
    prediction, target, weight = draw_for(name)
    weight[1, 2] = 0
    loss, slope = call(name, prediction, target, weight)
    target[weight == 0] = np.nan
    loss_again, slope_again = call(name, prediction, target, weight)
    assert loss == loss_again
    np.testing.assert_array_equal(slope, slope_again)
    assert not slope[1, :, 2].any()


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_of_missing_targets_has_no_loss(name):
    prediction, target, weight = draw_for(name)
    loss, slope = call(name, prediction, target * np.nan, weight * 0)
    assert loss == 0
    assert not slope.any()


@pytest.mark.parametrize("name", LOSSES)
def test_buffers_handed_in_change_nothing(name):
    workspace = LossWorkspace((3, 4, 5), np.float64)
    for seed in (0, 1):
        arrays = draw_for(name, seed)
        loss, slope = call(name, *arrays)
        again, borrowed = call(name, *arrays, workspace=workspace)
        assert loss == again
        np.testing.assert_array_equal(slope, borrowed)


def test_a_loss_stays_in_its_dtype():
    for name in LOSSES:
        arrays = [array.astype(np.float32) for array in draw_for(name)]
        assert call(name, *arrays)[1].dtype == np.float32
